"""Names stand in stores and files that people have: they stay what they are."""

import numpy as np

from editor.imaging.digest import digest_of
from editor.imaging.geometry import Box
from editor.imaging.picture import Picture
from editor.imaging.raster import Mask, Patch
from editor.store.queue import revision_id
from tests.samples import an_edit

PIXELS = np.arange(30, dtype=np.uint8).reshape(2, 5, 3)


def test_names_are_those_of_before() -> None:
    assert Picture.from_pixels(PIXELS).digest == "2de74510789a7f353e68706d6e80cc8d"
    assert Patch(Box(0, 0, 5, 2), PIXELS).digest == "e038fb0744fd26df8bf8663f894b4e09"
    assert Mask(Box(7, 8, 5, 2), PIXELS[..., 0].copy()).digest == "f082e11564d0b7b87325990b636b834e"
    assert an_edit(Box(9, 9, 4, 4), seed=3).digest == "5ffe90a30d52ab61fb1bdebe8bb7fdb3"
    assert revision_id("document", None, "edit") == "e3dfa40150dce27daa939b6ee019db56"


def test_a_name_is_of_what_it_holds_and_its_kind() -> None:
    assert digest_of("a", b"b") == digest_of(b"ab") != digest_of("ba")
    assert digest_of("a", kind=b"mask") != digest_of("a")
