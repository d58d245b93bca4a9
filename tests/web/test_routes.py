"""The routes without a browser: what they answer, and that a refusal is a sentence which changes nothing."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageSequence
from sqlalchemy import event
from starlette.testclient import TestClient

from editor.formats.export import recipe_of
from editor.formats.images import decode_tile, encode_png, read_image, read_mask
from editor.imaging.geometry import Box
from editor.recipes.recipe import Recipe
from editor.store.database import DiskFull, StorageError
from editor.store.progress import RunPreview, RunProgress
from editor.store.store import Store
from editor.web.addresses import PREFIX
from editor.web.modules import MODULES
from editor.web.routes import documents as documents_module
from editor.web.state import DocumentStates
from pipelines.kinds import LIST, PICTURES, kinds_version
from pipelines.ranking import Match
from tests.fakes import PAINTED, until
from tests.samples import disc, noise
from tests.wire import HOST, RouteClient, refused

CANVAS = MODULES.removeprefix(f"{PREFIX[1:]}/").rstrip("/")


@pytest.fixture
def samples(tmp_path: Path) -> Path:
    folder = tmp_path / "samples"
    folder.mkdir()
    (folder / "living-room.png").write_bytes(encode_png(noise(300, 200)))
    (folder / "notes.txt").write_text("not a picture")
    (tmp_path / "secret.png").write_bytes(encode_png(noise(10, 10)))
    return folder


@pytest.fixture
def routes(store: Store, samples: Path) -> Iterator[RouteClient]:
    routes = RouteClient(store, samples)
    yield routes
    routes.worker.stop()


def test_a_sample_is_listed_shown_and_opened(routes: RouteClient) -> None:
    assert routes.get("samples").json() == [{"name": "living-room.png", "title": "Living room"}]
    assert routes.get("samples/living-room.png").headers["content-type"] == "image/jpeg"
    state = routes.opened()
    assert state["name"] == "Living room"
    assert state["notes"] == []
    assert not state["can_undo"] and not state["can_redo"] and not state["running"]


@pytest.mark.parametrize("name", ["notes.txt", "..%2Fsecret.png", "%2Fetc%2Fpasswd", "gone.png"])
def test_only_listed_samples_are_served(routes: RouteClient, name: str) -> None:
    assert routes.get(f"samples/{name}").status_code == 404
    assert routes.post(f"samples/{name}/open").status_code == 404


def test_no_samples_folder_is_no_samples(store: Store, tmp_path: Path) -> None:
    assert RouteClient(store, tmp_path / "nowhere").get("samples").json() == []


def test_a_picture_goes_up_and_comes_back_to_the_byte(routes: RouteClient) -> None:
    pixels = noise(333, 222, seed=3)
    state = routes.post("documents?name=my%20picture.png", content=encode_png(pixels)).json()
    assert state["name"] == "my picture"
    back = routes.get(f"revisions/{state['head']}/picture.png")
    assert np.array_equal(read_image(back.content).pixels, pixels)
    assert "attachment" in back.headers["content-disposition"]
    assert "my%20picture.png" in back.headers["content-disposition"]

    manifest = routes.get(f"revisions/{state['head']}/manifest").json()
    assert manifest["box"] == [0, 0, 333, 222]
    (column, row, digest), *_ = manifest["tiles"]
    tile = routes.get(f"tiles/{digest}")
    assert "immutable" in tile.headers["cache-control"]
    assert (column, row) == (0, 0)
    assert np.array_equal(decode_tile(tile.content)[:222], pixels[:, :256])


def test_a_note_says_what_was_lost(routes: RouteClient) -> None:
    file = BytesIO()
    Image.new("CMYK", (20, 10), (255, 0, 0, 100)).save(file, "JPEG")
    state = routes.post("documents?name=", content=file.getvalue()).json()
    assert state["name"] == "Untitled"
    assert state["notes"] == ["CMYK colours were converted to RGB."]


def test_a_picture_goes_out_as_what_is_asked_for(routes: RouteClient) -> None:
    state = routes.opened()
    routes.submit(state)
    assert routes.worker.run_one()
    head = routes.get(f"documents/{state['document']}").json()["head"]
    shown = routes.session.picture(state["document"]).pixels()
    for kind, media in (("png", "image/png"), ("jpg", "image/jpeg"), ("webp", "image/webp")):
        came = routes.get(f"revisions/{head}/picture.{kind}")
        assert came.headers["content-type"] == media and f"Living%20room.{kind}" in came.headers["content-disposition"]
        assert read_image(came.content).pixels.shape == shown.shape
        assert Recipe.from_json(recipe_of(came.content) or "").made_with == "noise 1"
        assert recipe_of(routes.get(f"revisions/{head}/picture.{kind}?recipe=no").content) is None
    small, large = (routes.get(f"revisions/{head}/picture.jpg?quality={n}").content for n in (20, 95))
    assert len(small) < len(large)
    assert routes.get(f"revisions/{head}/picture.ora").content.startswith(b"PK")
    for path in ("picture.gif", "picture.jpg?quality=x", "picture.jpg?quality=101", "picture.png?quality=9"):
        came = routes.get(f"revisions/{head}/{path}")
        assert came.status_code == 400 and came.json()["error"]


def test_a_picture_goes_out_at_the_size_and_under_the_name_that_were_asked_for(routes: RouteClient) -> None:
    state = routes.opened()
    assert routes.get(f"documents/{state['document']}/metadata").json() == {"author": "", "copyright": "", "dpi": None}
    came = routes.get(f"revisions/{state['head']}/picture.png?side=150&dpi=300&name=a%2Fb%3A%20caf%C3%A9")
    read = read_image(came.content)
    assert read.pixels.shape == (100, 150, 3) and round(read.metadata.dpi[0]) == 300
    assert came.headers["content-disposition"] == "attachment; filename*=UTF-8''a%20b%20caf%C3%A9.png"
    for query in ("side=x", "side=0", "side=-1", "dpi=x", "dpi=1", "dpi=nan", "side=" + "9" * 4000):
        refused(routes.get(f"revisions/{state['head']}/picture.png?{query}"), 400)


def test_a_contact_sheet_and_a_timelapse_go_out(routes: RouteClient) -> None:
    state = routes.made(routes.opened())
    document, head = state["document"], state["head"]
    sheet = routes.get(f"documents/{document}/sheet.png?side=64&name=Sheet")
    assert sheet.headers["content-type"] == "image/png" and "Sheet.png" in sheet.headers["content-disposition"]
    alone = routes.get(f"documents/{document}/sheet.jpg?side=64&revisions={head}&quality=50")
    assert read_image(alone.content).pixels.shape[1] < read_image(sheet.content).pixels.shape[1]
    refused(routes.get(f"documents/{document}/sheet.png?revisions={','.join([head] * 101)}"), 400, "1 to 100")
    refused(routes.get(f"documents/{document}/sheet.png?revisions=gone"), 404)
    refused(routes.get(f"documents/{document}/sheet.gif"), 400, ".gif")
    webp = routes.get(f"revisions/{head}/timelapse.webp?side=64&seconds=0.5")
    with Image.open(BytesIO(webp.content)) as image:
        assert (image.format, len(ImageSequence.all_frames(image)), max(image.size)) == ("WEBP", 2, 64)
    mp4 = routes.get(f"revisions/{head}/timelapse.mp4")
    assert mp4.headers["content-type"] == "video/mp4" and mp4.content[4:8] == b"ftyp"
    refused(routes.get(f"revisions/{head}/timelapse.webp?seconds=99"), 400, "0.1 to 10 seconds")
    refused(routes.get(f"revisions/{state['before']}/timelapse.webp"), 400, "no step")


def test_the_state_and_the_history_have_variations_best_first_and_a_word_alone(routes: RouteClient) -> None:
    state = routes.opened()
    document = state["document"]
    routes.submit(state, variations=4)
    assert routes.worker.run_one()
    plain = routes.get(f"documents/{document}").json()
    made, revisions = plain["variations"], routes.session.store.revisions
    assert plain["matches"] == {}
    assert [each["rank"] for each in routes.get(f"documents/{document}/tree").json()] == [0, 0, 1, 2, 3]
    known = {made[1]: Match(0.2, "unlikely"), made[2]: Match(0.9, "likely"), made[3]: Match(0.4, "")}
    for id, match in known.items():
        revisions.store_match(id, match)
    now = routes.get(f"documents/{document}").json()
    assert now["variations"] == [made[2], made[3], made[1], made[0]]  # what nothing is known of comes last
    assert now["matches"] == {id: match.word for id, match in known.items()}
    tree = routes.get(f"documents/{document}/tree").json()
    assert [(each["rank"], each["match"]) for each in tree] == [
        (0, None), (3, None), (2, "unlikely"), (0, "likely"), (1, ""),
    ]  # fmt: skip


def test_the_history_is_reported_and_walked(routes: RouteClient) -> None:
    state = routes.opened()
    document, opened = state["document"], state["head"]
    routes.submit(state)
    assert routes.worker.run_one()
    made = routes.get(f"documents/{document}").json()["head"]
    root, step = routes.get(f"documents/{document}/tree").json()
    assert (root["revision"], root["parent"], root["edit"]) == (opened, None, None)
    assert (step["revision"], step["parent"], step["finished"], step["error"]) == (made, opened, True, None)
    assert step["box"] == [40, 30, 60, 50] and step["edit"]["prompt"] == "a green couch" and step["edit"]["seed"] == 1
    assert step["edit"]["sampler"] == "dpmpp_2m" and step["edit"]["blend"]["feather"] == 8
    assert routes.state(state)["before"] == opened
    assert routes.post(f"documents/{document}/checkout/{opened}").json()["head"] == opened
    assert routes.post(f"documents/{document}/rename/{made}", content=" Später ".encode()).status_code == 200
    assert routes.get(f"documents/{document}/tree").json()[1]["name"] == "Später"
    assert (root["mode"], step["mode"], root["group"]) == (None, "fill", None)
    assert not root["starred"] and not step["starred"] and step["group"].startswith(f"{opened} ")
    for verb, starred in (("star", True), ("star", True), ("unstar", False), ("star", True)):
        assert routes.post(f"documents/{document}/{verb}/{made}").status_code == 200
        assert [each["starred"] for each in routes.get(f"documents/{document}/tree").json()] == [False, starred]
    assert routes.post(f"documents/{document}/discard/{made}").json()["tip"] == opened
    assert len(routes.get(f"documents/{document}/tree").json()) == 1
    routes.post(f"documents/{document}/recover/{made}")
    assert routes.get(f"documents/{document}/tree").json()[1]["name"] == "Später"
    for revision in (opened, made):
        small = routes.get(f"revisions/{revision}/step")
        assert small.headers["content-type"] == "image/jpeg" and "immutable" in small.headers["cache-control"]
        assert max(Image.open(BytesIO(small.content)).size) <= 96


def test_a_small_picture_shows_what_a_step_changed(routes: RouteClient) -> None:
    """An edge that was added has no mask of its own, nor has a crop, which is shown whole."""
    state = routes.opened()  # 300 x 200
    strip: dict[str, Any] = {"margins": [0, 0, 64, 0], "intent": "expand", "mask": None}
    routes.submit(state, **strip)
    assert routes.worker.run_one()
    wider = routes.state(state)["head"]
    picture = routes.session.store.revisions.picture(wider)

    def small(revision: str) -> np.ndarray:
        return np.asarray(Image.open(BytesIO(routes.get(f"revisions/{revision}/step").content)), np.float32)

    def part(x: int, y: int, side: int) -> np.ndarray:
        pixels = Image.fromarray(picture.pixels()).crop((x, y, x + side, y + side))
        return np.asarray(pixels.resize((96, 96), Image.Resampling.BOX), np.float32)

    assert np.abs(small(wider) - part(164, 0, 200)).mean() < 12 < np.abs(small(wider) - part(82, 0, 200)).mean()
    routes.post(f"documents/{state['document']}/crop", content=b'{"box": [20, 30, 90, 90]}')
    assert routes.worker.run_one()
    assert small(routes.state(state)["head"]).shape == (90, 90, 3)


def test_a_history_is_its_documents_own(routes: RouteClient) -> None:
    first, second = routes.opened(), routes.opened()
    routes.submit(second)
    assert routes.worker.run_one()
    made = routes.get(f"documents/{second['document']}").json()["head"]
    for verb in ("checkout", "rename", "star", "unstar", "discard", "recover"):
        refused = routes.post(f"documents/{first['document']}/{verb}/{made}")
        assert refused.status_code == 404 and "no revision" in refused.json()["error"]
    assert routes.get("documents/gone/tree").status_code == 404
    refused = routes.post(f"documents/{first['document']}/discard/{first['head']}")
    assert refused.status_code == 400 and "Delete the document" in refused.json()["error"]
    assert routes.get(f"documents/{second['document']}").json()["head"] == made


def test_a_document_goes_out_and_comes_in_with_its_history(routes: RouteClient) -> None:
    state = routes.opened()
    routes.submit(state)
    assert routes.worker.run_one()
    head = routes.get(f"documents/{state['document']}").json()["head"]
    file = routes.get(f"revisions/{head}/picture.palimpsest").content
    back = routes.post("documents?name=whatever", content=file).json()
    assert back["document"] != state["document"] and back["name"] == "Living room" and back["can_undo"]
    assert routes.session.picture(back["document"]) == routes.session.picture(state["document"])
    refused = routes.post("documents?name=x", content=file[:9000])
    assert refused.status_code == 400 and "cannot be opened" in refused.json()["error"]


@pytest.mark.parametrize("data", [b"", b"hello", encode_png(noise(100, 100))[:500]])
def test_a_bad_picture_is_a_sentence(routes: RouteClient, data: bytes) -> None:
    refused(routes.post("documents?name=x.png", content=data), 400)


def test_a_file_too_large_is_a_sentence(routes: RouteClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents_module, "MAX_FILE_BYTES", 2**20)
    refused(routes.post("documents?name=x.png", content=bytes(3 * 2**20)), 413, "3 MB", "1 MB")


def test_an_edit_runs_and_can_be_undone_and_redone(routes: RouteClient) -> None:
    state = routes.opened()
    running = routes.submit(state).json()
    [run] = running["running"]
    assert run["mask"] == [40, 30, 60, 50]
    assert running["watched"] == [
        {"revision": run["revision"], "edit": run["edit"], "status": "waiting", "error": None}
    ]
    assert running["jobs"] == [{"revision": run["revision"], "edit": run["edit"]}]
    assert read_mask(routes.get(f"revisions/{run['revision']}/mask").content).shape == (50, 60)
    assert routes.worker.run_one()

    done = routes.get(f"documents/{state['document']}?watch={run['revision']}").json()
    assert done["head"] == run["revision"] and done["watched"][0]["status"] == "done"
    assert done["last_mask"] == {"revision": run["revision"], "box": [40, 30, 60, 50]}
    undone = routes.post(f"documents/{state['document']}/undo").json()
    assert undone["head"] == state["head"] and undone["can_redo"] and not undone["can_undo"]
    assert routes.post(f"documents/{state['document']}/redo").json()["head"] == run["revision"]


def test_an_edit_that_ends_while_a_state_is_reported_does_not_look_moved_on(
    routes: RouteClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a status says that it is done, the state that it comes with shows the result."""
    opened = routes.opened()
    (submitted,) = routes.submit(opened).json()["jobs"]
    status = DocumentStates._status

    def ending(self: DocumentStates, document: str, id: str) -> dict[str, str | None]:
        routes.worker.run_one()
        return status(self, document, id)

    monkeypatch.setattr(DocumentStates, "_status", ending)
    state = routes.get(f"documents/{opened['document']}?watch={submitted['revision']}").json()
    assert [each["status"] for each in state["watched"]] == ["done"]
    assert state["head"] == submitted["revision"] != opened["head"]


