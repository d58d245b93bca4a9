"""A mask's file marks the same pixels for command line and API; for the page: browser/test_selecting."""

import base64
from pathlib import Path

import numpy as np
import pytest

from editor.formats.export import recipe_of
from editor.formats.images import encode_png, open_mask
from editor.imaging.mask_cleaning import cleaned
from editor.imaging.picture import Picture
from editor.imaging.raster import Mask
from editor.recipes.recipe import Recipe
from editor.web.regions import read_region
from tests.conftest import Run
from tests.mask_files import mask_files
from tests.samples import noise
from tests.unit.test_store import store
from tests.web.test_routes import routes, samples
from tests.wire import RouteClient, unpacked

__all__ = ["routes", "samples", "store"]  # fixtures
FILES = mask_files(64, 48)


@pytest.mark.parametrize("name", FILES)
def test_a_masks_file_means_the_same_everywhere(name: str, tmp_path: Path, here: Run) -> None:
    data, marked = FILES[name]
    assert np.array_equal(open_mask(data).alpha, marked)
    picture = Picture.from_pixels(noise(64, 48))
    meant = cleaned(Mask(picture.box, marked)).mask.on(picture.box)  # without what is too faint for paint
    placed = cleaned(read_region(picture, None, None, 0, base64.b64encode(data).decode())).mask
    assert np.array_equal(placed.on(picture.box), meant)

    mask, room, out = tmp_path / name, tmp_path / "room.png", tmp_path / "out.png"
    mask.write_bytes(data)
    room.write_bytes(encode_png(noise(64, 48)))
    ran = here("edit", room, "--mask", mask, "--pipeline", "classical", "--seed", "1", "-o", out)
    assert ran.returncode == 0, ran.stderr
    assert ("transparent picture" in ran.stderr) == ("strokes" in name)
    (step,) = Recipe.from_json(recipe_of(out.read_bytes()) or "").steps
    assert np.array_equal(step.mask.on(picture.box), meant)


def test_the_pages_route_reads_a_mask_and_says_how(routes: RouteClient) -> None:
    state = routes.opened()
    width, height = 300, 200
    for name, (data, marked) in mask_files(width, height).items():
        head, mask = unpacked(routes.post(f"documents/{state['document']}/mask-file", content=data), "mask")
        assert mask is not None and head["size"] == [width, height]
        reading = "white strokes" if name.startswith("black-and") else "strokes" if "strokes" in name else "light"
        assert head["reading"] == reading
        whole = np.zeros((height, width), np.uint8)
        whole[mask.box.slices(Picture.from_pixels(noise(width, height)).box)] = mask.alpha
        assert np.array_equal(whole, marked), name
    head, mask = unpacked(
        routes.post(f"documents/{state['document']}/mask-file", content=encode_png(marked[1:])), "mask"
    )
    assert mask is None and head["size"] == [width, height - 1]
    answer = routes.post(f"documents/{state['document']}/mask-file", content=b"no picture")
    assert answer.status_code == 400 and "not an image" in answer.json()["error"]


def test_a_mask_is_read_by_what_is_chosen(routes: RouteClient, tmp_path: Path, here: Run) -> None:
    pixels = np.zeros((200, 300, 4), np.uint8)
    pixels[20:60, 30:90] = (255, 255, 255, 255)
    pixels[100:150, 30:90] = (0, 0, 0, 255)
    grey = np.full((200, 300, 3), 90, np.uint8)
    white, both = pixels[..., 0], pixels[..., 3]
    for by, reading, marked in (
        ("", "white strokes", white), ("brightness", "white strokes", white), ("transparency", "strokes", both),
    ):  # fmt: skip
        opened = open_mask(encode_png(pixels), by=by)
        assert opened.reading == reading and np.array_equal(opened.alpha, marked)
    assert np.array_equal(open_mask(encode_png(grey), by="brightness").alpha, grey[..., 0])
    with pytest.raises(ValueError, match="has no transparency"):
        open_mask(encode_png(grey), by="transparency")
    with pytest.raises(ValueError, match="by brightness or transparency, not by 'hue'"):
        open_mask(encode_png(pixels), by="hue")
    state = routes.opened()
    path = f"documents/{state['document']}/mask-file"
    head, mask = unpacked(routes.post(f"{path}?by=transparency", content=encode_png(pixels)), "mask")
    assert head["reading"] == "strokes" and mask is not None and mask.box.height == 130
    files = [tmp_path / name for name in ("room.png", "mask.png", "out.png")]
    files[0].write_bytes(encode_png(noise(300, 200)))
    files[1].write_bytes(encode_png(pixels))
    command = ["edit", files[0], "--mask", files[1], "--mask-by", "transparency", "--pipeline", "classical"]
    ran = here(*command, "--seed", "1", "-o", files[2])
    assert ran.returncode == 0, ran.stderr
    (step,) = Recipe.from_json(recipe_of(files[2].read_bytes()) or "").steps
    assert step.mask.bounds.height == 130
