"""What is dropped on the page and what is pasted: pictures are taken, text stays text, and nothing is left unsaid."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from editor.formats.images import encode_png
from tests.browser.hands import UNPACK, Hands, packed, photo

PASTE = f"""([texts, files]) => {{
    const data = new DataTransfer();
    for (const [type, text] of Object.entries(texts)) data.setData(type, text);
    for (const [name, type, bytes] of files) data.items.add(new File([({UNPACK})(bytes)], name, {{ type }}));
    const event = new ClipboardEvent("paste", {{ clipboardData: data, bubbles: true, cancelable: true }});
    document.activeElement.dispatchEvent(event);
    return event.defaultPrevented;
}}"""
PICTURE = photo(120, 90, seed=3)
DATA = encode_png(PICTURE)
PNG = ["picture.png", "image/png", packed(DATA)]
OFFICE = {"text/plain": "a red couch", "text/html": "<p>a <b>red</b> couch</p>"}


def focus(hands: Hands, place: str) -> None:
    hands.page.locator("#prompt :is(input, textarea)" if place == "prompt" else ".viewport").focus()


def opened(hands: Hands, document: str) -> None:
    """Choose to open it, not to place it into the document that is open, and wait for it."""
    hands.page.get_by_role("dialog").get_by_role("button", name="Open", exact=True).click()
    hands.wait_for(f"doc.id !== {document!r}")
    hands.wait_idle()


def drag(
    hands: Hands, x: float, y: float, files: Sequence[Path] = (), drop: bool = True, **texts: tuple[str, str]
) -> None:
    """A drag out of another program, as the system brings it: files, and texts as (kind, data)."""
    session = hands.page.context.new_cdp_session(hands.page)
    items = [{"mimeType": kind, "data": data} for kind, data in texts.values()]
    data: dict[str, Any] = {"items": items, "files": [str(file) for file in files], "dragOperationsMask": 1}
    for kind in ("dragEnter", "dragOver", "drop" if drop else "dragCancel"):
        session.send("Input.dispatchDragEvent", {"type": kind, "x": x, "y": y, "data": data})
    session.detach()


def on_the_picture(hands: Hands) -> tuple[float, float]:
    return hands.client(160, 130)


def on_the_prompt(hands: Hands) -> tuple[float, float]:
    box = hands.page.locator("#prompt :is(input, textarea)").bounding_box()
    assert box
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


PLACES = {"picture": on_the_picture, "prompt": on_the_prompt}


@pytest.fixture
def pictures(tmp_path: Path) -> list[Path]:
    paths = []
    for seed in (3, 4, 5):
        path = tmp_path / f"picture{seed}.png"
        path.write_bytes(encode_png(photo(120, 90, seed=seed)))
        paths.append(path)
    return paths


@pytest.mark.parametrize("office", [OFFICE, {"text/plain": "a red couch"}])
def test_text_pasted_into_the_prompt_opens_no_document_whatever_comes_with_it(
    hands: Hands, office: dict[str, str]
) -> None:
    hands.open_steps()
    hands.paint()
    document, head, mask = hands.document, hands.state["head"], hands.mask_bounds
    focus(hands, "prompt")
    assert not hands.page.evaluate(PASTE, [office, [PNG]])  # the field takes it
    # by real keys, from the system's clipboard
    hands.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    hands.page.evaluate(
        f"""async ([texts, bytes]) => navigator.clipboard.write([new ClipboardItem({{
            ...Object.fromEntries(Object.entries(texts).map(([type, text]) => [type, new Blob([text], {{ type }})])),
            "image/png": new Blob([({UNPACK})(bytes)], {{ type: "image/png" }}) }})])""",
        [office, PNG[2]],
    )
    hands.write("")
    focus(hands, "prompt")
    hands.key("Control+v")
    hands.page.wait_for_function("document.querySelector('#prompt :is(input, textarea)').value === 'a red couch'")
    assert (hands.document, hands.state["head"], hands.mask_bounds) == (document, head, mask)
    assert hands.page.evaluate("!document.documentElement.hasAttribute('data-opening')")


@pytest.mark.parametrize("place", ["prompt", "picture"])
@pytest.mark.parametrize("texts", [{}, {"text/html": '<img src="https://example.com/a.png">'}])
def test_a_picture_alone_is_opened_wherever_it_is_pasted(hands: Hands, place: str, texts: dict[str, str]) -> None:
    hands.open_steps()
    document = hands.document
    focus(hands, place)
    assert hands.page.evaluate(PASTE, [texts, [PNG]])
    opened(hands, document)
    assert np.array_equal(hands.stored, PICTURE)


def test_of_several_pasted_pictures_the_first_is_opened_and_that_is_said(hands: Hands) -> None:
    hands.open_steps()
    document = hands.document
    focus(hands, "picture")
    text = ["notes.txt", "text/plain", packed(b"hi")]
    hands.page.evaluate(PASTE, [{}, [text, PNG, PNG]])
    opened(hands, document)
    hands.page.locator(".note p").filter(has_text="Opened picture.png, the first of 3.").wait_for()
    assert np.array_equal(hands.stored, PICTURE)


def test_a_copied_file_that_is_no_picture_is_a_sentence(hands: Hands) -> None:
    hands.open_steps()
    document = hands.document
    focus(hands, "picture")
    hands.page.evaluate(PASTE, [{}, [["film.mp4", "video/mp4", packed(b"a film")]]])
    assert hands.note() == "film.mp4 is not a picture. Drop an image or a .palimpsest file."
    assert hands.document == document


@pytest.mark.parametrize("place", PLACES)
def test_files_are_opened_wherever_they_are_dropped(hands: Hands, pictures: list[Path], place: str) -> None:
    hands.open_steps()
    document, head = hands.document, hands.state["head"]
    hands.paint()
    mask = hands.mask_bounds
    drag(hands, *PLACES[place](hands), pictures)
    opened(hands, document)
    assert np.array_equal(hands.stored, photo(120, 90, seed=3))
    hands.page.locator(".note p").filter(has_text="Opened picture3.png, the first of 3.").wait_for()
    hands.page.locator(".note").filter(has_text="what you painted").get_by_role("button", name="Go back").click()
    hands.wait_for(f"doc.id === {document!r}")
    hands.wait_idle()
    hands.wait_for("!doc.mask.empty")
    assert (hands.state["head"], hands.mask_bounds) == (head, mask)


def test_a_note_leads_back_only_where_something_was_painted(hands: Hands, pictures: list[Path]) -> None:
    hands.open_steps()
    document = hands.document
    drag(hands, *on_the_picture(hands), pictures[:1])
    opened(hands, document)
    assert hands.page.locator(".note").count() == 0


@pytest.mark.parametrize("place", PLACES)
def test_folders_and_other_files_are_a_sentence(hands: Hands, tmp_path: Path, pictures: list[Path], place: str) -> None:
    hands.open_steps()
    document = hands.document
    (tmp_path / "holidays").mkdir()
    (tmp_path / "letter.pdf").write_bytes(b"%PDF-1.4")
    drag(hands, *PLACES[place](hands), [tmp_path / "holidays"])
    hands.page.locator(".note p").filter(has_text="holidays is a folder.").wait_for()
    drag(hands, *PLACES[place](hands), [tmp_path / "letter.pdf"])
    hands.page.locator(".note p").filter(has_text="letter.pdf is not a picture.").wait_for()
    assert hands.document == document and hands.page.locator(".veil").is_hidden()
    drag(hands, *PLACES[place](hands), [tmp_path / "holidays", tmp_path / "letter.pdf", pictures[1]])
    opened(hands, document)
    assert np.array_equal(hands.stored, photo(120, 90, seed=4))


FAR = "https://example.com/cat.png"
LINKS: dict[str, dict[str, Any]] = {
    "link": {"links": ("text/uri-list", FAR)},
    "image in a link": {
        "links": ("text/uri-list", "https://example.com/"),
        "html": ("text/html", f'<a href="https://example.com/"><img src="{FAR}"></a>'),
    },
}


def answered(hands: Hands, **answer: Any) -> None:
    """Another site's server answers so; the page asks it, and nobody else."""
    hands.page.route("https://example.com/**", lambda route: route.fulfill(**answer) if answer else route.abort())