NOTHING = RunProgress(0, 0, 0, None)


def test_previews_hold_only_what_may_change(routes: RouteClient, monkeypatch: pytest.MonkeyPatch) -> None:
    state = routes.opened()
    [run] = routes.submit(state, steps=2, feather=4).json()["running"]
    seen = []

    def holds(revision: str, worker: str) -> bool:  # called after each step
        until(lambda: routes.session.store.progress.of(state["document"]).get(revision, NOTHING).step == len(seen) + 1)
        now = routes.get(f"documents/{state['document']}").json()["running"][0]
        image = Image.open(BytesIO(routes.get(f"previews/{revision}/{now['serial']}").content))
        seen.append((now, image))
        return True

    monkeypatch.setattr(routes.worker.store.jobs, "holds", holds)
    routes.worker.run_one()
    assert [(now["index"], now["total"]) for now, _ in seen] == [(1, 2), (2, 2)]
    assert seen[0][0]["serial"] < seen[1][0]["serial"]
    now, image = seen[0]
    assert now["box"] == [36, 26, 68, 58]  # the mask and its feather
    assert image.size == (68, 58) and image.mode == "RGBA"
    assert np.asarray(image)[0, 0, 3] == 0 and np.asarray(image)[29, 34, 3] == 255
    assert routes.get(f"previews/{run['revision']}/1").status_code == 204  # the run is over


