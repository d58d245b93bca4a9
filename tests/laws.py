"""What holds for every edit on every picture; each test that makes an edit makes it through here."""

from collections.abc import Callable

import numpy as np

from editor.edit import Applied, Edit, apply, region
from editor.picture import Picture, tile_box, tile_digest
from editor.raster import Pixels
from pipelines.base import Pipeline, run


def check_edit(edit: Edit, picture: Picture, pipelines: Callable[[str], Pipeline]) -> Applied:
    """Apply the edit and check the laws; what came of it."""
    pixels, digest = picture.read(picture.box).pixels, picture.digest
    applied = run(apply(edit, picture, pipelines))
    after = applied.picture

    # the parent is untouched
    assert picture.digest == digest
    assert np.array_equal(picture.read(picture.box).pixels, pixels)

    check_kept(edit, picture, after)

    # a tile's name is that of its pixels, and an edge tile is zero outside the picture
    for place, name in after.tiles.items():
        tile = after.tile(place)
        assert tile_digest(tile) == name
        outside = np.ones(tile.shape[:2], bool)
        outside[tile_box(place).intersect(after.box).slices(tile_box(place))] = False
        assert not tile[outside].any()

    # encoding and decoding is the identity
    check_text(edit)

    # the same wish gives the same pixels
    again = run(apply(edit, picture, pipelines))
    assert again.picture == after
    assert again.window == applied.window
    assert np.array_equal(again.crop, applied.crop)
    return applied


def check_kept(edit: Edit, before: Picture, after: Picture) -> None:
    """Outside its region an edit left every byte, and every tile's name, as it was."""
    allowed = region(edit, before)
    assert after.box == before.box
    assert before.box.contains(allowed.box)
    changed = (before.read(before.box).pixels != after.read(before.box).pixels).any(axis=-1)
    assert not (changed & (allowed.on(before.box) == 0)).any()
    for place, name in before.tiles.items():
        if tile_box(place).intersect(allowed.box).empty:
            assert after.tiles[place] == name


def check_text(edit: Edit) -> None:
    """An edit comes back from its JSON, and the JSON from the edit."""
    text = edit.to_json()

    def mask_of(digest: str) -> Pixels:
        assert digest == edit.mask.digest
        return edit.mask.alpha

    back = Edit.from_json(text, mask_of)
    assert back == edit
    assert back.to_json() == text
