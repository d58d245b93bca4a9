"""InpaintWindow: a window of a picture, with what a model sees of it and what the model's result may change."""

from dataclasses import dataclass

import numpy as np

from editor.edits.edit import Blend, Edit
from editor.edits.windows import Detail
from editor.imaging.compositing import (
    RING,
    at_opacity,
    blend,
    colour_match,
    composite,
    evened,
    laid_over,
    nearest_known,
    ramp,
    resized,
    resized_mask,
    surrounded,
)
from editor.imaging.geometry import Box
from editor.imaging.picture import Picture
from editor.imaging.raster import HALF, Mask, Patch, Pixels


@dataclass(frozen=True, eq=False)
class InpaintWindow:
    """What a model needs of a window, and what its result may change. All arrays cover the window, (H, W)."""

    picture: Picture  # what the model may see, with the results of other parts
    window: Box
    visible: Box  # the part of the window inside the picture
    original: Pixels  # uint8 (H, W, 3), the picture's colours
    opacity: Pixels  # uint8 (H, W), how much of the picture is known
    # uint8 (H, W, 3), what the model starts from: the sketch over the original, and the nearest known pixels where
    # nothing is known
    start: Pixels
    # uint8 (H, W), 255: the model repaints, 0: it keeps; only for a soft pipeline also values between, how much it
    # repaints
    repaint: Pixels
    alpha: Pixels  # uint8 (H, W), the opacity of the model's result
    ring: Pixels  # uint8 (H, W), 0 or 255, unchanged pixels around the hole, to compare colours in
    colour_match: bool  # whether to match the result's colours to the ring's

    @staticmethod
    def of(
        edit: Edit, part: Mask, mask: Mask, holes: Pixels, before: Box, picture: Picture, window: Box, soft: bool
    ) -> "InpaintWindow":
        """Prepares a window.

        Args:
            edit: the edit.
            part: the part of the edit's mask to repaint in this window.
            mask: the edit's whole mask.
            holes: uint8 (H, W), above 0 where other parts are still to be repainted.
            before: the frame of the picture before the edit; everything outside it is new.
            picture: the picture with the results of the parts before this one.
            window: the window.
            soft: whether the pipeline takes soft masks.
        """
        visible = window.intersect(picture.box)
        original, opacity = surrounded(picture.read(visible), window), picture.opacity(window)
        faded = softened(edit.blend, part, mask, picture.box, window)
        # a soft pipeline repaints less and less where its result fades out, so that the result meets the old picture
        hole = faded if soft else part.grown(0)
        repaint = np.where((opacity == 255) & (holes == 0), hole.on(window), np.uint8(255))
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
            ring=np.where(repaint == 0, hole.grown(RING).on(window), np.uint8(0)),
            colour_match=edit.blend.colour_match,
        )

    def request_arrays(self, shape: tuple[int, int]) -> tuple[Pixels, Pixels]:
        """Returns the image, uint8 (h, w, 3), and the mask, uint8 (h, w), of a request of this shape."""
        return resized(self.start, shape), resized_mask(self.repaint, shape)

    def generated(self, crop: Pixels) -> Pixels:
        """Fits a generated crop, uint8 (h, w, 3) at the model's shape, into the window, uint8 (H, W, 3)."""
        return self.matched(crop) if self.colour_match else resized(crop, self.window.shape)

    def matched(self, crop: Pixels) -> Pixels:
        """Does the same and always matches the crop's colours to its surroundings."""
        pixels = colour_match(resized(crop, self.window.shape), self.original, self.ring > 0)
        return evened(pixels, self.original, self.repaint)

    def detail_arrays(self, part: Detail, result: Pixels) -> tuple[Pixels, Pixels]:
        """Returns the image and the mask of a request that redraws a cell of a result, uint8 (H, W, 3)."""
        inside = part.window.intersect(self.visible)  # a picture may be narrower than a window
        source, target = inside.slices(self.window), inside.slices(part.window)
        cell = Mask(part.cell, self.repaint[part.cell.slices(self.window)]).on(inside)
        hole = np.full(part.window.shape, 255, np.uint8)
        hole[target] = np.where(self.opacity[source] == 255, cell, np.uint8(255))
        current = Patch(inside, blend(self.original[source], result[source], self.repaint[source]))
        return surrounded(current, part.window), hole

    def refined(self, part: Detail, result: Pixels, crop: Pixels) -> Pixels:
        """Puts a redrawn cell into a result, uint8 (H, W, 3); crop: uint8 (S, S, 3) at the detail's window."""
        if self.colour_match:
            image, hole = self.detail_arrays(part, result)
            crop = evened(colour_match(crop, image, hole == 0), image, hole)
        target = part.cell.slices(self.window)
        cell = np.ascontiguousarray(crop[part.cell.slices(part.window)])
        output = result.copy()
        output[target] = blend(result[target], cell, ramp(part.cell.shape, part.above, part.left))
        return output

    def composed(self, generated: Pixels, picture: Picture) -> Patch:
        """Blends a result, uint8 (H, W, 3), into a picture; the patch is RGB, or RGBA where the result has alpha."""
        inside = self.visible.slices(self.window)
        original, opacity = self.original[inside], self.opacity[inside]
        if picture is not self.picture:
            original, opacity = picture.read(self.visible).pixels, picture.opacity(self.visible)
        return Patch(self.visible, composite(original, generated[inside], self.alpha[inside], opacity))

    def whole(self, generated: Pixels, part: Mask) -> Patch:
        """Returns a result, uint8 (H, W, 3), unblended on all of its part, as parts after it see it; RGB or RGBA."""
        box = part.bounds
        source = box.slices(self.window)
        inside = part.on(box) > 0
        colours = np.where(inside[..., None], generated[source], self.original[source])
        opacity = np.where(inside, np.uint8(255), self.opacity[source])
        return Patch(box, colours if (opacity == 255).all() else np.dstack([colours, opacity]))


