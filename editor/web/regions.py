"""Regions of a picture in API calls: a box, a point or a mask file in base64."""

import base64
import binascii
import time

import numpy as np

from editor.formats.images import read_mask
from editor.imaging.geometry import Box
from editor.imaging.limits import MAX_BASE64_BYTES
from editor.imaging.object_edges import object_mask
from editor.imaging.picture import Picture
from editor.imaging.raster import Mask
from editor.imaging.selection import connected
from editor.object_selector import READING
from editor.web import large_work
from editor.web.context import AppContext
from editor.web.wire import read_box
from pipelines.errors import InvalidInput
from pipelines.selection.prompt import read_prompt, read_words

POLL_INTERVAL = 0.25  # seconds between two looks at whether a picture is read
READ_LIMIT = 120.0  # seconds for it, and for an answer


def read_region(
    picture: Picture,
    box: list[int] | None,
    point: list[int] | None,
    tolerance: int,
    mask: str,
) -> Mask:
    """Returns the mask of a region.

    Args:
        picture: the picture that the region lies in.
        box: [x, y, width, height]: the region itself, or where the point's region or the mask's file lies.
        point: [x, y]: the region is everything connected to it in a similar colour.
        tolerance: by how much a colour may differ from the point's, 0 to 255 in each channel.
        mask: a mask file in base64, as large as the box or else the picture; "" for none.

    Raises:
        InvalidInput: the values do not describe a region.
    """
    if box is None and point is None and not mask:
        raise InvalidInput(f"Choose a region with a box, a point or a mask. The whole picture is {list(picture.box)}.")
    if point is not None and mask:
        raise InvalidInput("A point and a mask cannot be combined. Send only one of them.")
    frame = picture.box if box is None else clip_box(box, picture)
    if point is not None:
        if len(point) != 2 or not frame.contains(Box(point[0], point[1], 1, 1)):
            raise InvalidInput(f"The point must be [x, y] within {list(frame)}, not {point}.")
        if not 0 <= tolerance <= 255:
            raise InvalidInput(f"The tolerance must be a whole number from 0 to 255, not {tolerance}.")
        return connected(picture, point[0], point[1], tolerance).cut(frame)
    if not mask:
        return Mask(frame, np.full(frame.shape, 255, np.uint8))
    mask_box = picture.box if box is None else read_box(box, "The box")
    alpha = large_work.wait(None, read_mask, read_base64("mask", mask))
    if alpha.shape != mask_box.shape:
        size, owner = f"{alpha.shape[1]} x {alpha.shape[0]} pixels", "picture" if box is None else "box"
        raise InvalidInput(
            f"The mask is {size}, the {owner} {mask_box.width} x {mask_box.height}. Send a mask of the same size."
        )
    return Mask(mask_box, alpha)


def find_object(context: AppContext, document: str, box: list[int] | None, point: list[int] | None, words: str) -> Mask:
    """Returns the object at a point, in a box, or both, or what words name; waits until the picture is read.

    Args:
        context: whose models' process finds it.
        document: the document's id; the picture that it shows.
        box: [x, y, width, height], or None.
        point: [x, y], or None.
        words: what to find, without a point and a box; "" for none.

    Raises:
        InvalidInput: no model for it is installed, it finds nothing, or the values are not as they should be.
    """
    if words and (point is not None or box is not None):
        raise InvalidInput("Words select in the whole picture. Send them without a point and a box.")
    prompt = read_words(words) if words else read_prompt([] if point is None else [[*point, True]], box)
    if prompt.empty:
        raise InvalidInput("Give a point on the object or a box around it, or both.")
    revision = context.session.store.documents.get(document).head
    picture = context.session.store.revisions.picture(revision)
    until = time.monotonic() + READ_LIMIT
    while (selection := context.models.select(revision, prompt).result(READ_LIMIT)).state == READING:
        if time.monotonic() > until:
            raise InvalidInput("The picture is still being read. Try again in a minute.")
        time.sleep(POLL_INTERVAL)
    if selection.logits is None:
        lacking = "model that selects by words (CLIPSeg)" if words else "object selector"
        raise InvalidInput(f"No {lacking} is installed here. Download it in the page, under Models.")
    mask = large_work.wait(picture.box.width * picture.box.height, object_mask, picture, selection.logits)
    if mask.bounds.empty:
        again = "other words" if words else "another point, or a box around it"
        raise InvalidInput(f"No object was found there. Give {again}.")
    return mask


def read_base64(name: str, text: str) -> bytes:
    """Decodes base64, or a data: URL in base64.

    Args:
        name: what the bytes are, for error messages.
        text: the base64.

    Raises:
        InvalidInput: it is too long, or not base64.
    """
    if len(text) > MAX_BASE64_BYTES:
        raise InvalidInput(
            f"The {name} has {len(text) / 2**20:,.0f} MB; at most {MAX_BASE64_BYTES / 2**20:,.0f} MB are accepted."
        )
    start, comma, rest = text.partition(";base64,")
    data = rest if comma and start.startswith("data:") else text
    try:
        return base64.b64decode("".join(data.split()), validate=True)
    except (binascii.Error, ValueError):
        raise InvalidInput(
            f"The {name} must be the bytes of a picture file in base64, not {text[:40]!r}. Paths and URLs are not read."
        ) from None


def clip_box(box: list[int], picture: Picture) -> Box:
    """Returns the part of a box, [x, y, width, height], that lies within a picture.

    Raises:
        InvalidInput: no part of it does.
    """
    part = read_box(box, "The box").intersect(picture.box)
    if part.empty:
        raise InvalidInput(f"The box {box} lies outside the picture, which is {list(picture.box)}.")
    return part
