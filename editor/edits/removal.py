"""Which model removes: by whether the picture is a photograph or a drawing, and by what surrounds the mask."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

import cv2
import numpy as np

from editor.imaging.mask_cleaning import parted
from editor.imaging.picture import Picture
from editor.imaging.picture_kind import Kind, kind_of
from editor.imaging.raster import Mask
from pipelines.errors import InvalidInput

AUTO = "auto"  # to Remove, in the place of a model's name: the picture decides. An Edit has the model's own
DRAWS, COPIES, SPREADS = (
    "glide-mini",
    "patchmatch",
    "classical",
)  # the embedded model, patches, and where there are none
LEARNT = "lama:"  # what the names of LaMa's files begin with
KINDS: tuple[Kind, ...] = ("drawing", "photograph")
# why a model is chosen, as the end of a sentence
REASONS = {
    "photograph": "since this is a photograph",
    "drawing": "since this is a drawing",
    "texture": "since the mask lies in the texture of a drawing",
}
INNER, OUTER = 4, 16  # pixels from the mask between which its surroundings are looked at
NEAR, CONTRAST = 5, 24  # pixels a side of a square, and by how many levels colours differ in a busy one
# the share of busy pixels above which those surroundings are a texture; docs/models.md has the measurement
TEXTURE = 0.7


class Choice(NamedTuple):
    """A model for Remove."""

    model: str  # as an Edit has it
    kind: Kind  # what the picture is taken for
    why: str  # a key of REASONS

    @property
    def sentence(self) -> str:
        """What is chosen and why."""
        return f"{self.model}, {REASONS[self.why]}"


@dataclass(frozen=True)
class Removers:
    """The models that one for Remove is chosen from."""

    names: Collection[str]  # of all models
    default: str  # the model to use where none of those is for removing
    load: Callable[
        [str], object
    ]  # loads a model, or raises InvalidInput: called for a file of LaMa before it is chosen

    def choose(self, picture: Picture, mask: Mask, kind: Kind | None = None) -> Choice:
        """Chooses the model that removes what is under a mask.

        For a photograph it is LaMa, or PatchMatch where no file of it is whole. For a drawing it is the embedded model,
        but PatchMatch in a texture, which that one paints flat.

        Args:
            picture: the picture.
            mask: what is to be removed.
            kind: what the picture is, where somebody says so.

        Raises:
            InvalidInput: there is no such kind.
        """
        if kind is not None and kind not in [*KINDS]:
            raise InvalidInput(f"A picture is a {' or a '.join(KINDS)}, not {kind!r}.")
        found = kind or kind_of(picture)
        if found == "photograph":
            learnt = (name for name in self.names if name.startswith(LEARNT) and self._loads(name))
            why, wanted = "photograph", [*islice(learnt, 1), COPIES, SPREADS]
        elif COPIES in self.names and _busy_share(picture, mask) > TEXTURE:
            why, wanted = "texture", [COPIES]
        else:
            why, wanted = "drawing", [DRAWS, COPIES, SPREADS]
        return Choice(next((name for name in wanted if name in self.names), self.default), found, why)

    def candidates(self) -> list[str]:
        """Returns the models that may be chosen, the default only where there are no others."""
        ours = [name for name in self.names if name in (DRAWS, COPIES, SPREADS) or name.startswith(LEARNT)]
        return [name for name in ours if name != SPREADS or COPIES not in ours] or [self.default]

    def _loads(self, name: str) -> bool:
        try:
            self.load(name)
        except InvalidInput:
            return False
        return True


def _busy_share(picture: Picture, mask: Mask) -> float:
    """Returns the share of the pixels around a mask that have other colours near them; 0 where nothing surrounds it.

    Only tiles around the mask's parts are read.
    """
    inner, outer = (
        cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1)) for reach in (INNER, OUTER)
    )
    square = np.ones((NEAR, NEAR), np.uint8)
    busy = seen = 0
    for part in parted(mask):
        box = part.box.padded(OUTER + NEAR).intersect(picture.box)
        hole = (mask.on(box) > 0).astype(np.uint8)
        ring = (cv2.dilate(hole, outer) > cv2.dilate(hole, inner)) & (picture.opacity(box) == 255)
        pixels = picture.read(box).pixels
        contrast = cv2.subtract(cv2.dilate(pixels, square), cv2.erode(pixels, square)).max(2)
        busy += int(np.count_nonzero((contrast > CONTRAST) & ring))
        seen += int(np.count_nonzero(ring))
    return busy / seen if seen else 0.0