def test_cancel_leaves_the_document_as_it_was(routes: RouteClient) -> None:
    state = routes.opened()
    before = routes.session.picture(state["document"]).digest
    [run] = routes.submit(state).json()["running"]
    after = routes.post(f"documents/{state['document']}/cancel/{run['revision']}").json()
    assert after["watched"][0]["status"] == "cancelled" and after["running"] == []
    assert not routes.worker.run_one()
    assert routes.session.picture(state["document"]).digest == before


def test_a_run_can_only_be_cancelled_by_its_own_document(routes: RouteClient) -> None:
    state, other = routes.opened(), routes.opened()
    [run] = routes.submit(state).json()["running"]
    refused(routes.post(f"documents/{other['document']}/cancel/{run['revision']}"), 404)
    assert routes.session.store.jobs.pending(state["document"])


def test_a_model_that_breaks_says_why(routes: RouteClient) -> None:
    state = routes.opened()
    [run] = routes.submit(state, pipeline="failing").json()["running"]
    routes.worker.run_one()
    watched = routes.get(f"documents/{state['document']}?watch={run['revision']}").json()["watched"][0]
    assert watched["status"] == "failed" and "out of paint" in watched["error"]


def test_an_edit_on_a_picture_that_moved_on_is_refused(routes: RouteClient) -> None:
    state = routes.opened()
    routes.submit(state)
    routes.worker.run_one()
    refused(routes.submit(state, prompt="another"), 409, "another tab")


