"""The models in the side panel: found, downloaded, chosen and deleted, and what a visitor may not do."""

from collections.abc import Iterator
from typing import Any

import pytest

from editor.web.modules import MODULES
from tests.browser.hands import Hands
from tests.browser.model_lists import (
    BEST,
    FEW,
    GATED,
    GB,
    MINI,
    PATCHES,
    ModelRoutes,
    busy,
    download,
    installed,
    listing,
)

PHOTO = installed("photo", "Photo model", style="photograph", removable=True, size=7 * GB, frees=7 * GB)
NOISE = "Model: glide-mini. drawings"


@pytest.fixture
def models(hands: Hands) -> Iterator[ModelRoutes]:
    """An opened picture, and a server whose models are as at the first visit."""
    hands.tidy = False
    models = ModelRoutes(hands.page, listing())
    models.load()
    hands.open_sample()
    hands.page.get_by_role("button", name=NOISE).wait_for()
    yield models


def panel(hands: Hands) -> Any:
    return hands.page.get_by_role("tabpanel", name="Models")


def opened(hands: Hands) -> Any:
    hands.page.locator(".model-chip").click()
    panel(hands).get_by_role("heading", name="On this machine").wait_for()
    return panel(hands)


def row(hands: Hands, text: str) -> Any:
    return panel(hands).locator("li").filter(has_text=text)


def test_from_an_opened_picture_to_a_download_in_two_clicks(hands: Hands, models: ModelRoutes) -> None:
    def begin(body: dict[str, Any]) -> None:
        models.state = listing(
            downloads=[download(BEST["id"], BEST["title"], "running", done=GB, total=4 * GB, speed=2e7)]
        )

    models.does["download"] = begin
    hands.page.locator(".model-chip").click()
    panel(hands).get_by_role("button", name=f"Download {BEST['title']}").click()
    progress = panel(hands).get_by_role("progressbar", name=f"Download of {BEST['title']}")
    progress.wait_for()
    assert models.asked == [("download", {"model": BEST["id"], "licence": BEST["licence"]})]
    assert progress.get_attribute("aria-valuenow") == "25"
    assert progress.get_attribute("aria-valuetext") == "1 GB of 4 GB · 20 MB/s"
    assert hands.page.locator(".top-bar .badge").last.inner_text() == "1"
    assert row(hands, BEST["title"]).count() == 1  # it is not recommended any more while it comes


def test_the_licence_is_shown_beside_the_button_and_another_one_is_not_accepted(
    hands: Hands, models: ModelRoutes
) -> None:
    opened(hands)
    card = row(hands, BEST["title"])
    button = card.get_by_role("button", name="Download")
    described = card.locator(f"#{button.get_attribute('aria-describedby')}")
    assert described.inner_text() == "By downloading you accept the licence openrail++. Commercial use is allowed."
    assert described.get_by_role("link").get_attribute("href") == BEST["licence_url"]
    models.refuses = "Its licence is my-own by now."
    models.found = {
        "model": BEST["id"],
        "licence": "my-own",
        "licence_url": "http://127.0.0.1:1/x",
        "commercial": False,
    }
    button.click()
    hands.page.locator(".note p").filter(has_text="Its licence is my-own by now.").wait_for()
    card.get_by_text("Not for commercial use.").wait_for()
    card.get_by_role("button", name="Download").click()
    hands.page.wait_for_function("!document.querySelector('.note')")  # the refusal is over
    models.state = listing(recommended=[{**FEW, "licence_url": "javascript:alert(1)", "best": True}])
    models.load()
    row(hands, FEW["title"]).get_by_text("apache-2.0").wait_for()  # others' words: no link of the web, no link
    assert row(hands, FEW["title"]).get_by_role("link").count() == 0
    assert [body["licence"] for _, body in models.asked] == [BEST["licence"], "my-own"]
    hands.complained("400")


def test_what_does_not_fit_is_folded_away_with_the_reason(hands: Hands, models: ModelRoutes) -> None:
    body = opened(hands)
    assert not body.get_by_text(GATED["title"], exact=True).is_visible()
    body.get_by_text("Too large for this machine").click()
    body.get_by_text(GATED["title"], exact=True).click()
    body.get_by_text("Needs 24 GB of GPU memory; this machine has 12 GB.").wait_for()
    body.get_by_text("Not for commercial use.").wait_for()
    body.get_by_text("Qwen-Image", exact=True).click()
    body.get_by_text("Needs 58 GB on the disk; 50 GB are free.").wait_for()
    assert row(hands, "Qwen-Image").get_by_role("button", name="Download").count() == 0  # there is no room for it
    models.state = busy()
    models.load()
    body.get_by_role("progressbar").first.wait_for()
    assert body.get_by_text("Needs 58 GB on the disk").is_visible()  # what was unfolded stays so


