"""The routes of the library: what they list, and what the operator alone may change."""

from pathlib import Path

from editor.store.store import Store
from tests.wire import RouteClient, refused


def test_all_that_a_page_shows_is_listed(store: Store, tmp_path: Path) -> None:
    routes = RouteClient(store, tmp_path / "none", local=True)
    listing = routes.get("models").json()
    assert listing.keys() == {"installed", "recommended", "downloads", "defaults", "machine", "token", "may_change"}
    assert [model["name"] for model in listing["installed"]] == [
        "noise", "flat", "refining", "failing", "photo", "damaged",
    ]  # fmt: skip
    assert listing["defaults"] == {"fill": "noise", "remove": "", "refine": "noise"}


def test_a_default_is_kept(store: Store, tmp_path: Path) -> None:
    routes = RouteClient(store, tmp_path / "none", local=True)
    answer = routes.post("models/default", json={"intent": "fill", "name": "flat"}).json()
    assert answer["defaults"] == {"fill": "flat", "remove": "", "refine": "noise"}
    refused(routes.post("models/default", json={"intent": "fill", "name": "nowhere"}), 400, "no model 'nowhere'")
    refused(routes.post("models/default", json={"intent": "crop", "name": "flat"}), 400, "crop")
    again = RouteClient(store, tmp_path / "none", local=True)
    assert again.get("models").json()["defaults"]["fill"] == "flat"