def asked_the_other_site(hands: Hands) -> None:
    """Takes back the complaints about a request to it, of which there is at least one."""
    theirs = [complaint for complaint in hands.complaints if "example.com" in complaint]
    assert theirs
    for complaint in theirs:
        hands.complaints.remove(complaint)
    hands.page.unroute_all()


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("answers", ["not at all", "for others", "with an error"])
def test_a_picture_of_another_site_must_be_saved_first_if_that_site_says_so(
    hands: Hands, place: str, answers: str
) -> None:
    hands.open_steps()
    image = {"content_type": "image/png", "body": DATA}
    ways: dict[str, dict[str, Any]] = {
        "not at all": {},
        "for others": image | {"headers": {"Access-Control-Allow-Origin": "https://other.example"}},
        "with an error": image | {"headers": {"Access-Control-Allow-Origin": "*"}, "status": 404},
    }
    answered(hands, **ways[answers])
    document, address = hands.document, hands.page.url
    for texts in LINKS.values():
        drag(hands, *PLACES[place](hands), **texts)
        hands.page.locator(".note p").filter(has_text="must be saved first").wait_for()
        hands.press("Dismiss")
    assert (hands.document, hands.page.url) == (document, address)
    assert len(hands.page.context.pages) == 1
    assert hands.page.locator(".veil").is_hidden()
    asked_the_other_site(hands)