def test_downloads_are_held_resumed_cancelled_and_tried_again(hands: Hands, models: ModelRoutes) -> None:
    models.state = busy()
    body = opened(hands)
    assert [bar.get_attribute("aria-valuenow") for bar in body.get_by_role("progressbar").all()] == ["25", "0", "33"]
    pause = body.get_by_role("button", name=f"Pause {FEW['title']}")
    pause.focus()
    models.state["downloads"][0]["done"] += GB
    body.get_by_text("5 GB of 16 GB · 24 MB/s · about 8 min").wait_for()  # by itself, a second later
    assert pause.evaluate("one => one === document.activeElement")  # the keyboard stays where it was
    hands.key("Enter")
    body.get_by_role("button", name="Resume A paused one").click()
    body.get_by_role("button", name="Cancel the download of me/queued").click()
    row(hands, "me/busy").get_by_role("button", name="Try again").click()
    body.get_by_role("button", name=f"Cancel the download of {FEW['title']}").click()
    asked = hands.page.get_by_role("dialog")
    asked.get_by_text("5 GB are here already and will be deleted.").wait_for()
    asked.get_by_role("button", name="Go back").click()
    asked.wait_for(state="detached")
    body.get_by_role("button", name=f"Cancel the download of {FEW['title']}").click()
    with hands.page.expect_response("**/models/cancel"):
        asked.get_by_role("button", name="Cancel the download").click()
    assert models.asked == [
        ("pause", {"model": FEW["id"]}),
        ("download", {"model": "me/paused", "licence": "openrail++"}),
        ("cancel", {"model": "me/queued"}),
        ("download", {"model": "me/busy", "licence": "openrail++"}),
        ("cancel", {"model": FEW["id"]}),
    ]


def test_a_failure_says_what_to_do_and_a_token_is_never_shown_again(hands: Hands, models: ModelRoutes) -> None:
    models.state = {**busy(), "token": False}
    opened(hands)
    failed = row(hands, "is gated")
    assert failed.get_by_role("link", name="Ask for access on its page").get_attribute("href") == GATED["url"]
    failed.get_by_role("button", name="Enter a token").click()
    field = panel(hands).get_by_label("Token of your account on the model hub")
    assert field.evaluate("one => one === document.activeElement") and field.get_attribute("type") == "password"

    def keep(body: dict[str, Any]) -> None:
        models.state["token"] = bool(body["token"])

    models.does["token"] = keep
    hands.page.keyboard.type("hf_secret")
    hands.key("Enter")
    panel(hands).get_by_text("A token is stored on the server. It is never shown.").wait_for()
    assert field.input_value() == ""
    panel(hands).get_by_role("button", name="Remove the token").click()
    panel(hands).get_by_text("Models that ask for an account need one.").wait_for()
    assert models.asked == [("token", {"token": "hf_secret"}), ("token", {"token": ""})]
    assert "hf_secret" not in hands.page.content()


def test_a_model_that_came_is_offered_at_once_and_in_the_form(hands: Hands, models: ModelRoutes) -> None:
    models.state = listing(downloads=[download(BEST["id"], BEST["title"], "running", done=1, total=2)])
    models.load()
    hands.page.wait_for_function("window.palimpsest.models.library.running === 1")
    hands.intend("Remove")
    models.state = listing(
        installed=[MINI, PATCHES, PHOTO], downloads=[download(BEST["id"], BEST["title"], "done", name="photo")]
    )
    hands.page.locator(".note p").filter(has_text=f"{BEST['title']} is ready.").wait_for()  # though no tab is open
    hands.press("Use it now")
    hands.page.get_by_role("button", name="Model: Photo model.").wait_for()
    hands.page.wait_for_function("window.palimpsest.form.intent === 'fill'")
    hands.paint()
    hands.generate()
    hands.wait_for("doc.state.can_undo")
    edit: Any = hands.server.session.store.revisions.get(hands.state["head"]).edit
    assert edit.pipeline == "photo"
    hands.reload()  # the list in the page itself is the one that the server began with
    hands.page.get_by_role("button", name="Model: Photo model.").wait_for()
    hands.settings()
    hands.page.get_by_role("combobox", name="Model").click()
    for title in ("glide-mini", "PatchMatch", "Photo model"):
        hands.page.get_by_role("option", name=title).wait_for()
    hands.key("Escape")
    models.state = listing()
    models.load()  # it is gone
    hands.page.get_by_role("button", name=NOISE).wait_for()


def test_models_that_are_known_before_the_forms_values_have_their_names_too(hands: Hands, models: ModelRoutes) -> None:
    shown: list[str] = hands.page.evaluate(
        """async (modules) => {
          const { EditForm } = await import(`/${modules}app/edit-form.js`);
          const shown = [];
          const notifications = { model: (name) => shown.push(name), note() {}, dismiss() {}, hint() {} };
          const form = new EditForm(palimpsest.server, notifications, () => {});
          form.offer([["A new name", "noise"]], { fill: "noise" });
          form.changed({ ...palimpsest.form.values, intent: "fill" });
          return shown;
        }""",
        MODULES,
    )
    assert shown and set(shown) == {"A new name"}


