"""Patch and Mask: immutable pixels with their position on the plane."""

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

SLACK = 1e-3  # pixels; squared distances are whole numbers, so it is less than the gap between two distances
BLOCK = 1024  # side in pixels of the blocks in which distances are measured
HALF = 128  # least alpha of a mask's pixel that counts as inside when its edge is feathered


def frozen(array: Pixels) -> Pixels:
    """Returns a read-only, C-contiguous array with the same values; a copy when the caller could still write to it."""
    if array.flags.writeable or not array.flags.c_contiguous:
        array = np.array(array, order="C")
        array.flags.writeable = False
    return array


@dataclass(frozen=True, eq=False)
class Patch:
    """Colours on a box. Patches with equal box and pixels are equal.

    Raises ValueError when the pixels do not fill the box.
    """

    box: Box
    pixels: Pixels  # uint8 (H, W, 3) RGB or (H, W, 4) with straight alpha, read-only

    def __post_init__(self) -> None:
        if self.pixels.dtype != np.uint8 or self.pixels.shape not in ((*self.box.shape, 3), (*self.box.shape, 4)):
            raise ValueError(f"{self.pixels.dtype} {self.pixels.shape} pixels do not fill {self.box} with uint8 RGB(A)")
        object.__setattr__(self, "pixels", frozen(self.pixels))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Patch) and self.box == other.box and self.digest == other.digest

    def __hash__(self) -> int:
        return hash((self.box, self.digest))

    def cut(self, box: Box) -> "Patch":
        """Returns the part of it within `box`."""
        shared = self.box.intersect(box)
        return self if shared == self.box else Patch(shared, self.pixels[shared.slices(self.box)])

    @cached_property
    def digest(self) -> str:
        """Hex digest of shape and pixels, different from that of a tile with the same bytes."""
        return digest_of("x".join(map(str, self.pixels.shape)), self.pixels.data, kind=b"patch")


@dataclass(frozen=True, eq=False)
class Mask:
    """Where to repaint. Masks with equal box and alpha are equal.

    Raises InvalidInput when alpha does not fill the box.
    """

    box: Box  # all pixels outside it are kept
    alpha: Pixels  # uint8 (H, W), read-only; 255 = repaint, 0 = keep, soft between

    def __post_init__(self) -> None:
        if self.alpha.dtype != np.uint8 or self.alpha.shape != self.box.shape:
            raise InvalidInput(
                f"A mask of {self.alpha.dtype} values in the shape {self.alpha.shape} does not fill its box. Expected "
                f"uint8 in the shape {self.box.shape}."
            )
        object.__setattr__(self, "alpha", frozen(self.alpha))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Mask) and self.box == other.box and self.digest == other.digest

    def __hash__(self) -> int:
        return hash((self.box, self.digest))

    @cached_property
    def digest(self) -> str:
        """Hex digest of shape and alpha, different from that of a tile with the same bytes."""
        return digest_of(f"{self.box.width}x{self.box.height}:", self.alpha.data, kind=b"mask")

    @cached_property
    def bounds(self) -> Box:
        """The tight box around alpha > 0; empty when there is none."""
        if self.box.empty:
            return Box(self.box.x, self.box.y, 0, 0)
        x, y, width, height = cv2.boundingRect(self.alpha)
        return Box(self.box.x + x, self.box.y + y, width, height)

    def on(self, box: Box) -> Pixels:
        """Returns alpha on another box, as a new uint8 array of its shape; 0 outside this mask's box."""
        alpha = np.zeros(box.shape, np.uint8)
        shared = self.box.intersect(box)
        alpha[shared.slices(box)] = self.alpha[shared.slices(self.box)]
        return alpha

    def cut(self, box: Box) -> "Mask":
        """Returns the part of it within `box`, on its bounds."""
        if box.contains(self.bounds):
            return self.cropped()
        shared = self.bounds.intersect(box)
        return Mask(shared, self.on(shared)).cropped()

    def cropped(self) -> "Mask":
        """Returns the same mask on its bounds."""
        return self if self.bounds == self.box else Mask(self.bounds, self.on(self.bounds))

    def grown(self, px: int) -> "Mask":
        """Returns 255 on every pixel at most `px` pixels (Euclidean) from one with alpha > 0, else 0."""
        if px == 0:
            return Mask(self.box, (self.alpha > 0).astype(np.uint8) * np.uint8(255))

        def near(alpha: Pixels) -> Pixels:
            return (_distance(alpha > 0) <= px + SLACK).astype(np.uint8) * np.uint8(255)

        return self._by_blocks(px, near)

    def shrunk(self, px: int, frame: Box | None = None) -> "Mask":
        """Returns 255 on every pixel with alpha > 0 that is more than `px` pixels (Euclidean) from one without, else 0.

        frame: the picture's box; its edge does not count as the edge of the mask.
        """
        around = self.box.padded(1)  # beyond the box alpha is 0
        around = around if frame is None else around.intersect(frame)
        bare = Mask(around, (self.on(around) == 0).astype(np.uint8) * np.uint8(255))
        inside = (self.alpha > 0) & (bare.grown(px).on(self.box) == 0)
        return Mask(self.box, inside.astype(np.uint8) * np.uint8(255)).cropped()

    def joined(self, other: "Mask") -> "Mask":
        """Returns the union of two masks: the larger alpha of both."""
        box = self.bounds.union(other.bounds)
        return Mask(box, np.maximum(self.on(box), other.on(box))).cropped()

    def without(self, other: "Mask") -> "Mask":
        """Returns the part outside another mask: alpha times 1 minus the other's alpha, rounded."""
        left = 255 - other.on(self.box).astype(np.uint16)
        return Mask(self.box, ((self.alpha * left + 127) // 255).astype(np.uint8)).cropped()

    def feathered(self, px: int, inside: int = HALF) -> "Mask":
        """Returns 255 where alpha is at least `inside`, falling to 0 over `px` pixels outwards, never below alpha.

        It falls outwards only: falling inwards would leave a ring of what should be removed. Zero outside `grown(px)`.
        """

        def falling(alpha: Pixels) -> Pixels:
            distance = _distance(alpha >= inside)
            near = distance <= px + SLACK
            fall = np.zeros(alpha.shape, np.uint8)
            fall[near] = np.rint(127.5 + 127.5 * np.cos(np.pi / (px + 1) * distance[near]))
            return np.maximum(alpha, fall)

        return self._by_blocks(px, falling)

    def _by_blocks(self, reach: int, change: Callable[[Pixels], Pixels]) -> "Mask":
        """Applies `change` to alpha on the box padded by `reach`, block by block.

        `change` must compute each pixel from those at most `reach` pixels away, and zeros from zeros. Empty blocks are
        skipped, so that the cost scales with what is painted, however far apart that lies.
        """
        box = self.box.padded(reach)
        alpha = np.zeros(box.shape, np.uint8)
        for y in range(box.y, box.bottom, BLOCK):
            for x in range(box.x, box.right, BLOCK):
                block = Box(x, y, BLOCK, BLOCK).intersect(box)
                source = block.padded(reach).intersect(self.box)
                if self.alpha[source.slices(self.box)].any():
                    around = block.padded(reach)
                    alpha[block.slices(box)] = change(self.on(around))[block.slices(around)]
        return Mask(box, alpha)


def _distance(inside: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Returns the distance in pixels (Euclidean) from each pixel to the nearest one inside, float32; infinite when none
    is inside.
    """
    if not inside.any():
        return np.full(inside.shape, np.inf, np.float32)
    distance = cv2.distanceTransform((~inside).view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return np.asarray(distance, dtype=np.float32)
