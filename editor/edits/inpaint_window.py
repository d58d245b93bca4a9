"""InpaintWindow: a window onto a picture, with what a model is shown of it and what its result may change."""

from dataclasses import dataclass

import numpy as np

from editor.edits.edit import Edit
from editor.edits.windows import Detail
from editor.imaging.compositing import (
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
from editor.imaging.geometry import Box
from editor.imaging.picture import Picture
from editor.imaging.raster import Mask, Patch, Pixels


@dataclass(frozen=True, eq=False)
class InpaintWindow:
    """Every array lies at the window, (H, W).

    picture: what a model may see, with the results of other parts. visible: the part of the window inside the picture.
    original: uint8 (H, W, 3), what is there. opacity: uint8 (H, W), how much of it is known. start: uint8 (H, W, 3),
    what a model begins from: the sketch over the original, and the nearest known pixels where nothing is known.
    repaint: uint8 (H, W), 255 = what a model must not take for known, 0 = what it keeps; between them for a soft
    pipeline alone, how much it repaints. alpha: uint8 (H, W), the model's share in the result. ring: uint8 (H, W), 0 or
    255, kept pixels around what is repainted, to compare colours in.
    """

    picture: Picture
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
    def of(
        edit: Edit, part: Mask, mask: Mask, holes: Pixels, before: Box, picture: Picture, window: Box, soft: bool
    ) -> "InpaintWindow":
        """part: what of the edit's mask is repainted in this window. holes: uint8 (H, W), above 0 where other parts are
        still to be repainted. before: the frame of the picture until now; what lies outside it is new. picture: with
        the results of the parts that were drawn before. soft: whether the pipeline is.
        """
        visible = window.intersect(picture.box)
        original, opacity = surrounded(picture.read(visible), window), picture.opacity(window)
        faded = softened(edit, part, mask, picture.box, window)
        # to a soft pipeline what fades out in the picture is less and less its own, and so goes over into the old
        given = faded if soft else part.grown(0)
        repaint = np.where((opacity == 255) & (holes == 0), given.on(window), np.uint8(255))
        start = nearest_known(original, opacity > 0) if (opacity[visible.slices(window)] == 0).any() else original
        if edit.sketch is not None:
            start = laid_over(start, edit.sketch, window)
        return InpaintWindow(
            picture=picture,
            window=window,
            visible=visible,
            original=original,
            opacity=opacity,
            start=start,
            repaint=repaint,
            alpha=share(edit, faded, part, before, picture.box, window, soft),
            ring=np.where(repaint == 0, given.grown(RING).on(window), np.uint8(0)),
            colour_match=edit.blend.colour_match,
        )

    def request_arrays(self, shape: tuple[int, int]) -> tuple[Pixels, Pixels]:
        """The image and the mask of a request at one of a pipeline's buckets."""
        return resized(self.start, shape), resized_mask(self.repaint, shape)

    def generated(self, crop: Pixels) -> Pixels:
        """What a model drew at its own shape as it would stand in the window, uint8 (H, W, 3)."""
        return self.matched(crop) if self.colour_match else resized(crop, self.window.shape)

    def matched(self, crop: Pixels) -> Pixels:
        """The same with its colours moved to meet those around, however it is to be blended."""
        matched = colour_match(resized(crop, self.window.shape), self.original, self.ring > 0)
        return evened(matched, self.original, self.repaint)

    def detail_arrays(self, part: Detail, result: Pixels) -> tuple[Pixels, Pixels]:
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
            image, hole = self.detail_arrays(part, result)
            crop = evened(colour_match(crop, image, hole == 0), image, hole)
        there = part.cell.slices(self.window)
        drawn = np.ascontiguousarray(crop[part.cell.slices(part.window)])
        refined = result.copy()
        refined[there] = blend(result[there], drawn, ramp(part.cell.shape, part.above, part.left))
        return refined

    def composed(self, generated: Pixels, picture: Picture) -> Patch:
        """What a picture shows with uint8 (H, W, 3) laid into it: RGB, or with alpha where it has any."""
        inside = self.visible.slices(self.window)
        original, opacity = self.original[inside], self.opacity[inside]
        if picture is not self.picture:
            original, opacity = picture.read(self.visible).pixels, picture.opacity(self.visible)
        arrays = (original, generated[inside], self.alpha[inside])
        pixels = blend(*arrays) if (opacity == 255).all() else over(*arrays, opacity)
        return Patch(self.visible, pixels)

    def whole(self, generated: Pixels, part: Mask) -> Patch:
        """uint8 (H, W, 3) in all of a part, as what is drawn beside it may see it: RGB, or with alpha."""
        box = part.bounds
        there = box.slices(self.window)
        own = part.on(box) > 0
        colours = np.where(own[..., None], generated[there], self.original[there])
        opacity = np.where(own, np.uint8(255), self.opacity[there])
        return Patch(box, colours if (opacity == 255).all() else np.dstack([colours, opacity]))


def softened(edit: Edit, part: Mask, mask: Mask, frame: Box, window: Box) -> Mask:
    """A part of an edit's mask with its edge moved and feathered, as far as its window has room for that.

    The mask's edge is feathered, that of the picture, at `frame`, is not: there is nothing there to fade into. Where
    the mask goes on in another part, none of it is lost.
    """
    room = _room(edit.blend.reach, part.bounds, window, frame)
    edge = min(edit.blend.edge, room)
    feather = min(edit.blend.feather, room - max(0, edge))
    if edge > 0:
        part = part.joined(part.grown(edge))
    elif edge < 0:
        left = mask.cut(part.bounds.padded(1 - edge)).shrunk(-edge, frame).on(part.box)
        part = Mask(part.box, np.where(part.alpha > 0, left, np.uint8(0)))
    return part.feathered(feather)


def share(edit: Edit, faded: Mask, part: Mask, before: Box, frame: Box, window: Box, soft: bool) -> Pixels:
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
        new = (part.on(window) > 0).astype(np.uint8) * np.uint8(255)
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