EMPTY = encode_png(np.zeros((50, 60), np.uint8))
SMALL = encode_png(np.full((5, 5), 255, np.uint8))


@pytest.mark.parametrize(
    ("wrong", "word"),
    [
        ({"prompt": "x" * 1001}, "1,001"),
        ({"prompt": None}, "prompt"),
        ({"steps": 0}, "steps"),
        ({"steps": "20"}, "steps"),
        ({"guidance": "high"}, "guidance"),
        ({"seed": -1}, "seed"),
        ({"feather": 1000}, "feather"),
        ({"pipeline": "nothing"}, "noise, flat, refining, failing, photo, damaged"),
        ({"pipeline": ["noise"]}, "no model"),
        ({"parent": None}, "another tab"),
        ({"mask": disc(Box(5000, 5000, 60, 50))}, "outside"),
        ({"mask": None}, "empty"),
        ({"mask": {"box": [0, 0, 60]}}, "box and bytes"),
        ({"mask": {"box": [0, 0, 60], "bytes": 9}}, "four whole numbers"),
        ({"mask": {"box": [0, 0, 60, 50], "bytes": 9}}, "bytes, but only 0"),
        ({"mask": [0, 0, 60, 50]}, "box and bytes"),
        ({"sketch": "none"}, "sketch"),
        ({"margins": [0, 0]}, "Margins"),
        ({"margins": [0, 0, 0, 0.5]}, "margin"),
        ({"margins": [0, 0, 2**20, 0]}, "margin"),
        ({"margins": [60000, 60000, 0, 0]}, "too large"),
        ({"sampler": ""}, "sampler"),
        ({"colour_match": 1}, "colour match"),
        ({"png": EMPTY}, "empty"),
        ({"png": SMALL}, "5 x 5"),
        ({"png": b"no picture"}, ""),
        ({"glow": 1}, "exactly these keys"),
        ({"strength": 2}, "strength"),
        ({"opacity": "much"}, "opacity"),
        ({"variations": 0}, "1 to 8 variations"),
        ({"variations": 9}, "1 to 8 variations"),
        ({"variations": 1.5}, "variations"),
    ],
)
def test_a_wrong_edit_is_a_sentence_and_queues_nothing(routes: RouteClient, wrong: dict[str, Any], word: str) -> None:
    state = routes.opened()
    answer = routes.submit(state, **wrong)
    assert answer.status_code in (400, 409), answer.text
    assert word in answer.json()["error"]
    assert routes.session.store.jobs.pending(state["document"]) == []


