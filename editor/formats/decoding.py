"""Decodes picture files: TIFF by its tags, 16-bit PNG by its chunks, everything else with Pillow."""

import struct
from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib.util import find_spec
from io import BytesIO

import cv2
import numpy as np
from PIL import Image, ImageFile

from editor.formats.colours import PLAIN, Meaning, meaning, png_space
from editor.formats.metadata import Metadata, metadata_of
from editor.formats.samples import ROWS_AT_ONCE, Converter, Layout
from editor.formats.tiff import DAMAGED_TIFF, MAGIC, Unreadable, read_tiff
from editor.imaging.limits import MAX_PIXELS
from editor.imaging.raster import Pixels
from pipelines.errors import InvalidInput

# formats to accept; those whose readers start other programs (EPS) or open URLs are left out
FORMATS = ("PNG", "JPEG", "WEBP", "AVIF", "GIF", "BMP", "TIFF", "PPM")
HEIF = "HEIF"  # the name in pillow-heif, if that is installed
HEIF_BRANDS = (b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1")
PNG_MAGIC = b"\x89PNG\r\n\x1a\n"
DEFLATED = 1032  # most bytes that one byte of deflate can decompress to
GREY, RGB, GREY_ALPHA, RGBA = 0, 2, 4, 6  # a PNG's colour types

# what Pillow's readers raise on damaged files
DAMAGED = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    IndexError,
    KeyError,
    TypeError,
    OverflowError,
    struct.error,
    RuntimeError,
    cv2.error,
)


@dataclass(frozen=True, eq=False)
class Decoded:
    """A decoded file."""

    pixels: Pixels  # uint8 (H, W, 3 or 4), upright, straight alpha
    icc: bytes | None  # the colour profile to keep with them
    notes: tuple[str, ...]  # sentences about what was converted or left out
    metadata: Metadata


def decode(data: bytes, most: int, colours: bool = True) -> Decoded:
    """Decodes the first frame of a file.

    Args:
        data: the file.
        most: how many pixels it may have.
        colours: whether to convert colours by the file's profile; False for a mask, whose numbers are not colours.

    Raises:
        InvalidInput: it is not a picture, is damaged, or has more pixels, in which case none was decoded.
    """
    if not data:
        raise InvalidInput("The file is empty.")
    if data[:4] in MAGIC:
        try:
            tiff = read_tiff(data, lambda width, height: _check(width, height, most), colours)
        except Unreadable:
            raise
        except (*DAMAGED, *DAMAGED_TIFF) as error:
            raise _damaged(error) from None
        if tiff is not None:
            pixels = _upright(tiff.pixels, tiff.orientation)
            return Decoded(pixels, tiff.icc, tuple(tiff.notes), tiff.metadata)
    image = _open(data, most)
    notes = []
    chunks = _chunks(data) if image.format == "PNG" else {}
    try:
        frames = getattr(image, "n_frames", 1)
        deep = image.format == "PNG" and data[24] == 16  # the header's bit depth; Pillow would cut colour to 8
        if not deep:
            image.load()
    except DAMAGED as error:
        raise _damaged(error) from None
    if bits := _bits(image, data):
        notes.append(f"{bits} bits a channel were reduced to 8.")
    if frames > 1 and image.format != "MPO":  # a camera's JPEG: its further frames are views of the same
        notes.append(f"Only the first of {frames} frames was opened.")
    grey = image.mode in ("1", "L", "LA", "I", "F") or image.mode.startswith("I;")
    colour_meaning = _meaning(image, chunks, grey) if colours else PLAIN
    notes += colour_meaning.notes
    try:
        pixels = _deep_png(data, *image.size, chunks, colour_meaning) if deep else _pixels(image, colour_meaning, notes)
        metadata = metadata_of(image)
    except Unreadable:
        raise
    except DAMAGED as error:
        raise _damaged(error) from None
    return Decoded(_upright(pixels, _orientation(image)), colour_meaning.icc, tuple(notes), metadata)


def readable() -> tuple[str, ...]:
    """Returns the endings of all files that can be read, in lower case, sorted."""
    Image.init()
    names = _formats()
    return tuple(sorted({end for end, name in Image.registered_extensions().items() if name in names} | {".heic"}))


def is_picture(start: bytes) -> bool:
    """Tells from the start of a file whether it is a picture, whatever its name."""
    if _is_heif(start) or start[:4] in MAGIC:
        return True
    try:
        with Image.open(BytesIO(start), formats=_formats()):
            return True
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        return True
    except DAMAGED:
        return False


def _formats() -> list[str]:
    Image.init()
    if find_spec("pillow_heif") is not None and HEIF not in Image.OPEN:
        import pillow_heif  # type: ignore[import-not-found, unused-ignore]

        pillow_heif.register_heif_opener()
    return [name for name in (*FORMATS, HEIF) if name in Image.OPEN]


def _is_heif(data: bytes) -> bool:
    return data[4:8] == b"ftyp" and data[8:12] in HEIF_BRANDS and b"avif" not in data[8:64]


