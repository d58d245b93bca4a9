"""Pictures out: PNG, JPEG, WebP, TIFF and AVIF, with the colours' profile and the way that led there."""

import base64
import re
import zlib
from io import BytesIO
from typing import Any, NamedTuple

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from editor.formats.decoding import DAMAGED
from editor.formats.metadata import NOTHING, XMP, Metadata
from editor.imaging.compositing import blend
from editor.imaging.limits import MAX_RECIPE_JSON
from editor.imaging.raster import Pixels
from pipelines.errors import InvalidInput

PNG_XMP = "XML:com.adobe.xmp"  # the keyword by which Adobe's specification has it in a PNG
JPEG_METADATA = 65_000  # bytes that fit into JPEG's one segment of it


class Format(NamedTuple):
    """name: as Pillow has it. quality: the usual one, 1 to 100, None where nothing is lost. largest: pixels a side."""

    name: str
    suffixes: tuple[str, ...]
    alpha: bool
    quality: int | None
    largest: int
    options: dict[str, Any]


FORMATS = (
    Format("PNG", (".png",), True, None, 2**31 - 1, {"compress_level": 4}),
    Format("JPEG", (".jpg", ".jpeg"), False, 95, 65_535, {"subsampling": 0}),
    Format("WEBP", (".webp",), True, 95, 16_383, {"exact": True}),
    Format("TIFF", (".tif", ".tiff"), True, None, 2**31 - 1, {"compression": "tiff_adobe_deflate"}),
    Format("AVIF", (".avif",), True, 90, 65_536, {}),
)
SUFFIXES = tuple(suffix for each in FORMATS for suffix in each.suffixes)


def format_of(suffix: str) -> Format:
    """The format that files of this ending (".png") have. InvalidInput when it is none of FORMATS."""
    for each in FORMATS:
        if suffix.lower() in each.suffixes:
            return each
    raise InvalidInput(
        f"A picture can be saved as {', '.join(SUFFIXES)}, not as {suffix or 'a file without an ending'}."
    )


class Encoded(NamedTuple):
    """A file's bytes, and sentences on what it does not hold."""

    data: bytes
    notes: tuple[str, ...]


def encode(
    pixels: Pixels,
    format: Format,
    quality: int | None = None,
    icc: bytes | None = None,
    recipe: str | None = None,
    metadata: Metadata = NOTHING,
) -> Encoded:
    """pixels: uint8 (H, W, 3), or (H, W, 4) with straight alpha: on white where the format has none.

    quality: 1 to 100, of formats that lose something; None: the usual. icc: the profile of the colours. recipe: text
    that `recipe_of` finds again. metadata: whose the picture is, and how large it
    prints, for EXIF and XMP. InvalidInput with a sentence for what cannot be.
    """
    notes = []
    height, width = pixels.shape[:2]
    if max(height, width) > format.largest:
        raise InvalidInput(f"{format.name} holds at most {format.largest:,} pixels a side, not {max(height, width):,}.")
    if quality is not None and format.quality is None:
        raise InvalidInput(f"{format.name} loses nothing: it has no quality.")
    if quality is not None and not 1 <= quality <= 100:
        raise InvalidInput(f"The quality must be from 1 to 100, not {quality}.")
    if pixels.shape[2] == 4 and not format.alpha:
        pixels = blend(np.full_like(pixels[..., :3], 255), pixels[..., :3], np.ascontiguousarray(pixels[..., 3]))
        notes.append(f"{format.name} has no transparency: what is transparent was laid on white.")
    options = dict(format.options)
    if format.quality is not None:
        options["quality"] = quality or format.quality
    if icc is not None:
        options["icc_profile"] = icc
    packet = _packet(recipe, metadata)
    if format.name == "JPEG" and len(packet) > JPEG_METADATA:
        notes.append(
            f"Its recipe is not in it: that has {len(packet) // 1000} KB, and JPEG holds {JPEG_METADATA // 1000}. "
            "PNG, WebP, AVIF and TIFF hold it."
        )
        packet = _packet(None, metadata)
    exif = metadata.exif()
    if format.name == "TIFF":
        options["tiffinfo"] = {**exif, **({XMP: packet} if packet else {})}
    else:
        if packet and format.name == "PNG":
            options["pnginfo"] = PngInfo()
            options["pnginfo"].add_itxt(PNG_XMP, packet.decode())
        elif packet:
            options["xmp"] = packet
        if len(exif):
            options["exif"] = exif
        if metadata.dpi is not None and format.name in ("PNG", "JPEG"):
            options["dpi"] = metadata.dpi
    file = BytesIO()
    Image.fromarray(pixels).save(file, format.name, **options)
    return Encoded(file.getvalue(), tuple(notes))


def recipe_of(data: bytes) -> str | None:
    """The recipe that `encode` wrote into a file, or None when there is none."""
    try:
        with Image.open(BytesIO(data), formats=[each.name for each in FORMATS]) as image:
            image.load()  # of a PNG: what stands behind the pixels
            packet = image.info.get("xmp") or image.info.get(PNG_XMP) or b""
    except DAMAGED:
        return None
    packet = packet.encode() if isinstance(packet, str) else packet
    found = re.search(rb'palimpsest:recipe="([^"]*)"', packet)
    if found is None:
        return None
    try:
        unpacking = zlib.decompressobj()
        text = unpacking.decompress(base64.b64decode(found[1]), MAX_RECIPE_JSON)
        return text.decode() if unpacking.eof else None
    except (ValueError, zlib.error):
        return None


def size_of(data: bytes) -> tuple[int, int]:
    """Width and height of a file that `recipe_of` found a recipe in."""
    with Image.open(BytesIO(data), formats=[each.name for each in FORMATS]) as image:
        return image.size


def _packet(recipe: str | None, metadata: Metadata) -> bytes:
    """An XMP packet (ISO 16684-1) that holds the text, compressed, and the metadata; empty where there is neither."""
    held = ""
    if recipe is not None:
        text = base64.b64encode(zlib.compress(recipe.encode(), 9)).decode()
        held = f' xmlns:palimpsest="urn:palimpsest:1" palimpsest:recipe="{text}"'
    said = metadata.xmp()
    if not held and not said:
        return b""
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" '
        f'xmlns:dc="http://purl.org/dc/elements/1.1/"{held}>{said}</rdf:Description></rdf:RDF></x:xmpmeta>'
        '<?xpacket end="r"?>'
    ).encode()