@pytest.mark.parametrize("body", [b"", b"\n", b"[]\n", b"\xff\n", b"{}\n"])
def test_a_body_that_is_no_edit_is_a_sentence(routes: RouteClient, body: bytes) -> None:
    state = routes.opened()
    refused(routes.post(f"documents/{state['document']}/edits", content=body), 400, "edit")


NOWHERE = """documents/none documents/none/thumbnail documents/a/b/c tiles/none previews/none/1
    revisions/none/manifest revisions/none/overview revisions/none/mask revisions/none/picture.png"""


@pytest.mark.parametrize("path", NOWHERE.split())
def test_what_is_not_there_is_a_sentence(routes: RouteClient, path: str) -> None:
    refused(routes.get(path), 404, "There ")


@pytest.mark.parametrize("verb", ["undo", "redo", "edits", "cancel/none"])
def test_no_verb_on_a_document_that_is_not_there(routes: RouteClient, verb: str) -> None:
    refused(routes.post(f"documents/none/{verb}", content=b"{}"), 404)


@pytest.mark.parametrize("kind", [OSError, DiskFull, StorageError])
def test_a_store_that_refuses_is_no_fault_of_the_request(
    routes: RouteClient, monkeypatch: pytest.MonkeyPatch, kind: type[OSError]
) -> None:
    def full(*_: object) -> None:
        raise kind("The disk is full.")

    state = routes.opened()
    monkeypatch.setattr(routes.session.store.jobs, "submit_together", full)
    refused(routes.submit(state), 507, "full")