def softened(blend: Blend, part: Mask, mask: Mask, frame: Box, window: Box, inside: int = HALF) -> Mask:
    """Moves and feathers the edge of a part of an edit's mask, as far as its window has room.

    The edge of the picture, at `frame`, is not feathered, since there is nothing beyond it to fade into. Where the mask
    continues in another part, it is not shrunk. It fades out from where its alpha is at least `inside`.
    """
    room = _room(blend.reach, part.bounds, window, frame)
    edge = min(blend.edge, room)
    feather = min(blend.feather, room - max(0, edge))
    if edge > 0:
        part = part.joined(part.grown(edge))
    elif edge < 0:
        alpha = mask.cut(part.bounds.padded(1 - edge)).shrunk(-edge, frame).on(part.box)
        part = Mask(part.box, np.where(part.alpha > 0, alpha, np.uint8(0)))
    return part.feathered(feather, inside)


def share(edit: Edit, faded: Mask, part: Mask, before: Box, frame: Box, window: Box, soft: bool) -> Pixels:
    """Returns the opacity of the model's result, uint8 (H, W): the softened mask times the edit's opacity.

    Areas that the edit adds to the picture are always fully opaque.

    Args:
        edit: the edit.
        faded: the softened mask of the part.
        part: the part of the edit's mask.
        before: the frame of the picture before the edit.
        frame: the frame after it.
        window: the window.
        soft: whether the pipeline has faded its result out already.
    """
    alpha = faded.on(window)
    if soft:
        # Fading the same way a second time would give the rim up to a quarter too much of the old picture; not fading
        # would leave a step of what the autoencoder loses. 1 - (1 - m)^2 gives a seventh too much at most, and no step.
        alpha = np.rint(255 - (255 - alpha.astype(np.float32)) ** 2 / 255).astype(np.uint8)
    alpha = at_opacity(alpha, edit.blend.opacity)
    visible = window.intersect(frame)
    if not before.contains(visible):
        new = (part.on(window) > 0).astype(np.uint8) * np.uint8(255)
        known = window.intersect(before)
        new[known.slices(window)] = 0
        alpha = np.maximum(alpha, new)
    return alpha


def _room(reach: int, hole: Box, window: Box, frame: Box) -> int:
    """Returns the reach, limited by the margin around the hole on each side where the picture goes on."""
    gaps = [
        (hole.x - window.x, window.x > frame.x),
        (hole.y - window.y, window.y > frame.y),
        (window.right - hole.right, window.right < frame.right),
        (window.bottom - hole.bottom, window.bottom < frame.bottom),
    ]
    return min([reach, *(gap for gap, limited in gaps if limited)])
