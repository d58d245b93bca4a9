"""The wire format: request bodies within their limits, and packets.

A packet is a line of JSON, followed by the PNG files that it describes, one after another. The JSON describes each file
by `{"box": [x, y, width, height], "bytes": n}`; null stands for no file.
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
ALWAYS = {"Cache-Control": "public, max-age=31536000, immutable"}  # for an address that has its content's version in it

BoxedFile = tuple[Box, bytes]  # where a picture lies, and its file's bytes


class TooLarge(InvalidInput):
    """The body has more bytes than the route accepts."""


async def read_body(request: Request, limit: int, subject: str) -> bytes:
    """Reads a request's body.

    Args:
        request: the request.
        limit: how many bytes it may have.
        subject: what the body is, for error messages, such as "The file".

    Raises:
        TooLarge: it has more bytes, or says so; raised as soon as that is known.
    """
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > limit:
        raise TooLarge(too_large(subject, int(declared), limit))
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > limit:
            raise TooLarge(too_large(subject, None, limit))
        parts.append(part)
    return b"".join(parts)


def read_json(body: bytes, subject: str) -> dict[str, Any]:
    """Parses the JSON object in a body, or in the first line of one.

    Raises:
        InvalidInput: it is not a JSON object.
    """
    try:
        fields = json.loads(body)
    except (ValueError, RecursionError):  # not JSON, not UTF-8, or nested too deeply
        fields = None
    if not isinstance(fields, dict):
        raise InvalidInput(f"{subject} must begin with a line of JSON: an object.")
    return fields


def require_keys(fields: Mapping[str, Any], keys: Collection[str], subject: str) -> None:
    """Raises InvalidInput unless an object has exactly these keys."""
    if fields.keys() != set(keys):
        raise InvalidInput(f"{subject} must have exactly these keys: {', '.join(sorted(keys))}.")


def read_packet(
    body: bytes, pictures: Sequence[str], subject: str
) -> tuple[dict[str, Any], dict[str, BoxedFile | None]]:
    """Parses a packet.

    Args:
        body: the packet.
        pictures: the keys of its pictures, in the order of their files.
        subject: what the packet is, for error messages.

    Returns:
        Its JSON object, and its pictures by their keys, None for those that are null.

    Raises:
        InvalidInput: the packet is malformed.
    """
    line, _, rest = body.partition(b"\n")
    fields = read_json(line, subject)
    files: dict[str, BoxedFile | None] = {}
    for name in pictures:
        entry = fields.get(name)
        files[name] = None
        if entry is not None:
            box, size = _picture_entry(entry, name)
            if len(rest) < size:
                raise InvalidInput(f"The {name} should have {size:,} bytes, but only {len(rest):,} were sent.")
            files[name], rest = (box, rest[:size]), rest[size:]
    if rest:
        raise InvalidInput(f"{subject} has {len(rest):,} bytes at its end that its JSON does not describe.")
    return fields, files


def pixels_in(body: bytes) -> int:
    """Returns how many pixels the pictures of a packet have according to its JSON; 0 when the JSON is malformed."""
    try:
        fields = json.loads(body[: body.find(b"\n")])
        boxes = [read_box(entry["box"], "") for entry in fields.values() if isinstance(entry, dict) and "box" in entry]
    except (ValueError, RecursionError, AttributeError):
        return 0  # `read_packet` raises the error
    return sum(box.width * box.height for box in boxes)


def read_box(box: object, subject: str) -> Box:
    """Parses a box in JSON, [x, y, width, height].

    Args:
        box: the parsed JSON.
        subject: what the box is, for error messages.

    Raises:
        InvalidInput: it is not a box, or a number in it is beyond FARTHEST.
    """
    if not (isinstance(box, list) and len(box) == 4 and all(type(n) is int and abs(n) <= FARTHEST for n in box)):
        raise InvalidInput(
            f"{subject} must be four whole numbers [x, y, width, height], none beyond {FARTHEST:,}, not {box!r}."
        )
    return Box(*box)


def mask_of(file: BoxedFile) -> Mask:
    """Decodes a mask in a packet; raises InvalidInput when it does not fill its box."""
    box, data = file
    alpha = read_mask(data, _max_pixels(box))
    _check_size("mask", alpha.shape, box)
    return Mask(box, alpha)


def strokes_of(file: BoxedFile) -> Patch:
    """Decodes a sketch in a packet, RGBA; raises InvalidInput when it does not fill its box."""
    box, data = file
    pixels = read_image(data, _max_pixels(box)).pixels
    _check_size("sketch", pixels.shape, box)
    return sketched(box, pixels)


def packet(fields: Mapping[str, Any], files: Sequence[bytes]) -> bytes:
    """Returns the packet of a JSON object and the files that it describes, in their order."""
    return b"\n".join([json.dumps(fields).encode(), b"".join(files)])


def packet_response(fields: Mapping[str, Any], name: str, mask: Mask | None) -> Response:
    """Returns a response with a packet of these fields, and a mask, or null, as the field `name`."""
    entries, files = _encode_masks([] if mask is None else [mask])
    return _response({**fields, name: entries[0] if entries else None}, files)


def masks_packet_response(fields: Mapping[str, Any], name: str, masks: Sequence[Mask]) -> Response:
    """Returns a response with a packet of these fields, and a list of masks as the field `name`."""
    entries, files = _encode_masks(masks)
    return _response({**fields, name: entries}, files)


def _encode_masks(masks: Sequence[Mask]) -> tuple[list[dict[str, Any]], list[bytes]]:
    files = [encode_png(mask.alpha) for mask in masks]
    return [{"box": mask.box, "bytes": len(file)} for mask, file in zip(masks, files, strict=True)], files


def _response(fields: Mapping[str, Any], files: Sequence[bytes]) -> Response:
    return Response(packet(fields, files), media_type="application/octet-stream", headers=NEVER)


def _picture_entry(entry: object, name: str) -> tuple[Box, int]:
    if not isinstance(entry, dict) or entry.keys() != {"box", "bytes"}:
        raise InvalidInput(f"The {name} must be described by its box and bytes, or be null, not {entry!r}.")
    size = entry["bytes"]
    if type(size) is not int or size < 1:
        raise InvalidInput(f"The {name}'s bytes must be a whole number of at least 1, not {size!r}.")
    return read_box(entry["box"], f"The {name}'s box"), size


def _max_pixels(box: Box) -> int:
    """Returns how many pixels to decode at most for a box: a small file may claim to hold far more."""
    return min(MAX_PIXELS, max(1, box.width * box.height))


def _check_size(name: str, shape: Sequence[int], box: Box) -> None:
    if tuple(shape[:2]) != box.shape:
        raise InvalidInput(
            f"The {name} has {shape[1]} x {shape[0]} pixels, its box {box.width} x {box.height}. They must be the same."
        )