def test_hints(routes: RouteClient) -> None:
    wording = {"prompt": "", "left_out": [], "unknown": [{"word": "zebra", "near": []}], "removes": False}
    knows = {"hint": "It knows nothing but noise.", "wording": wording}
    assert routes.get("hint?pipeline=noise&prompt=A+zebra+noise").json() == knows
    assert "no model 'gone' here" in routes.get("hint?pipeline=gone&prompt=a+zebra").json()["hint"]
    assert "no pipeline 'damaged'" in routes.get("hint?pipeline=damaged&prompt=a+zebra").json()["hint"]


def test_what_a_model_can_be_asked_is_reported(routes: RouteClient) -> None:
    noise = {
        "words": ["noise"],
        "kinds": kinds_version(PAINTED),
        "defaults": {},
        "live_steps": 2,
        "samplers": ["dpmpp_2m", "ddim"],
        "supports_strength": False,
        "unsupported": [],
        "host": "",
    }
    assert routes.get("model?pipeline=noise").json() == noise
    photo = routes.get("model?pipeline=photo").json()
    assert (
        photo["words"] is None
        and photo["kinds"] == ""
        and photo["defaults"] == {"steps": 25, "guidance": 7.5}
        and photo["supports_strength"]
    )
    assert photo["samplers"] == ["own", "dpmpp_2m", "ddim"] and "negative_prompt" in photo["unsupported"]
    flat = routes.get("model?pipeline=flat").json()
    assert flat["samplers"] == [] and {"steps", "guidance"} < set(flat["unsupported"])
    refused(routes.get("model?pipeline=gone"), 400, "no model 'gone'")
    refused(routes.get("model?pipeline=damaged"), 400, "no pipeline 'damaged'")


def test_what_a_model_paints_is_listed_with_pictures_and_kept_by_the_browser(routes: RouteClient) -> None:
    version = routes.get("model?pipeline=noise").json()["kinds"]
    for name, kind in ((LIST, "application/json"), (PICTURES, "image/webp")):
        answer = routes.get(f"kinds/{version}/{name}?pipeline=noise")
        assert answer.content == (PAINTED / name).read_bytes()
        assert answer.headers["content-type"].startswith(kind) and "immutable" in answer.headers["cache-control"]
    for path in (
        f"kinds/{'0' * 16}/{LIST}?pipeline=noise",  # another version
        f"kinds/{version}/{LIST}?pipeline=flat",  # a model without a list
        f"kinds/{version}/words.txt?pipeline=noise",
    ):
        refused(routes.get(path), 404, "no such list")
    refused(routes.get(f"kinds/{version}/{LIST}?pipeline=gone"), 400, "no model 'gone'")


def test_a_small_copy_is_small(routes: RouteClient, store: Store) -> None:
    document = routes.session.open(np.full((30, 3000, 3), 200, np.uint8))
    for path, side in [
        (f"revisions/{document.head}/overview", 2048),
        (f"documents/{document.id}/thumbnail", 480),
    ]:
        assert Image.open(BytesIO(routes.get(path).content)).size[0] == side