def test_a_click_chooses_a_model_and_defaults_are_set_for_each_mode(hands: Hands, models: ModelRoutes) -> None:
    models.state = listing(installed=[MINI, PATCHES, PHOTO])

    def preset(body: dict[str, Any]) -> None:
        models.state["defaults"][body["intent"]] = body["name"]

    models.does["default"] = preset
    body = opened(hands)
    chosen = body.get_by_role("button", name="Photo model", pressed=True)
    assert chosen.count() == 0
    body.get_by_role("button", name="Photo model").first.click()
    chosen.first.wait_for()
    mine = row(hands, "Photo model").filter(has=hands.page.locator("summary"))
    mine.get_by_text("Details").click()
    mine.get_by_role("button", name="Fill: Photo model is the default").click()
    mine.get_by_text("In use · default for Fill").wait_for()
    mine.get_by_role("button", name="Fill: Photo model is the default").click()
    mine.get_by_text("In use", exact=True).wait_for()
    assert models.asked == [
        ("default", {"intent": "fill", "name": "photo"}),
        ("default", {"intent": "fill", "name": ""}),
    ]


def test_removing_asks_first_and_says_the_room_it_makes(hands: Hands, models: ModelRoutes) -> None:
    models.state = listing(installed=[MINI, PATCHES, PHOTO])

    def drop(body: dict[str, Any]) -> None:
        models.state = {**listing(), "freed": 7 * GB}

    models.does["remove"] = drop
    body = opened(hands)
    row(hands, "Photo model").last.get_by_text("Details").click()
    body.get_by_role("button", name="Remove Photo model from this machine").click()
    asked = hands.page.get_by_role("dialog", name="Remove Photo model?")
    asked.get_by_text("This frees 7 GB on the disk.").wait_for()
    hands.key("Escape")
    asked.wait_for(state="detached")
    assert models.asked == []
    models.refuses = "photo is in use by a running edit."
    body.get_by_role("button", name="Remove Photo model from this machine").click()
    asked.get_by_role("button", name="Remove").click()
    hands.page.locator(".note p").filter(has_text="photo is in use by a running edit.").wait_for()
    body.get_by_role("button", name="Remove Photo model from this machine").click()
    asked.get_by_role("button", name="Remove").click()
    hands.page.locator(".note p").filter(has_text="Photo model was removed; 7 GB are free again.").wait_for()
    assert row(hands, "Photo model").filter(has_text="Details").count() == 0
    hands.complained("400")


def test_others_are_added_by_name_and_by_place(hands: Hands, models: ModelRoutes) -> None:
    body = opened(hands)
    field = body.get_by_label("Add another model")
    models.found = {
        "model": "me/mine", "licence": "mit", "commercial": True, "licence_url": "", "url": "", "gated": False,
        "size": 3 * GB, "fits": "whole", "installed": False,
    }  # fmt: skip
    field.fill("me/mine")
    hands.key("Enter")
    body.get_by_text("By downloading you accept the licence mit.").wait_for()
    body.get_by_role("button", name="Download me/mine").click()
    hands.page.wait_for_function("document.querySelector('#model-to-add').value === ''")
    models.found = {"kind": "missing", "error": "The hub has no me/nothing. Check how it is spelt."}
    field.fill("me/nothing")
    hands.key("Enter")
    body.get_by_role("alert").filter(has_text="The hub has no me/nothing.").wait_for()
    field.fill("/models/a folder")
    body.get_by_role("button", name="Add", exact=True).click()
    body.get_by_text("Added: it is in the list above.").wait_for()
    assert models.asked == [
        ("download", {"model": "me/mine", "licence": "mit"}),
        ("add", {"source": "/models/a folder"}),
    ]


def test_a_visitor_sees_all_and_can_change_nothing(hands: Hands, models: ModelRoutes) -> None:
    models.state = {**busy(), "may_change": False}
    body = opened(hands)
    body.get_by_text("Only the person who runs this server can change its models.").wait_for()
    body.get_by_role("progressbar").first.wait_for()
    body.evaluate("one => one.querySelectorAll('details').forEach((each) => (each.open = true))")
    names = [
        button.get_attribute("aria-label") or button.inner_text().split("\n")[0]
        for button in body.get_by_role("button").all()
    ]
    assert names == ["glide-mini", "PatchMatch", BEST["title"]]  # to be chosen: that is each visitor's own
    assert body.get_by_role("textbox").count() == 0


def test_a_server_that_is_away_is_said_and_what_was_known_stays(hands: Hands, models: ModelRoutes) -> None:
    body = opened(hands)
    hands.page.route("**/palimpsest/models", lambda asked: asked.abort())
    models.load()
    body.get_by_role("status").filter(has_text="The server does not answer.").wait_for()
    body.get_by_role("button", name=f"Download {BEST['title']}").wait_for()
    hands.page.unroute("**/palimpsest/models")
    hands.page.wait_for_function("window.palimpsest.models.library.error === ''")  # it was asked again
    assert not body.get_by_text("The server does not answer.").is_visible()
    hands.complaints.clear()
