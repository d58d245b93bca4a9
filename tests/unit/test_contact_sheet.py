"""Contact sheets: each picture is there, in order and to be told apart, with its words below."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from editor.formats import contact_sheet as module
from editor.formats.contact_sheet import LINES, _lines, _width, contact_sheet
from editor.formats.images import read_image
from editor.formats.metadata import Metadata
from editor.imaging.raster import Pixels
from tests.samples import cutout, noise, profile
from tests.unit.test_export import EDITS, workbench
from tests.unit.test_store import store
from tests.workbench import Workbench

__all__ = ["store", "workbench"]


def flat(number: int, width: int = 90, height: int = 60) -> Pixels:
    """A picture in one colour, another for each number, none of them near the ink or the paper."""
    return np.full((height, width, 3), (200, 20 + 2 * number, 220 - 2 * number), np.uint8)


def places(sheet: Pixels, count: int) -> list[tuple[int, int, int, int]]:
    """x, y, width and height of each picture of `flat` on the sheet."""
    found = []
    for number in range(count):
        same = (np.abs(sheet.astype(int) - flat(number)[0, 0]).max(2) == 0).astype(np.uint8)
        x, y, width, height = cv2.boundingRect(same)
        found.append((x, y, width, height))
        assert same.sum() == found[-1][2] * found[-1][3], number
    return found


@settings(deadline=None, max_examples=25)
@given(st.integers(1, 40), st.integers(10, 300), st.integers(10, 300))
def test_every_picture_is_there_whole_in_reading_order(count: int, width: int, height: int) -> None:
    sheet = contact_sheet(["a vase"] * count, lambda number: flat(number, width, height), 100)
    found = places(sheet, count)
    assert len({place[2:] for place in found}) == 1 and max(found[0][2:]) == min(100, max(width, height))
    assert found == sorted(found, key=lambda place: (place[1], place[0]))
    rows = sorted({y for _, y, _, _ in found})
    columns = sorted({x for x, _, _, _ in found})
    assert [place[:2] for place in found] == [(x, y) for y in rows for x in columns][:count]
    assert 0.3 <= sheet.shape[1] / sheet.shape[0] <= 6  # a sheet, not a strip, unless there are few


@pytest.mark.parametrize("text", ["a red couch", "红色沙发在窗边", "ein Sofa für 2 €", "소파", "диван"])
def test_words_in_any_writing_are_below_their_picture(text: str) -> None:
    """Ink, and another for other words; the letters are not all the box that stands for a missing one."""
    drawn = {}
    for words in (text, "?" * len(text), ""):
        sheet = contact_sheet([words, ""], flat, 90)
        (x, y, width, height), *_ = places(sheet, 2)
        drawn[words] = sheet[y + height :, x : x + width]
    assert np.count_nonzero(drawn[text] < 100) > np.count_nonzero(drawn[""] < 100)
    assert not np.array_equal(drawn[text], drawn["?" * len(text)])


@given(st.text(max_size=120), st.integers(80, 400))
def test_no_line_is_wider_than_its_picture_and_no_word_is_lost_before_the_end(text: str, width: int) -> None:
    lines = list(_lines(f"1. {text}", width, 13))
    assert 1 <= len(lines) <= LINES and all(_width(line, 13) <= width for line in lines)
    letters = "".join("".join(lines).split())
    whole = "".join(f"1. {text}".split())
    assert letters == whole or (letters.endswith("…") and whole.startswith(letters[:-1]))


def test_a_documents_path_and_a_choice_of_its_steps(workbench: Workbench, tmp_path: Path) -> None:
    document = workbench.open(cutout(120, 100), "Room", icc=profile(b"Wide"), edits=EDITS)
    session, file = workbench.session, tmp_path / "sheet.png"
    nodes = session.store.revisions.tree(document)
    captions: list[list[str]] = []
    original = module._lines
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_lines", lambda text, *size: captions.append([text]) or original(text, *size))
        session.exports.write_sheet(document, file, side=64)
        assert [each for [each] in captions] == [
            "1. Room", *(f"{number}. {edit.prompt}" for number, edit in enumerate(EDITS, 2))
        ]  # fmt: skip
        captions.clear()
        session.rename(nodes[2].id, "My favourite")
        session.exports.write_sheet(document, file, [nodes[2].id, nodes[0].id], side=64)
        assert [each for [each] in captions] == ["1. My favourite", "2. Room"]
    assert read_image(file.read_bytes()).icc == profile(b"Wide")


def test_whose_it_is_stays_and_the_print_size_goes(workbench: Workbench, tmp_path: Path) -> None:
    opened = workbench.session.open(noise(120, 100), "Room", None, Metadata("Ada", "© Ada", (300.0, 300.0)))
    workbench.session.exports.write_sheet(opened.id, tmp_path / "sheet.png")
    assert read_image((tmp_path / "sheet.png").read_bytes()).metadata == Metadata("Ada", "© Ada")


def test_what_cannot_be_is_a_sentence(workbench: Workbench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    document, other = (workbench.open(noise(120, 100), "Room", edits=EDITS[:1]) for _ in range(2))
    session, file = workbench.session, tmp_path / "sheet.png"
    ids = [node.id for node in session.store.revisions.tree(document)]
    file.write_bytes(b"before")
    for revisions, side, sentence in (
        (ids * 60, 64, "1 to 100 pictures, not 120"),
        (ids, 63, "64 to 2,048 pixels, not 63"),
        (ids, 4000, "not 4,000"),
        ([session.store.documents.get(other).head], 64, "another document"),
    ):
        with pytest.raises(ValueError, match=sentence):
            session.exports.write_sheet(document, file, revisions, side=side)
    with pytest.raises(ValueError, match=r"not as \.mp4"):
        session.exports.write_sheet(document, tmp_path / "sheet.mp4")
    monkeypatch.setattr(module, "MAX_SHEET_PIXELS", 1000)
    with pytest.raises(ValueError, match="fewer steps, or smaller"):
        session.exports.write_sheet(document, file)
    assert file.read_bytes() == b"before"