@pytest.mark.parametrize("kind", LINKS)
def test_a_picture_of_a_site_that_lets_others_read_it_is_opened(hands: Hands, kind: str) -> None:
    hands.open_steps()
    document = hands.document
    cors = {"Access-Control-Allow-Origin": "*"}
    answered(hands, content_type="image/png", body=DATA, headers=cors)
    drag(hands, *on_the_picture(hands), **LINKS[kind])
    opened(hands, document)
    assert np.array_equal(hands.stored, PICTURE)
    assert hands.state["name"] == "cat"
    asked_the_other_site(hands)


def test_a_link_to_a_page_is_a_sentence(hands: Hands) -> None:
    hands.open_steps()
    document = hands.document
    answered(hands, content_type="text/html", body="<p>", headers={"Access-Control-Allow-Origin": "*"})
    drag(hands, *on_the_picture(hands), **LINKS["link"])
    hands.page.locator(".note p").filter(has_text="leads to a page, not to a picture").wait_for()
    assert hands.document == document
    asked_the_other_site(hands)


@pytest.mark.parametrize("kind", ["data", "same page"])
def test_a_picture_that_this_page_may_read_is_opened(hands: Hands, kind: str) -> None:
    hands.open_steps()
    document = hands.document
    data = f"data:image/png;base64,{packed(DATA)}"
    url = data if kind == "data" else f"{hands.server.url}palimpsest/samples/living-room.png"
    if kind == "same page":
        found = hands.page.request.get(url)
        assert found.ok and found.headers["content-type"].startswith("image/"), url
    drag(hands, *on_the_picture(hands), html=("text/html", f'<img src="{url}">'), links=("text/uri-list", url))
    opened(hands, document)
    if kind == "data":
        assert np.array_equal(hands.stored, PICTURE)


def test_dropped_text_goes_into_a_field_and_nowhere_else(hands: Hands) -> None:
    hands.open_steps()
    document, address = hands.document, hands.page.url
    hands.write("")
    drag(hands, *on_the_picture(hands), text=("text/plain", "https://example.com/"))
    assert (hands.document, hands.page.url) == (document, address)
    drag(hands, *on_the_prompt(hands), text=("text/plain", "a red couch"))
    hands.page.wait_for_function("document.querySelector('#prompt :is(input, textarea)').value === 'a red couch'")
    assert hands.document == document and hands.page.locator(".note").count() == 0


def test_nothing_is_opened_behind_a_dialog(hands: Hands, pictures: list[Path]) -> None:
    hands.open_steps()
    document = hands.document
    hands.press("Export")
    hands.page.get_by_role("dialog").wait_for()
    drag(hands, *on_the_picture(hands), pictures[:1])
    hands.page.evaluate(PASTE, [{}, [PNG]])
    hands.page.get_by_role("dialog").get_by_role("button", name="Close", exact=True).click()
    assert hands.page.evaluate("!document.documentElement.hasAttribute('data-opening')")
    assert hands.document == document


def test_the_veil_goes_when_a_drag_is_given_up(hands: Hands, pictures: list[Path]) -> None:
    hands.open_steps()
    hands.page.evaluate(
        """window.veiled = false;
        new MutationObserver(() => { window.veiled ||= !document.querySelector(".veil").hidden; })
            .observe(document.querySelector(".veil"), { attributes: true })"""
    )
    drag(hands, *on_the_picture(hands), pictures[:1], drop=False)
    hands.page.wait_for_function("window.veiled")
    hands.page.locator(".veil").wait_for(state="hidden")
