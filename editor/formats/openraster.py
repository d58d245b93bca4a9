"""OpenRaster: a picture and every step over it as named layers, for Krita, GIMP and MyPaint.

By the specification of freedesktop.org (baseline 0.0.5): a ZIP file whose first entry is its type, with a stack of
layers and the merged picture.
"""

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import IO, NamedTuple
from xml.etree.ElementTree import Element, SubElement, tostring
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile

import cv2
import numpy as np
from PIL import Image

from editor.formats.images import encode_png
from editor.imaging.geometry import Box
from editor.imaging.raster import Patch, Pixels

SUFFIX = ".ora"
THUMBNAIL = 256  # most pixels of its longest side


class Layer(NamedTuple):
    """A named layer."""

    name: str
    patch: Patch  # its pixels, uint8 (H, W, 3 or 4) with straight alpha, and its position on the plane
    opacity: float = 1.0  # 0 to 1
    visible: bool = True


def write_openraster(layers: Sequence[Layer], merged: Pixels, frame: Box, file: Path | IO[bytes],
    dpi: tuple[float, float] | None = None,
) -> None:  # fmt: skip
    """Writes an OpenRaster file.

    Args:
        layers: the layers, bottom first.
        merged: the picture that they make, uint8 (H, W, 3 or 4).
        frame: its box on the plane.
        file: the file to write.
        dpi: pixels per inch across and down.
    """
    image = Element("image", version="0.0.5", w=str(frame.width), h=str(frame.height))
    if dpi is not None:
        image.attrib |= {"xres": str(max(1, round(dpi[0]))), "yres": str(max(1, round(dpi[1])))}
    stack = SubElement(image, "stack")
    with ZipFile(file, "w", ZIP_STORED) as archive:  # PNG is compressed already
        archive.writestr("mimetype", "image/openraster")
        for number, layer in reversed(list(enumerate(layers))):
            source = f"data/layer{number:03}.png"
            box = layer.patch.box
            SubElement(
                stack, "layer", {"name": _printable(layer.name), "src": source, "composite-op": "svg:src-over"},
                opacity=str(layer.opacity), visibility="visible" if layer.visible else "hidden",
                x=str(box.x - frame.x), y=str(box.y - frame.y),
            )  # fmt: skip
            archive.writestr(source, encode_png(layer.patch.pixels))
        archive.writestr("stack.xml", tostring(image, "UTF-8", xml_declaration=True), ZIP_DEFLATED)
        archive.writestr("mergedimage.png", encode_png(merged))
        archive.writestr("Thumbnails/thumbnail.png", _thumbnail(merged))


def over_each_other(before: Pixels, after: Pixels) -> Pixels:
    """Returns the smallest layer that turns one picture into another when laid over it.

    Where the result is opaque this is exact; elsewhere as exact as 8 bits allow.

    Args:
        before: uint8 (H, W, 4) with straight alpha.
        after: likewise.

    Returns:
        The layer, likewise.
    """
    changed = (before != after).any(2)
    top, below = after[..., 3].astype(np.float32) / 255, before[..., 3].astype(np.float32) / 255
    share = np.where(below < 1, (top - below) / np.maximum(1 - below, 1 / 255), 1).clip(0, 1)
    share = np.where(top == 1, 1, share)[..., None]
    left = (below[..., None]) * (1 - share)
    colours = np.where(
        share > 0, (after[..., :3] * top[..., None] - before[..., :3] * left) / np.maximum(share, 1e-6), 0
    )
    layer = np.dstack([np.rint(colours.clip(0, 255)), np.rint(255 * share)]).astype(np.uint8)
    layer[~changed] = 0
    return layer


def with_opacity(before: Pixels, after: Pixels, opacity: float) -> Pixels | None:
    """Returns the smallest layer that turns one picture into another when laid over it with this opacity.

    Args:
        before: uint8 (H, W, 4) with straight alpha.
        after: likewise.
        opacity: of the layer, 0 to 1.

    Returns:
        The layer, likewise; None when there is none that gives exactly the other picture, rounded to 8 bits.
    """
    changed = (before != after).any(2)
    below, top = before[changed], after[changed]
    if opacity == 0 or (below[..., 3] < 255).any() or (top[..., 3] < 255).any():
        return None
    below, top = below[..., :3].astype(np.float64), top[..., :3].astype(np.float64)
    colours = np.rint(((top - below * (1 - opacity)) / opacity).clip(0, 255))
    if (np.rint(below * (1 - opacity) + colours * opacity) != top).any():
        return None
    layer = np.zeros_like(before)
    layer[changed] = np.column_stack([colours, np.full(len(colours), 255)])
    return layer


def _thumbnail(merged: Pixels) -> bytes:
    height, width = merged.shape[:2]
    scale = min(1, THUMBNAIL / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = cv2.resize(merged, size, interpolation=cv2.INTER_AREA)
    file = BytesIO()
    Image.fromarray(small).save(file, "PNG")
    return file.getvalue()


def _printable(name: str) -> str:
    """Removes control characters, which XML does not allow."""
    return "".join(letter for letter in name if letter.isprintable()) or "step"
