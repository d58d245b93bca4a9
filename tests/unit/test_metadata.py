"""Author, copyright and resolution go from the opened file through everything to every file that is written."""

import io
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from editor.formats.export import FORMATS, Format, encode, recipe_of
from editor.formats.images import encode_png, read_image
from editor.formats.metadata import NOTHING, Metadata
from editor.imaging.geometry import Box
from editor.session import Session
from editor.store.store import Store
from editor.worker import Worker
from tests.conftest import Run
from tests.fakes import NoisePipeline, loader
from tests.layouts import tiff
from tests.samples import an_edit, disc, noise
from tests.unit.test_store import store

__all__ = ["store"]
SAID = Metadata("Zoë & Łukasz <studio>", "© 2026 “Zoë”; all rights reserved", (300.0, 240.0))


def photograph() -> bytes:
    """A JPEG that lies on its side, with a place and a camera's serial number."""
    exif = Image.Exif()
    exif[0x0112], exif[0x013B], exif[0x8298] = 6, "Jane Doe", "(c) Jane Doe"
    exif[0x011A], exif[0x011B], exif[0x0128] = 118.11, 118.11, 3  # of a centimetre
    exif.get_ifd(0x8769)[0xA431] = "SERIAL-1234"
    exif.get_ifd(0x8825)[1] = "N"
    file = io.BytesIO()
    Image.fromarray(noise(60, 40)).save(file, "JPEG", exif=exif, quality=95)
    return file.getvalue()


@pytest.mark.parametrize("format", FORMATS, ids=lambda format: format.name)
@pytest.mark.parametrize("recipe", [None, "a recipe"])
def test_a_format_gives_back_what_it_was_given(format: Format, recipe: str | None) -> None:
    data, notes = encode(noise(30, 20), format, recipe=recipe, metadata=SAID)
    back = read_image(data)
    assert notes == () and recipe_of(data) == recipe
    assert (back.metadata.author, back.metadata.copyright) == (SAID.author, SAID.copyright)
    assert back.metadata.dpi == pytest.approx(SAID.dpi, abs=0.02)
    assert np.array_equal(back.pixels, read_image(encode(noise(30, 20), format).data).pixels)
    assert read_image(encode(noise(30, 20), format).data).metadata == NOTHING


@given(st.builds(Metadata, st.text(max_size=30), st.text(max_size=30), st.none() | st.just((72.0, 72.0))))
def test_any_text_is_kept_on_one_line_or_cut(said: Metadata) -> None:
    kept = Metadata.from_json(said.to_json())
    assert Metadata.from_json(kept.to_json()) == kept
    read = read_image(encode(noise(3, 2), FORMATS[0], metadata=kept).data).metadata
    assert read == kept


@pytest.mark.parametrize("text", ["", "3", "[]", "{", '{"dpi": [0, "x"], "author": 7}', '{"dpi": [1e999, 1]}'])
def test_what_a_damaged_store_says_is_nothing(text: str) -> None:
    assert Metadata.from_json(text) == NOTHING