def test_modules_are_kept_by_the_browser(routes: RouteClient) -> None:
    answer = routes.get(f"{CANVAS}/app/editor.js")
    assert "javascript" in answer.headers["content-type"]
    assert "immutable" in answer.headers["cache-control"]
    again = routes.get(f"{CANVAS}/app/editor.js", headers={"If-None-Match": answer.headers["etag"]})
    assert again.status_code == 304


def test_every_answer_carries_the_headers(routes: RouteClient) -> None:
    for path in ["samples", f"{CANVAS}/app/editor.js", f"{CANVAS}/canvas.css", "documents/none", "nowhere"]:
        headers = routes.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"
        assert "frame-ancestors 'none'" in headers["content-security-policy"]


@pytest.mark.parametrize(
    "origin", ["http://evil.test", "null", "http://palimpsest.test.evil.test", "http://palimpsest.test:81"]
)
def test_another_site_cannot_write(routes: RouteClient, origin: str) -> None:
    state = routes.opened()
    for path in ["samples/living-room.png/open", f"documents/{state['document']}/undo", "documents"]:
        refused(routes.post(path, headers={"Origin": origin}), 403, "nother site")
    refused(routes.get("samples", headers={"Origin": origin}), 403, "nother site")


def test_the_page_itself_and_programs_can_write(routes: RouteClient) -> None:
    assert routes.post("samples/living-room.png/open", headers={"Origin": HOST}).status_code == 200
    assert routes.post("samples/living-room.png/open").status_code == 200


def test_a_state_asks_the_store_six_times(routes: RouteClient) -> None:
    """Fifty tabs ask every two seconds, and a database may be far away."""
    opened = routes.opened()
    routes.submit(opened)
    routes.worker.run_one()
    asked: list[str] = []
    engine = routes.session.store.database.engine
    event.listen(engine, "before_cursor_execute", lambda *values: asked.append(values[2]))
    assert routes.get(f"documents/{opened['document']}").json()["can_undo"]
    assert len(asked) <= 6, asked


def test_an_answer_waits_for_the_next_step(routes: RouteClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents_module, "LONG_POLL", 60)  # far longer than this test may take
    state = routes.opened()
    beat, store = state["beat"], routes.session.store
    address = f"documents/{state['document']}"
    assert routes.get(f"{address}?beat=other").json()["beat"] == beat  # something new: at once
    [run] = routes.submit(state).json()["running"]
    store.jobs.claim("w", 15)
    beats = [beat]
    with ThreadPoolExecutor() as threads:
        for change in (
            lambda: store.progress.report("w", {run["revision"]: (0, 3, None)}),  # its model is being loaded
            lambda: store.progress.report("w", {run["revision"]: (1, 3, None)}),
            lambda: store.progress.report("w", {run["revision"]: (1, 3, RunPreview(7, Box(0, 0, 1, 1), b"a file"))}),
            lambda: store.jobs.fail(run["revision"], "w", "It broke."),
        ):
            held = threads.submit(routes.get, address, params={"beat": beats[-1]})
            change()
            beats.append(held.result(30).json()["beat"])
    assert len(set(beats[:-1])) == 4 and beats[-1] == beat


def test_another_documents_step_answers_nobody(routes: RouteClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents_module, "LONG_POLL", 0.5)
    waits, works = routes.opened(), routes.opened()
    [run] = routes.submit(works).json()["running"]
    routes.session.store.jobs.claim("w", 15)
    with ThreadPoolExecutor() as threads:
        held = threads.submit(routes.get, f"documents/{waits['document']}", params={"beat": waits["beat"]})
        routes.session.store.progress.report("w", {run["revision"]: (1, 3, None)})
        assert routes.get(f"documents/{works['document']}", params={"beat": works["beat"]}).json()["running"][0][
            "index"
        ]
        assert not held.done()
        held.result(30)


def test_a_fault_of_the_program_is_a_sentence_and_goes_on_to_the_log(
    routes: RouteClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def faulty() -> None:
        raise KeyError("unforeseen")

    monkeypatch.setattr(routes.session.store.documents, "summaries", faulty)
    quiet = TestClient(routes.http.app, base_url=HOST, raise_server_exceptions=False)
    answer = quiet.get(f"{PREFIX}/documents")
    assert answer.status_code == 500 and answer.json()["error"].startswith("Palimpsest failed at this: its log has")
    with pytest.raises(KeyError):
        routes.http.get(f"{PREFIX}/documents")
