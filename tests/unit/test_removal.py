"""Who removes: by the picture and by what surrounds the mask, of what there is."""

from typing import Any

import numpy as np
import pytest

from editor.edits.removal import Removers
from editor.imaging.geometry import Box
from editor.imaging.picture import Picture
from editor.imaging.raster import Mask, Pixels
from pipelines.errors import InvalidInput
from tests.samples import disc, filled, noise

ALL: tuple[str, ...] = ("hf:own", "glide-mini", "patchmatch", "classical", "lama:/big.pt")
HOLE = disc(Box(90, 90, 40, 40))


def drawing() -> Pixels:
    """uint8 (260, 300, 3): fields of one colour, and grain in a corner of 100 pixels."""
    pixels = np.zeros((260, 300, 3), np.uint8)
    for number, colour in enumerate(((200, 60, 40), (40, 90, 160), (240, 230, 60), (90, 180, 90))):
        pixels[:, 75 * number : 75 * number + 75] = colour
    pixels[160:, 200:] = noise(100, 100)
    return pixels


DRAWING, PHOTOGRAPH = Picture.from_pixels(drawing()), Picture.from_pixels(noise(300, 260))
IN_GRAIN = disc(Box(235, 195, 30, 30))


def load(name: str) -> None:
    if "damaged" in name:
        raise InvalidInput("The file is damaged.")


def chosen(picture: Picture, mask: Mask = HOLE, names: Any = ALL, **said: Any) -> tuple[str, str, str]:
    return tuple(Removers(names, "hf:own", load).choose(picture, mask, **said))  # type: ignore[return-value]


def test_the_picture_decides_and_what_is_missing_gives_way() -> None:
    without = ALL
    for model in ("lama:/big.pt", "patchmatch", "classical", "hf:own"):
        assert chosen(PHOTOGRAPH, names=without) == (model, "photograph", "photograph")
        without = tuple(name for name in without if name != model)
    without = ALL
    for model in ("glide-mini", "patchmatch", "classical", "hf:own"):
        assert chosen(DRAWING, names=without) == (model, "drawing", "drawing")
        without = tuple(name for name in without if name != model)


def test_a_damaged_file_is_passed_over() -> None:
    assert chosen(PHOTOGRAPH, names=["lama:/damaged.pt", *ALL])[0] == "lama:/big.pt"
    assert chosen(PHOTOGRAPH, names=["lama:/damaged.pt", "patchmatch"])[0] == "patchmatch"


def test_texture_in_a_drawing_is_copied() -> None:
    assert chosen(DRAWING, IN_GRAIN) == ("patchmatch", "drawing", "texture")
    assert chosen(DRAWING, IN_GRAIN, [name for name in ALL if name != "patchmatch"])[0] == "glide-mini"
    both = IN_GRAIN.joined(filled(Box(20, 20, 160, 120)))  # most of what surrounds the two is plain
    assert chosen(DRAWING, both) == ("glide-mini", "drawing", "drawing")


def test_what_is_said_of_the_picture_counts() -> None:
    assert chosen(DRAWING, kind="photograph") == ("lama:/big.pt", "photograph", "photograph")
    assert chosen(PHOTOGRAPH, kind="drawing") == ("patchmatch", "drawing", "texture")
    for wrong in ("painting", "", 5, ["drawing"]):
        with pytest.raises(ValueError, match="a drawing or a photograph, not"):
            chosen(DRAWING, kind=wrong)


@pytest.mark.parametrize("box", [Box(0, 0, 30, 30), Box(270, 230, 30, 30), Box(0, 0, 300, 260), Box(-40, -40, 60, 60)])
def test_a_mask_at_the_border_or_over_everything_has_an_answer(box: Box) -> None:
    """Where nothing surrounds it, nothing is a texture."""
    assert chosen(PHOTOGRAPH, filled(box))[0] == "lama:/big.pt"
    assert chosen(DRAWING, filled(box))[0] == ("patchmatch" if box.x == 270 else "glide-mini")


def test_transparent_pixels_decide_nothing() -> None:
    for inner, kind in ((noise(160, 140), "photograph"), (drawing()[60:200, 60:220], "drawing")):
        pixels = np.zeros((260, 300, 4), np.uint8)
        pixels[60:200, 60:220] = np.dstack([inner, np.full(inner.shape[:2], 255, np.uint8)])
        assert chosen(Picture.from_pixels(pixels))[1] == kind
    hidden = np.dstack([noise(300, 260), np.zeros((260, 300), np.uint8)])
    assert chosen(Picture.from_pixels(hidden)) == ("glide-mini", "drawing", "drawing")


def test_no_other_model_is_chosen_than_those_that_are_waited_for() -> None:
    for names in (ALL, ALL[:1], ALL[1:], ALL[:3], ALL[2:4], ALL[3:], ["x"]):
        for picture in (DRAWING, PHOTOGRAPH):
            for mask in (HOLE, IN_GRAIN):
                assert chosen(picture, mask, names)[0] in Removers(names, "hf:own", load).candidates()
