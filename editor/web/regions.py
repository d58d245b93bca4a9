"""Places: what a program means by a box, a point or a mask's file in base64."""

import base64
import binascii

import numpy as np

from editor.formats.images import read_mask
from editor.imaging.geometry import Box
from editor.imaging.limits import MAX_BASE64_BYTES
from editor.imaging.picture import Picture
from editor.imaging.raster import Mask
from editor.imaging.selection import connected
from editor.web import large_work
from editor.web.wire import read_box
from pipelines.errors import InvalidInput


def place(
    picture: Picture,
    box: list[int] | None,
    point: list[int] | None,
    tolerance: int,
    mask: str,
) -> Mask:
    """The mask that is meant. InvalidInput when it is none."""
    if box is None and point is None and not mask:
        raise InvalidInput(f"Say where: by a box, a point or a mask. The whole picture is {list(picture.box)}.")
    if point is not None and mask:
        raise InvalidInput("A point and a mask both say where: give one of them.")
    frame = picture.box if box is None else within(box, picture)
    if point is not None:
        if len(point) != 2 or not frame.contains(Box(point[0], point[1], 1, 1)):
            raise InvalidInput(f"A point is [x, y] within {list(frame)}, not {point}.")
        if not 0 <= tolerance <= 255:
            raise InvalidInput(f"The tolerance must be a whole number from 0 to 255, not {tolerance}.")
        return connected(picture, point[0], point[1], tolerance).cut(frame)
    if not mask:
        return Mask(frame, np.full(frame.shape, 255, np.uint8))
    filled = picture.box if box is None else read_box(box, "The box")
    alpha = large_work.wait(None, read_mask, read_base64("mask", mask))
    if alpha.shape != filled.shape:
        size, what = f"{alpha.shape[1]} x {alpha.shape[0]} pixels", "picture" if box is None else "box"
        raise InvalidInput(f"The mask is {size}, the {what} {filled.width} x {filled.height}: make them the same.")
    return Mask(filled, alpha)


def read_base64(what: str, text: str) -> bytes:
    """What base64, or a data: address of it, says."""
    if len(text) > MAX_BASE64_BYTES:
        raise InvalidInput(
            f"The {what} has {len(text) / 2**20:,.0f} MB; at most {MAX_BASE64_BYTES / 2**20:,.0f} MB are taken."
        )
    start, comma, rest = text.partition(";base64,")
    packed = rest if comma and start.startswith("data:") else text
    try:
        return base64.b64decode("".join(packed.split()), validate=True)
    except (binascii.Error, ValueError):
        raise InvalidInput(
            f"The {what} must be a picture file's bytes in base64, not {text[:40]!r}: no path and no address is read."
        ) from None


def within(box: list[int], picture: Picture) -> Box:
    """The part of a box in a picture. InvalidInput when there is none."""
    part = read_box(box, "The box").intersect(picture.box)
    if part.empty:
        raise InvalidInput(f"No pixel of the picture is in the box {box}: the picture is {list(picture.box)}.")
    return part