def test_resolution_and_author_of_every_reader() -> None:
    inch = {"resolution": (150, 150), "resolutionunit": "INCH"}
    tags = [(315, 2, 0, "Jane Doe", True), (33432, 2, 0, "(c) Jane", True)]
    wanted = Metadata("Jane Doe", "(c) Jane", (150.0, 150.0))
    for samples in (noise(9, 9), noise(9, 9).astype(np.uint16)):
        assert read_image(tiff(samples, photometric="rgb", extratags=tags, **inch)).metadata == wanted
    text = io.BytesIO()
    info = PngInfo()
    info.add_text("Author", "Jane Doe")
    info.add_text("Copyright", "(c) Jane")
    Image.fromarray(noise(9, 9)).save(text, "PNG", pnginfo=info, dpi=(150, 150))
    read = read_image(text.getvalue()).metadata
    assert (read.author, read.copyright) == ("Jane Doe", "(c) Jane") and read.dpi == pytest.approx((150, 150), abs=0.02)


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp", ".tif", ".avif"])
def test_a_document_keeps_it_through_copies_files_and_edits(store: Store, tmp_path: Path, suffix: str) -> None:
    opened = read_image(photograph())
    assert opened.metadata == Metadata("Jane Doe", "(c) Jane Doe", (299.999, 299.999))
    assert opened.pixels.shape == (60, 40, 3)  # upright
    session = Session(store)
    document = session.open(opened.pixels, "Room", opened.icc, opened.metadata)
    session.submit(document.id, an_edit(disc(Box(10, 10, 20, 20))))
    assert Worker(store, loader(NoisePipeline())).run_one()
    session.exports.write(session.duplicate(document.id).id, tmp_path / "whole.palimpsest")
    again = session.open_document(tmp_path / "whole.palimpsest")
    file = tmp_path / f"out{suffix}"
    assert session.exports.write(again.id, file, made_with="noise 1") == ()
    data = file.read_bytes()
    back = read_image(data)
    assert (back.metadata.author, back.metadata.copyright) == ("Jane Doe", "(c) Jane Doe")
    assert back.metadata.dpi == pytest.approx((300, 300), abs=0.02)
    assert back.pixels.shape == (60, 40, 3)  # and not turned once more
    with Image.open(io.BytesIO(data)) as image:
        assert image.getexif().get(0x0112, 1) == 1 and not image.getexif().get_ifd(0x8825)
    assert b"SERIAL" not in data

    assert session.exports.write(again.id, tmp_path / "out.ora") == (
        "OpenRaster files hold no author or copyright. Credit them wherever you publish it.",
    )
    with ZipFile(tmp_path / "out.ora") as archive:
        assert b'xres="300"' in archive.read("stack.xml")


def test_the_command_line_keeps_it_too(tmp_path: Path, here: Run) -> None:
    photo, out = tmp_path / "photo.jpg", tmp_path / "out.png"
    photo.write_bytes(photograph())
    mask = np.zeros((60, 40), np.uint8)
    mask[10:20, 10:20] = 255
    (tmp_path / "mask.png").write_bytes(encode_png(mask))
    ran = here("edit", photo, "--mask", tmp_path / "mask.png", "--pipeline", "classical", "--seed", "1", "-o", out)
    assert ran.returncode == 0, ran.stderr
    folder = tmp_path / "more"
    folder.mkdir()
    (folder / "other.jpg").write_bytes(photograph())
    (folder / "._other.jpg").write_bytes(b"of macOS")
    (folder / "notes.txt").write_text("nothing")
    ran = here("run", out, folder, "-o", tmp_path / "results")
    assert ran.returncode == 0 and "notes.txt is not a picture" in ran.stderr and "1 other files" in ran.stderr, (
        ran.stderr
    )
    for file in (out, tmp_path / "results" / "other.png"):
        kept = read_image(file.read_bytes()).metadata
        assert (kept.author, kept.copyright) == ("Jane Doe", "(c) Jane Doe") and kept.dpi is not None
    ran = here("verify", out, photo, out)
    assert ran.returncode == 0, ran.stderr
    (folder / "other.jpg").unlink()
    ran = here("run", out, folder, "-o", tmp_path / "results")
    assert ran.returncode == 1 and "There is no picture in" in ran.stderr


def test_a_document_whose_models_lie_in_folders_says_so(session: Session, tmp_path: Path) -> None:
    pipeline = NoisePipeline(name="glide:/home/me/mine")
    document = session.open(noise(60, 40))
    session.submit(document.id, an_edit(disc(Box(10, 10, 20, 20)), pipeline="glide:/home/me/mine"))
    assert Worker(session.store, loader(pipeline)).run_one()
    (note,) = session.exports.write(document.id, tmp_path / "room.palimpsest")
    assert note == "The file contains the paths of models on this machine: glide:/home/me/mine."
    for suffix in (".png", ".ora"):
        session.exports.write(document.id, tmp_path / f"room{suffix}", made_with="noise 1")
        assert "/home/me" not in (recipe_of((tmp_path / f"room{suffix}").read_bytes()) or "")
    assert "glide:mine" in (recipe_of((tmp_path / "room.png").read_bytes()) or "")
