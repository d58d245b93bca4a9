"""Patch and Mask: pixels that know where on the plane they lie. Immutable."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from editor.imaging.digest import digest_of
from editor.imaging.geometry import Box
from pipelines.errors import InvalidInput

Pixels = NDArray[np.uint8]

SLACK = 1e-3  # pixels; squared distances are whole numbers, so it is less than from any length to the next
BLOCK = 1024  # side in pixels of the parts in which distances are measured
HALF = 128  # from here on a pixel of a mask counts as painted when its edge is feathered


def frozen(array: Pixels) -> Pixels:
    """The same numbers in a C-contiguous array nobody can write to; copied when the caller still could."""
    if array.flags.writeable or not array.flags.c_contiguous:
        array = np.array(array, order="C")
        array.flags.writeable = False
    return array


@dataclass(frozen=True, eq=False)
class Patch:
    """Pixels at a box: uint8 (H, W, 3) RGB or (H, W, 4) with straight alpha, read-only. ValueError when they do not
    fill the box. Two patches are equal when box and pixels are.
    """

    box: Box
    pixels: Pixels

    def __post_init__(self) -> None:
        if self.pixels.dtype != np.uint8 or self.pixels.shape not in ((*self.box.shape, 3), (*self.box.shape, 4)):
            raise ValueError(f"{self.pixels.dtype} {self.pixels.shape} pixels do not fill {self.box} with uint8 RGB(A)")
        object.__setattr__(self, "pixels", frozen(self.pixels))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Patch) and self.box == other.box and self.digest == other.digest

    def __hash__(self) -> int:
        return hash((self.box, self.digest))

    def cut(self, box: Box) -> "Patch":
        """The part of it within `box`."""
        shared = self.box.intersect(box)
        return self if shared == self.box else Patch(shared, self.pixels[shared.slices(self.box)])

    @cached_property
    def digest(self) -> str:
        """Hex name of shape and pixels. `kind`: a patch is not a tile of the same bytes."""
        return digest_of("x".join(map(str, self.pixels.shape)), self.pixels.data, kind=b"patch")


@dataclass(frozen=True, eq=False)
class Mask:
    """Where to repaint. alpha: uint8 (H, W), read-only; 255 = repaint, 0 = keep, soft between; outside the
    box: keep.

    ValueError when alpha does not fill the box. Two masks are equal when box and alpha are.
    """

    box: Box
    alpha: Pixels

    def __post_init__(self) -> None:
        if self.alpha.dtype != np.uint8 or self.alpha.shape != self.box.shape:
            raise InvalidInput(
                f"A mask of {self.alpha.dtype} values in the shape {self.alpha.shape} does not fill its box: uint8 of "
                f"{self.box.shape} does."
            )
        object.__setattr__(self, "alpha", frozen(self.alpha))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Mask) and self.box == other.box and self.digest == other.digest

    def __hash__(self) -> int:
        return hash((self.box, self.digest))

    @cached_property
    def digest(self) -> str:
        """Hex name of shape and alpha. `kind`: a white mask is not a white tile of as many bytes."""
        return digest_of(f"{self.box.width}x{self.box.height}:", self.alpha.data, kind=b"mask")

    @cached_property
    def bounds(self) -> Box:
        """The tight box around alpha > 0; empty when there is none."""
        if self.box.empty:
            return Box(self.box.x, self.box.y, 0, 0)
        x, y, width, height = cv2.boundingRect(self.alpha)
        return Box(self.box.x + x, self.box.y + y, width, height)

    def on(self, box: Box) -> Pixels:
        """alpha on `box`: a new uint8 array of the box's shape, 0 where this mask says nothing."""
        alpha = np.zeros(box.shape, np.uint8)
        shared = self.box.intersect(box)
        alpha[shared.slices(box)] = self.alpha[shared.slices(self.box)]
        return alpha

    def cut(self, box: Box) -> "Mask":
        """The part of it within `box`, on as small a box as holds it."""
        if box.contains(self.bounds):
            return self.cropped()
        shared = self.bounds.intersect(box)
        return Mask(shared, self.on(shared)).cropped()

    def cropped(self) -> "Mask":
        """The same mask on its bounds."""
        return self if self.bounds == self.box else Mask(self.bounds, self.on(self.bounds))

    def grown(self, px: int) -> "Mask":
        """255 on every pixel at most `px` pixels (Euclidean) from one with alpha > 0, else 0."""
        if px == 0:
            return Mask(self.box, (self.alpha > 0).astype(np.uint8) * np.uint8(255))

        def near(alpha: Pixels) -> Pixels:
            return (_distance(alpha > 0) <= px + SLACK).astype(np.uint8) * np.uint8(255)

        return self._by_blocks(px, near)

    def shrunk(self, px: int, frame: Box | None = None) -> "Mask":
        """255 on every pixel with alpha > 0 that is more than `px` pixels (Euclidean) from one without, else 0.

        frame: the picture; there is no pixel outside it to be far from.
        """
        around = self.box.padded(1)  # beyond the box nothing is painted
        around = around if frame is None else around.intersect(frame)
        bare = Mask(around, (self.on(around) == 0).astype(np.uint8) * np.uint8(255))
        inside = (self.alpha > 0) & (bare.grown(px).on(self.box) == 0)
        return Mask(self.box, inside.astype(np.uint8) * np.uint8(255)).cropped()

    def joined(self, other: "Mask") -> "Mask":
        """All that either paints: the larger alpha of both."""
        box = self.bounds.union(other.bounds)
        return Mask(box, np.maximum(self.on(box), other.on(box))).cropped()

    def without(self, other: "Mask") -> "Mask":
        """What the other does not paint of it: alpha times the other's share left, rounded."""
        left = 255 - other.on(self.box).astype(np.uint16)
        return Mask(self.box, ((self.alpha * left + 127) // 255).astype(np.uint8)).cropped()

    def feathered(self, px: int) -> "Mask":
        """255 wherever alpha is at least HALF, falling to 0 over `px` pixels outwards, nowhere below alpha
        itself.

        Outwards only: a fall that eats into the mask would leave a ring of what was to go. Zero outside
        `grown(px)`.
        """

        def falling(alpha: Pixels) -> Pixels:
            distance = _distance(alpha >= HALF)
            near = distance <= px + SLACK
            fall = np.zeros(alpha.shape, np.uint8)
            fall[near] = np.rint(127.5 + 127.5 * np.cos(np.pi / (px + 1) * distance[near]))
            return np.maximum(alpha, fall)

        return self._by_blocks(px, falling)

    def _by_blocks(self, reach: int, change: Callable[[Pixels], Pixels]) -> "Mask":
        """What `change` makes of alpha on a box that is padded by `reach`, where each pixel follows from those at most
        so far away, and from nothing comes nothing: in blocks, so that a mask costs by what is painted, however far
        apart that lies.
        """
        box = self.box.padded(reach)
        alpha = np.zeros(box.shape, np.uint8)
        for y in range(box.y, box.bottom, BLOCK):
            for x in range(box.x, box.right, BLOCK):
                block = Box(x, y, BLOCK, BLOCK).intersect(box)
                seen = block.padded(reach).intersect(self.box)
                painted = self.alpha[seen.slices(self.box)]
                if painted.any():
                    around = block.padded(reach)
                    alpha[block.slices(box)] = change(self.on(around))[block.slices(around)]
        return Mask(box, alpha)


def _distance(painted: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Pixels (Euclidean) from each pixel to the nearest painted one, float32; infinite when nothing is
    painted.
    """
    if not painted.any():
        return np.full(painted.shape, np.inf, np.float32)
    away = cv2.distanceTransform((~painted).view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return np.asarray(away, dtype=np.float32)
