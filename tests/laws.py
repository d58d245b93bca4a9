"""What holds for every edit on every picture; each test that makes an edit makes it through here."""

from collections.abc import Callable

import numpy as np

from editor.edits.apply import apply
from editor.edits.edit import Edit
from editor.edits.generation import Applied
from editor.edits.plan import affected_region, frame_after
from editor.imaging.geometry import Box
from editor.imaging.picture import Picture, tile_box, tile_digest
from editor.imaging.raster import Pixels
from pipelines.base import Pipeline, run


def rgba(picture: Picture, box: Box) -> Pixels:
    """Colours and opacity, uint8 (H, W, 4)."""
    return np.dstack([picture.read(box).pixels, picture.opacity(box)])


def check_edit(edit: Edit, picture: Picture, pipelines: Callable[[str], Pipeline]) -> Applied:
    """Apply the edit and check the laws; what came of it."""
    pixels, digest = rgba(picture, picture.box), picture.digest
    applied = run(apply(edit, picture, pipelines))
    after = applied.picture

    # the parent is untouched
    assert picture.digest == digest
    assert np.array_equal(rgba(picture, picture.box), pixels)

    check_kept(edit, picture, after)

    # a tile's name is that of its pixels, an edge tile is zero outside the picture, and alpha is there where it says
    # something
    for place, name in after.tiles.items():
        tile = after.tile(place)
        assert tile_digest(tile) == name
        inside = tile_box(place).intersect(after.box).slices(tile_box(place))
        outside = np.ones(tile.shape[:2], bool)
        outside[inside] = False
        assert not tile[outside].any()
        assert tile.shape[2] == 3 or (tile[inside][..., 3] < 255).any()

    # encoding and decoding is the identity
    check_text(edit)

    # the same edit gives the same pixels
    again = run(apply(edit, picture, pipelines))
    assert again.picture == after
    assert again.windows == applied.windows
    assert {name: crop.tobytes() for name, crop in again.crops.items()} == {
        name: crop.tobytes() for name, crop in applied.crops.items()
    }
    return applied


def check_kept(edit: Edit, before: Picture, after: Picture) -> None:
    """Outside its region an edit left every byte, and every tile's name, as it was."""
    allowed = affected_region(edit, before.box)
    assert after.box == frame_after(edit, before.box)
    assert after.box.contains(allowed.box)
    stayed = after.box.intersect(before.box)
    changed = (rgba(before, stayed) != rgba(after, stayed)).any(axis=-1)
    assert not (changed & (allowed.on(stayed) == 0)).any()
    for place, name in before.tiles.items():
        here = tile_box(place)
        if here.intersect(allowed.box).empty and here.intersect(after.box) == here.intersect(before.box):
            assert after.tiles[place] == name


def check_text(edit: Edit) -> None:
    """An edit comes back from its JSON, and the JSON from the edit."""
    text = edit.to_json()
    pixels = {edit.mask.digest: edit.mask.alpha}
    pixels |= {patch.digest: patch.pixels for patch in edit.patches}
    back = Edit.from_json(text, pixels.__getitem__)
    assert back == edit
    assert back.to_json() == text
