"""Export of pictures as PNG, JPEG, WebP, TIFF and AVIF, with their colour profile, metadata and recipe."""

import base64
import re
import zlib
from io import BytesIO
from typing import Any, NamedTuple

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from editor.formats.decoding import DAMAGED
from editor.formats.metadata import NOTHING, XMP, Metadata
from editor.imaging.compositing import on_white
from editor.imaging.limits import MAX_RECIPE_JSON
from editor.imaging.raster import Pixels
from pipelines.errors import InvalidInput

PNG_XMP = "XML:com.adobe.xmp"  # the keyword of XMP in a PNG, by Adobe's specification
JPEG_METADATA = 65_000  # bytes of XMP that fit into a JPEG


class Format(NamedTuple):
    """A file format for pictures."""

    name: str  # Pillow's name
    suffixes: tuple[str, ...]  # the endings of its files, such as ".png"
    alpha: bool  # whether it has transparency
    quality: int | None  # the default, 1 to 100; None for a lossless format
    largest: int  # pixels a side
    options: dict[str, Any]  # for Pillow


FORMATS = (
    Format("PNG", (".png",), True, None, 2**31 - 1, {"compress_level": 4}),
    Format("JPEG", (".jpg", ".jpeg"), False, 95, 65_535, {"subsampling": 0}),
    Format("WEBP", (".webp",), True, 95, 16_383, {"exact": True}),
    Format("TIFF", (".tif", ".tiff"), True, None, 2**31 - 1, {"compression": "tiff_adobe_deflate"}),
    Format("AVIF", (".avif",), True, 90, 65_536, {}),
)
SUFFIXES = tuple(suffix for each in FORMATS for suffix in each.suffixes)


def format_of(suffix: str) -> Format:
    """Returns the format of an ending, such as ".png"; raises InvalidInput when it is none of FORMATS."""
    for each in FORMATS:
        if suffix.lower() in each.suffixes:
            return each
    raise InvalidInput(
        f"A picture can be saved as {', '.join(SUFFIXES)}, not as {suffix or 'a file without an ending'}."
    )


class Encoded(NamedTuple):
    """An encoded picture."""

    data: bytes  # the file
    notes: tuple[str, ...]  # sentences about what it leaves out


def encode(
    pixels: Pixels,
    format: Format,
    quality: int | None = None,
    icc: bytes | None = None,
    recipe: str | None = None,
    metadata: Metadata = NOTHING,
) -> Encoded:
    """Encodes a picture.

    Args:
        pixels: uint8 (H, W, 3), or (H, W, 4) with straight alpha, on white if the format has no transparency.
        format: the format.
        quality: 1 to 100, for lossy formats; None: the format's default.
        icc: the colour profile.
        recipe: a recipe to embed, which `recipe_of` reads.
        metadata: the picture's author, copyright and print size, for EXIF and XMP.

    Raises:
        InvalidInput: the picture is too large for the format, or the quality is invalid.
    """
    notes = []
    height, width = pixels.shape[:2]
    if max(height, width) > format.largest:
        raise InvalidInput(
            f"{format.name} files have at most {format.largest:,} pixels a side, not {max(height, width):,}."
        )
    if quality is not None and format.quality is None:
        raise InvalidInput(f"{format.name} is lossless, so it has no quality setting.")
    if quality is not None and not 1 <= quality <= 100:
        raise InvalidInput(f"The quality must be from 1 to 100, not {quality}.")
    if pixels.shape[2] == 4 and not format.alpha:
        pixels = on_white(pixels)
        notes.append(f"{format.name} has no transparency, so transparent areas became white.")
    options = dict(format.options)
    if format.quality is not None:
        options["quality"] = quality or format.quality
    if icc is not None:
        options["icc_profile"] = icc
    packet = _packet(recipe, metadata)
    if format.name == "JPEG" and len(packet) > JPEG_METADATA:
        notes.append(
            f"The recipe was left out: it has {len(packet) // 1000} KB, and a JPEG holds at most "
            f"{JPEG_METADATA // 1000}. PNG, WebP, AVIF and TIFF can hold it."
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
    """Returns the recipe that `encode` embedded in a file, or None when there is none."""
    try:
        with Image.open(BytesIO(data), formats=[each.name for each in FORMATS]) as image:
            image.load()  # a PNG may have it after the pixels
            packet = image.info.get("xmp") or image.info.get(PNG_XMP) or b""
    except DAMAGED:
        return None
    packet = packet.encode() if isinstance(packet, str) else packet
    match = re.search(rb'palimpsest:recipe="([^"]*)"', packet)
    if match is None:
        return None
    try:
        decompressor = zlib.decompressobj()
        text = decompressor.decompress(base64.b64decode(match[1]), MAX_RECIPE_JSON)
        return text.decode() if decompressor.eof else None
    except (ValueError, zlib.error):
        return None


def size_of(data: bytes) -> tuple[int, int]:
    """Returns width and height of a file that `recipe_of` read a recipe from."""
    with Image.open(BytesIO(data), formats=[each.name for each in FORMATS]) as image:
        return image.size


def _packet(recipe: str | None, metadata: Metadata) -> bytes:
    """Returns an XMP packet (ISO 16684-1) with the compressed recipe and the metadata; empty when there is neither."""
    attributes = ""
    if recipe is not None:
        text = base64.b64encode(zlib.compress(recipe.encode(), 9)).decode()
        attributes = f' xmlns:palimpsest="urn:palimpsest:1" palimpsest:recipe="{text}"'
    properties = metadata.xmp()
    if not attributes and not properties:
        return b""
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" '
        f'xmlns:dc="http://purl.org/dc/elements/1.1/"{attributes}>{properties}</rdf:Description></rdf:RDF></x:xmpmeta>'
        '<?xpacket end="r"?>'
    ).encode()
