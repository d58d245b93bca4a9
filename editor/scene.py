"""Scene: one window onto a picture, with what a model may be told of it and what its answer may change."""

from dataclasses import dataclass

import numpy as np

from editor.compositing import (
    RING,
    blend,
    colour_match,
    evened,
    laid_over,
    nearest_known,
    over,
    ramp,
    resized,
    resized_mask,
    surrounded,
)
from editor.edit import Edit
from editor.geometry import Box
from editor.picture import Picture
from editor.raster import Mask, Patch, Pixels
from editor.windows import Detail


@dataclass(frozen=True, eq=False)
class Scene:
    """Every array lies at the window, (H, W).

    visible: the part of the window inside the picture. original: uint8 (H, W, 3), what is there. opacity: uint8 (H, W),
    how much of it is known. start: uint8 (H, W, 3), what a model begins from: the sketch over the original, and the
    nearest known pixels where nothing is known. repaint: uint8 (H, W), 255 = what a model must not take for known, 0 =
    what it keeps; between them for a soft pipeline alone, how much it repaints. alpha: uint8 (H, W), the model's share
    in the result. ring: uint8 (H, W), 0 or 255, kept pixels around what is repainted, to compare colours in.
    """

    window: Box
    visible: Box
    original: Pixels
    opacity: Pixels
    start: Pixels
    repaint: Pixels
    alpha: Pixels
    ring: Pixels
    colour_match: bool

    @staticmethod
    def of(edit: Edit, mask: Mask, before: Box, picture: Picture, window: Box, soft: bool) -> "Scene":
        """mask: where to repaint. before: the frame of the picture until now; what lies outside it is new. soft:
        whether the pipeline is.
        """
        visible = window.intersect(picture.box)
        original, opacity = surrounded(picture.read(visible), window), picture.opacity(window)
        faded = softened(edit, mask, picture.box, window)
        # to a soft pipeline what fades out in the picture is less and less its own, and so goes over into the old
        given = faded if soft else mask.grown(0)
        repaint = np.where(opacity == 255, given.on(window), np.uint8(255))
        start = nearest_known(original, opacity > 0) if (opacity[visible.slices(window)] == 0).any() else original
        if edit.sketch is not None:
            start = laid_over(start, edit.sketch, window)
        return Scene(
            window=window,
            visible=visible,
            original=original,
            opacity=opacity,
            start=start,
            repaint=repaint,
            alpha=share(edit, faded, before, picture.box, window, soft),
            ring=np.where(repaint == 0, given.grown(RING).on(window), np.uint8(0)),
            colour_match=edit.blend.colour_match,
        )

    def asked(self, shape: tuple[int, int]) -> tuple[Pixels, Pixels]:
        """The image and the mask of a request at one of a pipeline's shapes."""
        return resized(self.start, shape), resized_mask(self.repaint, shape)

    def generated(self, crop: Pixels) -> Pixels:
        """What a model drew at its own shape as it would stand in the window, uint8 (H, W, 3)."""
        generated = resized(crop, self.window.shape)
        if not self.colour_match:
            return generated
        matched = colour_match(generated, self.original, self.ring > 0)
        return evened(matched, self.original, self.repaint)

    def changing(self) -> Mask:
        """Where the model has a share in the result."""
        return Mask(self.window, self.alpha).cut(self.visible)

    def asked_again(self, part: Detail, result: Pixels) -> tuple[Pixels, Pixels]:
        """The image and the mask of a request that draws a cell of a result, uint8 (H, W, 3), anew."""
        inside = part.window.intersect(self.visible)  # a picture may be narrower than a window
        there, here = inside.slices(self.window), inside.slices(part.window)
        cell = Mask(part.cell, self.repaint[part.cell.slices(self.window)]).on(inside)
        hole = np.full(part.window.shape, 255, np.uint8)
        hole[here] = np.where(self.opacity[there] == 255, cell, np.uint8(255))
        now = Patch(inside, blend(self.original[there], result[there], self.repaint[there]))
        return surrounded(now, part.window), hole

    def refined(self, part: Detail, result: Pixels, crop: Pixels) -> Pixels:
        """A result with a cell of it drawn anew; crop: uint8 (S, S, 3) at the detail's window."""
        if self.colour_match:
            image, hole = self.asked_again(part, result)
            crop = evened(colour_match(crop, image, hole == 0), image, hole)
        there = part.cell.slices(self.window)
        drawn = np.ascontiguousarray(crop[part.cell.slices(part.window)])
        refined = result.copy()
        refined[there] = blend(result[there], drawn, ramp(part.cell.shape, part.above, part.left))
        return refined

    def composed(self, generated: Pixels) -> Patch:
        """What the picture shows with uint8 (H, W, 3) laid into it: RGB, or with alpha where it has any."""
        inside = self.visible.slices(self.window)
        arrays = (self.original[inside], generated[inside], self.alpha[inside])
        opacity = self.opacity[inside]
        pixels = blend(*arrays) if (opacity == 255).all() else over(*arrays, opacity)
        return Patch(self.visible, pixels)


def softened(edit: Edit, mask: Mask, frame: Box, window: Box) -> Mask:
    """A mask with its edge moved and feathered, as far as its window has room for that.

    The mask's edge is feathered, that of the picture, at `frame`, is not: there is nothing there to fade into.
    """
    room = _room(edit.blend.feather + max(0, edit.blend.edge), mask.bounds, window, frame)
    edge = min(edit.blend.edge, room)
    feather = min(edit.blend.feather, room - max(0, edge))
    moved = mask if edge == 0 else mask.joined(mask.grown(edge)) if edge > 0 else mask.shrunk(-edge, frame)
    return moved.feathered(feather)


def share(edit: Edit, faded: Mask, before: Box, frame: Box, window: Box, soft: bool) -> Pixels:
    """The model's share in the result, uint8 (H, W): the softened mask times the opacity. What is new in the picture is
    the model's alone, however the rest is laid in. soft: whether the pipeline faded out already.
    """
    alpha = faded.on(window)
    if soft:
        # Faded twice alike, the rim is up to a quarter too old; taken whole, it ends in a step of all that the way
        # through an autoencoder loses. Of m, 1 - (1 - m)^2: a seventh too old at most, and no step.
        alpha = np.rint(255 - (255 - alpha.astype(np.float32)) ** 2 / 255).astype(np.uint8)
    if edit.blend.opacity < 1:
        alpha = np.rint(alpha * edit.blend.opacity).astype(np.uint8)
    visible = window.intersect(frame)
    if not before.contains(visible):
        new = np.zeros(window.shape, np.uint8)
        new[visible.slices(window)] = 255
        known = window.intersect(before)
        new[known.slices(window)] = 0
        alpha = np.maximum(alpha, new)
    return alpha


def _room(reach: int, hole: Box, window: Box, frame: Box) -> int:
    """The reach, but no wider than the window reaches around the hole; a side where the picture ends sets
    no limit.
    """
    gaps = [
        (hole.x - window.x, window.x > frame.x),
        (hole.y - window.y, window.y > frame.y),
        (window.right - hole.right, window.right < frame.right),
        (window.bottom - hole.bottom, window.bottom < frame.bottom),
    ]
    return min([reach, *(gap for gap, goes_on in gaps if goes_on)])
