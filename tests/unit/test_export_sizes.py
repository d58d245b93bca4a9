"""Pictures for their purpose: so many pixels, so many of them an inch."""

from dataclasses import replace
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from editor.formats.export import recipe_of
from editor.formats.images import read_image
from editor.formats.metadata import Metadata
from editor.imaging.scaling import scaled_down, scaled_size
from tests.samples import noise
from tests.unit.test_export import EDITS, workbench
from tests.unit.test_store import store
from tests.workbench import Workbench

__all__ = ["store", "workbench"]
PICTURES = (".png", ".jpg", ".webp", ".tif", ".avif")


@given(st.integers(1, 40_000), st.integers(1, 40_000), st.integers(1, 50_000))
def test_a_size_keeps_the_aspect_and_is_never_larger(width: int, height: int, side: int) -> None:
    w, h = scaled_size(width, height, side)
    assert max(w, h) == min(side, max(width, height)) and w >= 1 and h >= 1
    scale = max(w, h) / max(width, height)
    assert abs(w - width * scale) <= 1 and abs(h - height * scale) <= 1
    # the width or the height that somebody writes comes out: the page turns it into a longest side
    assert scaled_size(width, height, max(width, height)) == (width, height)


def test_what_is_scaled_down_is_neither_jagged_nor_shifted() -> None:
    rows, columns = np.indices((400, 600))
    fine = np.where((rows + columns) % 2, 255, 0).astype(np.uint8)  # a grid that is grey from afar
    small = scaled_down(np.dstack([fine] * 3), 150)
    assert small.shape == (100, 150, 3) and np.abs(small[5:-5, 5:-5].astype(int) - 128).max() <= 4
    slope = np.dstack([(columns * 255 / 599).astype(np.uint8)] * 3)
    expected = (np.arange(60) + 0.5) * 10 * 255 / 600
    assert np.abs(scaled_down(slope, 60)[20].astype(float)[:, 0] - expected).max() <= 1.5


def test_a_transparent_colour_does_not_bleed_into_the_edge() -> None:
    pixels = np.zeros((200, 200, 4), np.uint8)
    pixels[..., :3] = (255, 0, 255)  # what programs leave under transparency
    pixels[:, :101] = (10, 120, 30, 255)
    small = scaled_down(pixels, 50)
    half = (small[..., 3] > 8) & (small[..., 3] < 255)
    assert half.any() and np.abs(small[half][:, :3].astype(int) - (10, 120, 30)).max() <= 12


@pytest.mark.parametrize("suffix", PICTURES)
def test_a_picture_has_the_size_and_the_resolution_that_were_asked_for(
    workbench: Workbench, tmp_path: Path, suffix: str
) -> None:
    opened = workbench.session.open(noise(120, 100), "Room", None, Metadata("Ada", "© Ada", (72.0, 72.0)))
    document = opened.id
    workbench.session.submit(document, EDITS[0])
    assert workbench.worker.run_one()
    file = tmp_path / f"room{suffix}"
    assert workbench.session.exports.write(document, file, side=60, dpi=300, made_with="noise 1") == ()
    read = read_image(file.read_bytes())
    assert read.pixels.shape == (50, 60, 3)
    assert read.metadata.dpi is not None and np.allclose(read.metadata.dpi, 300, atol=0.02)
    assert replace(read.metadata, dpi=None) == Metadata("Ada", "© Ada")
    assert recipe_of(file.read_bytes()) is not None
    workbench.session.exports.write(document, file)
    read = read_image(file.read_bytes())
    assert read.pixels.shape == (100, 120, 3) and np.allclose(read.metadata.dpi, 72, atol=0.02)
    (note,) = workbench.session.exports.write(document, file, side=500)
    assert "120" in note and "500" in note and read_image(file.read_bytes()).pixels.shape == (100, 120, 3)


def test_what_cannot_be_is_a_sentence(workbench: Workbench, tmp_path: Path) -> None:
    document = workbench.open(noise(120, 100), "Room", edits=EDITS)
    for name, options, sentence in (
        ("a.png", {"side": 0}, "at least 1 pixel"),
        ("a.png", {"dpi": 1}, "from 2 to 10,000 dpi, not 1"),
        ("a.png", {"dpi": float("nan")}, "from 2 to 10,000 dpi, not nan"),
        ("a.ora", {"side": 50}, "own size and resolution"),
        ("a.palimpsest", {"dpi": 300.0}, "own size and resolution"),
    ):
        (tmp_path / name).write_bytes(b"before")
        with pytest.raises(ValueError, match=sentence):
            workbench.session.exports.write(document, tmp_path / name, **options)  # type: ignore[arg-type]
        assert (tmp_path / name).read_bytes() == b"before"


@pytest.mark.parametrize("suffix", PICTURES)
def test_nothing_in_the_file_tells_of_this_machine(workbench: Workbench, tmp_path: Path, suffix: str) -> None:
    """A model in a folder is named in the recipe without its folder, and nothing else names one."""
    from editor.imaging.geometry import Box
    from editor.worker import Worker
    from tests.fakes import NoisePipeline, loader
    from tests.samples import an_edit, disc

    name = f"hf:{tmp_path}/secret-folder/sdxl"
    document = workbench.open(noise(120, 100), "Room")
    workbench.session.submit(document, an_edit(disc(Box(30, 30, 40, 40)), pipeline=name))
    assert Worker(workbench.store, loader(NoisePipeline(name=name))).run_one()
    file = tmp_path / f"room{suffix}"
    workbench.session.exports.write(document, file, made_with="noise 1", side=80, dpi=150)
    text = recipe_of(file.read_bytes())
    assert text is not None and '"hf:sdxl"' in text
    with Image.open(BytesIO(file.read_bytes())) as image:
        image.load()
        told = text.encode() + file.read_bytes() + repr(image.info).encode() + repr(dict(image.getexif())).encode()
    for part in ("secret-folder", str(tmp_path), str(Path.home())):
        assert part.encode() not in told