def _open(data: bytes, most: int) -> ImageFile.ImageFile:
    """Opens a file, of which only the header is read, and checks its size."""
    Image.MAX_IMAGE_PIXELS = MAX_PIXELS  # above it Pillow warns or raises by itself; below it, it stays silent
    try:
        image = Image.open(BytesIO(data), formats=_formats())
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise InvalidInput(f"The picture is too large: at most {MAX_PIXELS:,} pixels can be opened.") from None
    except DAMAGED:
        if _is_heif(data):
            if HEIF in _formats():
                raise InvalidInput(
                    "The HEIC picture is damaged or of a sort that cannot be read: save it as JPEG."
                ) from None
            raise InvalidInput(
                "This is a HEIC picture, which needs another package: pip install pillow-heif (with libraries under "
                "the LGPL and GPL). Or save it as JPEG first."
            ) from None
        if data[:2] == b"PK" and b"image/openraster" in data[:100]:
            raise InvalidInput(
                "This is an OpenRaster file, which carries layers to Krita and GIMP: save it as PNG there, or open "
                "the document's .palimpsest file."
            ) from None
        raise InvalidInput(
            "This is not an image the editor can read: choose a PNG, JPEG, WebP, AVIF, GIF, BMP or TIFF file."
        ) from None
    _check(*image.size, most)
    return image


def _check(width: int, height: int, most: int) -> None:
    """Raises Unreadable for a picture that is too large, or has no pixels."""
    if width < 1 or height < 1:
        raise Unreadable(f"The picture has no pixels: it is {width} x {height}.")
    most = min(most, MAX_PIXELS)
    if width * height > most:
        raise Unreadable(
            f"The picture is too large: {width:,} x {height:,} is {width * height:,} pixels, "
            f"at most {most:,} can be opened."
        )


def _damaged(error: Exception) -> InvalidInput:
    return InvalidInput(f"The image is damaged or cut short and cannot be read ({error}).")


def _bits(image: Image.Image, data: bytes) -> int:
    """Returns the bits per channel of a file with more than 8, which become 8; else 0."""
    if image.format == "PNG":
        return 16 if data[24] == 16 else 0
    if image.format == "AVIF":  # its codec's configuration, ISO/IEC 23000-22: two flags say 8, 10 or 12
        at = data.find(b"av1C")
        flags = data[at + 6] if 0 <= at < len(data) - 6 else 0
        return (12 if flags & 0x20 else 10) if flags & 0x40 else 0
    if image.format == HEIF:
        return int(image.info.get("bit_depth", 8)) if int(image.info.get("bit_depth", 8)) > 8 else 0
    if image.format == "PPM" and image.mode != "F":
        return 16 if image.mode.startswith("I") or _ppm_top(data) > 255 else 0
    return 32 if image.mode == "F" else 16 if image.mode.startswith("I") else 0


def _ppm_top(data: bytes) -> int:
    """Returns the maximum sample of a PPM or PGM, its fourth word, comments not counted."""
    words = [word for line in data[:2000].split(b"\n") for word in line.partition(b"#")[0].split()]
    return int(words[3]) if len(words) > 3 and words[3].isdigit() else 255


def _meaning(image: Image.Image, chunks: dict[bytes, bytes], grey: bool) -> Meaning:
    colour_meaning = meaning(image.info.get("icc_profile"), grey) if image.mode != "CMYK" else PLAIN
    if b"cICP" in chunks or (colour_meaning.icc is None and colour_meaning.space is None):
        space = png_space(chunks, grey)
        if space is not None:
            return Meaning(space, None, (f"Its colours ({space.name}) were converted to sRGB.",))
    return colour_meaning


def _pixels(source: ImageFile.ImageFile, colour_meaning: Meaning, notes: list[str]) -> Pixels:
    """Converts an image of Pillow's to uint8 (H, W, 3 or 4)."""
    image: Image.Image = source
    if image.mode in ("1", "L") and "transparency" in image.info:
        image = image.convert("LA")
    elif image.mode == "1":
        image = image.convert("L")
    elif image.mode in ("P", "PA", "RGBX", "YCbCr", "La", "RGBa") or "transparency" in image.info:
        alpha = "transparency" in image.info or image.mode in ("PA", "La", "RGBa")
        image = image.convert("RGBA" if alpha else "RGB")
    if image.mode in ("L", "LA", "RGB", "RGBA") and colour_meaning.space is None:
        return np.asarray(image.convert({"L": "RGB", "LA": "RGBA"}.get(image.mode, image.mode)))
    samples = np.asarray(image)
    samples = samples if samples.ndim == 3 else samples[..., None]
    if image.mode in ("L", "LA", "RGB", "RGBA"):
        layout = Layout("grey" if image.mode in ("L", "LA") else "RGB", 0, 255, space=colour_meaning.space)
        layout = replace(layout, alpha=samples.shape[2] - 1 if image.mode in ("LA", "RGBA") else None)
    elif image.mode.startswith("I"):  # I;16 and its byte orders, or I: 16-bit grey in 32
        layout = Layout("grey", 0, 65535, space=colour_meaning.space)
    elif image.mode == "F":
        least, greatest = float(np.nanmin(samples)), float(np.nanmax(samples))
        layout = Layout("grey", 0, 1, space=colour_meaning.space)
        if (least < 0 or greatest > 1) and np.isfinite(least) and np.isfinite(greatest):
            layout = replace(layout, low=min(least, 0), high=greatest)
            notes.append(f"Its numbers go from {layout.low:.6g} to {greatest:.6g}: those became black and white.")
    elif image.mode == "CMYK":
        notes.append("CMYK colours were converted to RGB.")
        layout = Layout("CMYK", 0, 255, icc=image.info.get("icc_profile"))
    else:
        raise Unreadable(f"The image's colours ({image.mode}) cannot be read: save it as RGB first.")
    pixels = np.empty((image.height, image.width, layout.channels), np.uint8)
    Converter(layout)(samples, pixels)
    return pixels


