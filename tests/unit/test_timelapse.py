"""Time-lapses: a frame for each step, and what did not change does not move."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from editor.edits.edit import NOWHERE
from editor.formats import timelapse as module
from editor.formats.timelapse import laid_out
from editor.imaging.geometry import Box, Margins
from editor.imaging.picture import Picture
from editor.imaging.raster import Pixels
from tests.samples import an_edit, cutout, disc, noise, profile
from tests.unit.test_export import workbench
from tests.unit.test_store import store
from tests.workbench import Workbench

__all__ = ["store", "workbench"]
EDITS = [
    an_edit(disc(Box(30, 30, 40, 40))),
    an_edit(NOWHERE, margins=Margins(40, 12, 21, 0), prompt="more floor"),
    an_edit(NOWHERE, margins=Margins(-60, -20, 0, -10)),
]


def frames_of(file: Path) -> list[Pixels]:
    if file.suffix == ".mp4":
        video, frames = cv2.VideoCapture(str(file)), []
        while (read := video.read())[0]:
            frames.append(np.asarray(cv2.cvtColor(read[1], cv2.COLOR_BGR2RGB), np.uint8))
        return frames
    with Image.open(file) as image:
        frames = []
        for number in range(image.n_frames):  # type: ignore[attr-defined]
            image.seek(number)
            frames.append(np.asarray(image.convert("RGB")))
        return frames


def smooth(width: int, height: int) -> Pixels:
    """A slope, of which each place can be told by its colour."""
    rows, columns = np.indices((height, width))
    return np.dstack([columns * 255 // width, rows * 255 // height, 128 + 0 * rows]).astype(np.uint8)


@settings(deadline=None, max_examples=60)
@given(
    st.integers(-90, 90), st.integers(-90, 90), st.integers(40, 300), st.integers(40, 300),
    st.integers(0, 60), st.integers(0, 60), st.integers(0, 60), st.integers(0, 60), st.integers(16, 400),
)  # fmt: skip
def test_a_pixel_shows_the_same_place_whatever_the_pictures_box(
    x: int, y: int, width: int, height: int, left: int, top: int, right: int, bottom: int, side: int
) -> None:
    whole = Picture.from_pixels(smooth(width, height))
    frame = whole.box
    part = frame.moved(
        Margins(-min(left, width // 3), -min(top, height // 3), -min(right, width // 3), -min(bottom, height // 3))
    )
    scale = min(1, side / max(width, height))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    all_of_it, cut = laid_out(whole, frame, size), laid_out(whole.reframed(part), frame, size)
    filled = (cut != 255).any(2)
    rows, columns = np.nonzero(filled)
    if rows.size:
        inner = np.s_[
            rows.min() + 3 : rows.max() - 2, columns.min() + 3 : columns.max() - 2
        ]  # the filter sees no further
        assert np.abs(all_of_it[inner].astype(int) - cut[inner]).max(initial=0) <= 2
    # and the white begins within a pixel of where the picture ends
    for n, (start, length, low, high) in enumerate(
        ((frame.x, width, part.x, part.right), (frame.y, height, part.y, part.bottom))
    ):
        on = np.nonzero(filled.any(n))[0]
        exact = [(edge - start) * size[n] / length for edge in (low, high)]
        if exact[1] - exact[0] >= 3:
            assert 0 <= on.min() - exact[0] < 1 and 0 <= exact[1] - (on.max() + 1) < 1


@pytest.mark.parametrize("opened", [smooth(120, 100), cutout(120, 100)], ids=["opaque", "cutout"])
@pytest.mark.parametrize("suffix", [".webp", ".mp4"])
def test_every_step_is_a_frame_in_order(workbench: Workbench, tmp_path: Path, suffix: str, opened: Pixels) -> None:
    document = workbench.open(opened, "Room", edits=EDITS)
    file = tmp_path / f"room{suffix}"
    assert workbench.session.exports.write_timelapse(document, file, seconds=0.5) == ()
    path = [each.picture for each in workbench.store.revisions.path_to(workbench.store.documents.get(document).head)]
    frame = Box(-40, -12, 181, 112)
    size = (181, 112) if suffix == ".webp" else (180, 112)
    frames = frames_of(file)
    repeats = 1 if suffix == ".webp" else 2
    assert len(frames) == repeats * len(path) and frames[0].shape == (size[1], size[0], 3)
    for number, shown in enumerate(frames):
        # by their greys: both formats store colours for blocks of 2 x 2 pixels, which noise does not survive
        near = [np.abs(shown.mean(2) - laid_out(picture, frame, size).mean(2)).mean() for picture in path]
        assert int(np.argmin(near)) == number // repeats and min(near) < 30, near


@pytest.mark.parametrize("seconds", [0.1, 0.7, 3])
def test_each_step_is_shown_as_long_as_is_asked(workbench: Workbench, tmp_path: Path, seconds: float) -> None:
    document = workbench.open(noise(120, 100), "Room", icc=profile(b"Wide"), edits=EDITS[:2])
    webp, mp4 = tmp_path / "a.webp", tmp_path / "a.mp4"
    assert workbench.session.exports.write_timelapse(document, webp, seconds=seconds) == ()
    with Image.open(webp) as image:
        image.seek(1)
        image.load()
        assert image.info["duration"] == round(1000 * seconds) and image.info["loop"] == 0
        assert image.info["icc_profile"] == profile(b"Wide")
    (note,) = workbench.session.exports.write_timelapse(document, mp4, seconds=seconds)
    assert "no colour profile" in note
    video = cv2.VideoCapture(str(mp4))
    length = video.get(cv2.CAP_PROP_FRAME_COUNT) / video.get(cv2.CAP_PROP_FPS)
    assert length == pytest.approx(3 * seconds, rel=0.02)


def test_of_an_earlier_step_the_steps_to_it(workbench: Workbench, tmp_path: Path) -> None:
    document = workbench.open(noise(120, 100), "Room", edits=EDITS)
    first = workbench.store.revisions.tree(document)[1]
    workbench.session.exports.write_timelapse(document, tmp_path / "a.webp", first.id, side=60)
    assert len(frames_of(tmp_path / "a.webp")) == 2 and frames_of(tmp_path / "a.webp")[0].shape == (50, 60, 3)


def test_what_cannot_be_is_a_sentence(workbench: Workbench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    document, empty = workbench.open(noise(120, 100), "Room", edits=EDITS), workbench.open(noise(9, 9), "Room")
    session = workbench.session
    for name, options, sentence in (
        ("a.gif", {}, r"\.webp or \.mp4, not as \.gif"),
        ("a.webp", {"side": 15}, "16 to 4,096 pixels, not 15"),
        ("a.mp4", {"seconds": 11.0}, "0.1 to 10 seconds, not 11"),
        ("a.mp4", {"seconds": float("nan")}, "not nan"),
    ):
        (tmp_path / name).write_bytes(b"before")
        with pytest.raises(ValueError, match=sentence):
            session.exports.write_timelapse(document, tmp_path / name, **options)  # type: ignore[arg-type]
        assert (tmp_path / name).read_bytes() == b"before"
    with pytest.raises(ValueError, match="no step"):
        session.exports.write_timelapse(empty, tmp_path / "b.webp")
    monkeypatch.setattr(module, "MAX_FRAME_PIXELS", 4 * 90 * 56)
    with pytest.raises(ValueError, match="at most 90 pixels"):
        session.exports.write_timelapse(document, tmp_path / "b.webp")
    session.exports.write_timelapse(document, tmp_path / "b.webp", side=90)
    monkeypatch.setattr(cv2.VideoWriter, "isOpened", lambda self: False, raising=True)
    with pytest.raises(ValueError, match=r"Save the time-lapse as \.webp"):
        session.exports.write_timelapse(document, tmp_path / "c.mp4", side=90)
    assert {each.name for each in tmp_path.iterdir()} >= {"b.webp"} and not (tmp_path / "c.mp4").exists()
