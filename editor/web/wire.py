"""What goes up and down the wire: bodies within their limits, and packets.

A packet is a line of JSON and the PNG files it tells of, one after another: each by `{"box": [x, y, width, height],
"bytes": n}` in the JSON, or null where there is none.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from editor.edits.edit import sketched
from editor.formats.images import encode_png, read_image, read_mask
from editor.imaging.geometry import Box
from editor.imaging.limits import MAX_PIXELS
from editor.imaging.raster import Mask, Patch
from editor.web.request_bodies import too_large
from pipelines.errors import InvalidInput

FARTHEST = 2**24  # pixels from the plane's origin: no picture reaches there
NEVER = {"Cache-Control": "no-store"}

Placed = tuple[Box, bytes]  # where a picture lies, and its file


class TooLarge(InvalidInput):
    """More bytes than the route takes."""


async def read_body(request: Request, limit: int, what: str) -> bytes:
    """The whole body. TooLarge beyond `limit` bytes, as soon as that is known."""
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > limit:
        raise TooLarge(too_large(what, int(declared), limit))
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > limit:
            raise TooLarge(too_large(what, None, limit))
        parts.append(part)
    return b"".join(parts)


def read_json(body: bytes, what: str) -> dict[str, Any]:
    """The object in a body, or in a line of one. InvalidInput when it is none."""
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):  # not JSON, not UTF-8, or a riddle
        said = None
    if not isinstance(said, dict):
        raise InvalidInput(f"{what} must begin with a line of JSON: an object.")
    return said


def exactly(said: Mapping[str, Any], keys: Collection[str], what: str) -> None:
    """InvalidInput unless it says all of this and nothing else."""
    if said.keys() != set(keys):
        raise InvalidInput(f"{what} must say {', '.join(sorted(keys))}, and nothing else.")


def read_packet(body: bytes, pictures: Sequence[str], what: str) -> tuple[dict[str, Any], dict[str, Placed | None]]:
    """What a packet says, and its pictures by their names, in whose order their files stand; None: there is none.

    InvalidInput when the packet is none.
    """
    line, _, rest = body.partition(b"\n")
    said = read_json(line, what)
    placed: dict[str, Placed | None] = {}
    for name in pictures:
        entry = said.get(name)
        placed[name] = None
        if entry is not None:
            box, size = _picture_entry(entry, name)
            if len(rest) < size:
                raise InvalidInput(f"The {name} should have {size:,} bytes, but only {len(rest):,} came.")
            placed[name], rest = (box, rest[:size]), rest[size:]
    if rest:
        raise InvalidInput(f"{what} has {len(rest):,} bytes at its end that it does not mention.")
    return said, placed


def pixels_in(body: bytes) -> int:
    """How many pixels the pictures of a packet say that they have; 0 where it says nothing of them."""
    try:
        said = json.loads(body[: body.find(b"\n")])
        boxes = [read_box(entry["box"], "") for entry in said.values() if isinstance(entry, dict) and "box" in entry]
    except (ValueError, RecursionError, AttributeError):
        return 0  # whoever reads it says why
    return sum(box.width * box.height for box in boxes)


def read_box(box: object, what: str) -> Box:
    """A box as JSON has it. InvalidInput when it is none."""
    if not (isinstance(box, list) and len(box) == 4 and all(type(n) is int and abs(n) <= FARTHEST for n in box)):
        raise InvalidInput(
            f"{what} must be four whole numbers [x, y, width, height], none beyond {FARTHEST:,}, not {box!r}."
        )
    return Box(*box)


def mask_of(placed: Placed) -> Mask:
    """The mask in a packet's file; InvalidInput when it does not fill its box."""
    box, file = placed
    alpha = read_mask(file, _pixels(box))
    _fills("mask", alpha.shape, box)
    return Mask(box, alpha)


def strokes_of(placed: Placed) -> Patch:
    """The sketch, RGBA, in a packet's file; InvalidInput when it does not fill its box."""
    box, file = placed
    pixels = read_image(file, _pixels(box)).pixels
    _fills("sketch", pixels.shape, box)
    return sketched(box, pixels)


def packet(said: Mapping[str, Any], name: str, mask: Mask | None) -> Response:
    """An answer that says this, with a mask (None: none) under a name."""
    placed, files = _files([] if mask is None else [mask])
    return _packed({**said, name: placed[0] if placed else None}, files)


def packet_of_masks(said: Mapping[str, Any], name: str, masks: Sequence[Mask]) -> Response:
    """An answer that says this, with a list of masks under a name."""
    placed, files = _files(masks)
    return _packed({**said, name: placed}, files)


def _files(masks: Sequence[Mask]) -> tuple[list[dict[str, Any]], list[bytes]]:
    files = [encode_png(mask.alpha) for mask in masks]
    return [{"box": mask.box, "bytes": len(file)} for mask, file in zip(masks, files, strict=True)], files


def _packed(said: Mapping[str, Any], files: Sequence[bytes]) -> Response:
    body = b"\n".join([json.dumps(said).encode(), b"".join(files)])
    return Response(body, media_type="application/octet-stream", headers=NEVER)


def _picture_entry(entry: object, name: str) -> tuple[Box, int]:
    if not isinstance(entry, dict) or entry.keys() != {"box", "bytes"}:
        raise InvalidInput(f"The {name} must be described by its box and bytes, or be null, not {entry!r}.")
    size = entry["bytes"]
    if type(size) is not int or size < 1:
        raise InvalidInput(f"The {name}'s bytes must be a whole number from 1 on, not {size!r}.")
    return read_box(entry["box"], f"The {name}'s box"), size


def _pixels(box: Box) -> int:
    """At most so many are unpacked for a box: a small file may say that it holds far more."""
    return min(MAX_PIXELS, max(1, box.width * box.height))


def _fills(what: str, shape: Sequence[int], box: Box) -> None:
    if tuple(shape[:2]) != box.shape:
        raise InvalidInput(f"The {what} has {shape[1]} x {shape[0]} pixels, its box {box.width} x {box.height}.")