def _chunks(png: bytes) -> dict[bytes, bytes]:
    """Returns the chunks before a PNG's pixels, the first of each name; without gAMA if sRGB or iCCP is there."""
    chunks: dict[bytes, bytes] = {}
    at = len(PNG_MAGIC)
    while at + 8 <= len(png):
        size, name = struct.unpack_from(">I4s", png, at)
        if name == b"IDAT":
            break
        chunks.setdefault(name, png[at + 8 : at + 8 + size])
        at += 12 + size
    if b"sRGB" in chunks or b"iCCP" in chunks:
        chunks.pop(b"gAMA", None)
    return chunks


def _deep_png(data: bytes, width: int, height: int, chunks: dict[bytes, bytes], colour_meaning: Meaning) -> Pixels:
    """Decodes a 16-bit PNG to uint8 (H, W, 3 or 4): OpenCV decodes the pixels, the chunks say what they mean."""
    colour, bare = data[25], _bare(data)
    if width * height * 2 > len(bare) * DEFLATED:
        raise Unreadable(f"The image is damaged: {len(data):,} bytes cannot hold {width:,} x {height:,} pixels.")
    deep = cv2.imdecode(np.frombuffer(bare, np.uint8), cv2.IMREAD_UNCHANGED)
    del bare
    if deep is None or deep.dtype != np.uint16:
        raise Unreadable("The image is damaged or cut short and cannot be read.")
    deep = deep if deep.ndim == 3 else deep[..., None]
    grey = colour in (GREY, GREY_ALPHA)
    order = {GREY: [0], RGB: [2, 1, 0], GREY_ALPHA: [0, deep.shape[2] - 1], RGBA: [2, 1, 0, 3]}[colour]
    clear = chunks.get(b"tRNS", b"")
    key = np.frombuffer(clear, ">u2") if colour in (GREY, RGB) and len(clear) == 2 * len(order) else None
    has_alpha = key is not None or colour in (GREY_ALPHA, RGBA)
    layout = Layout("grey" if grey else "RGB", 0, 65535, alpha_high=65535, space=colour_meaning.space)
    layout = replace(layout, alpha=(1 if grey else 3) if has_alpha else None)
    pixels = np.empty((*deep.shape[:2], layout.channels), np.uint8)
    convert = Converter(layout)
    for y in range(0, len(deep), ROWS_AT_ONCE):
        rows = slice(y, y + ROWS_AT_ONCE)
        samples = deep[rows][..., order]
        if key is not None:
            alpha = np.where((samples == key).all(2), 0, 65535).astype(np.uint16)
            samples = np.concatenate([samples, alpha[..., None]], 2)
        convert(samples, pixels[rows])
    return pixels


def _bare(png: bytes) -> bytes:
    """Returns a PNG with only its header and pixels; raises Unreadable when a chunk extends beyond the file."""
    parts, at = [PNG_MAGIC], len(PNG_MAGIC)
    while at + 8 <= len(png):
        size, name = struct.unpack_from(">I4s", png, at)
        if at + 12 + size > len(png):  # OpenCV would allocate the size that it claims
            raise Unreadable("The image is damaged or cut short and cannot be read.")
        if name in (b"IHDR", b"IDAT", b"IEND"):
            parts.append(png[at : at + 12 + size])
        at += 12 + size
    return b"".join(parts)


def _orientation(image: Image.Image) -> int:
    """Returns the EXIF orientation; 1 when it cannot be read."""
    try:
        return int(image.getexif().get(0x0112, 1))
    except DAMAGED:
        return 1


TURNS: dict[int, Callable[[Pixels], Pixels]] = {
    2: lambda p: p[:, ::-1],
    3: lambda p: p[::-1, ::-1],
    4: lambda p: p[::-1],
    5: lambda p: p.transpose(1, 0, 2),
    6: lambda p: np.rot90(p, -1),
    7: lambda p: p[::-1, ::-1].transpose(1, 0, 2),
    8: lambda p: np.rot90(p),
}


def _upright(pixels: Pixels, orientation: int) -> Pixels:
    turn = TURNS.get(orientation)
    return pixels if turn is None else np.ascontiguousarray(turn(pixels))
