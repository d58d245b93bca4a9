"""Image files in and out. Lossy input is decoded once; everything the editor keeps is lossless.

What cannot be read is a ValueError with a sentence for the person who chose the file.
"""

import struct
from dataclasses import dataclass
from io import BytesIO

import cv2
import numpy as np
from PIL import Image, ImageCms, ImageOps

from editor.raster import Pixels, frozen

MAX_PIXELS = 128 * 2**20  # of one picture; checked before a pixel is decoded

LARGEST_TILE = 2**26  # pixels of a stored tile, crop or sketch: files of others come in too
LONGEST_SIDE = 16_383  # of those: WebP's

# what is accepted; formats whose readers start other programs (EPS) or fetch things are not among them
FORMATS = ("PNG", "JPEG", "WEBP", "AVIF", "GIF", "BMP", "TIFF", "PPM")

BITS_PER_SAMPLE = 258  # TIFF's tag

ROWS_AT_ONCE = 64  # of a picture whose numbers are made others
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
class Opened:
    """pixels: uint8 (H, W, 3) RGB, or (H, W, 4) with straight alpha where not all is opaque; read-only. icc: the
    profile that says what the colours mean, or None for sRGB. notes: sentences on what the file held that the picture
    does not.
    """

    pixels: Pixels
    icc: bytes | None
    notes: tuple[str, ...]


def read_image(data: bytes, most: int = MAX_PIXELS) -> Opened:
    """The picture in a file's bytes, upright, at 8 bits. ValueError when there is none, or it has more than `most`
    pixels: then none of them was unpacked.

    The colours of an RGB file stay as they are, to the byte, and its profile is kept beside them.
    """
    image, notes = _decoded(data, most)
    transparent = image.mode in ("RGBA", "LA") and image.getchannel("A").getextrema()[0] != 255
    pixels = frozen(np.asarray(image.convert("RGBA" if transparent else "RGB")))
    icc = image.info.get("icc_profile")
    name = "" if icc is None else _profile_name(icc)
    if not name:
        icc = None
    elif "srgb" not in name.lower():
        notes.append(f"Its colours are {name}: they are shown as sRGB here, and saved with their own profile.")
    return Opened(pixels, icc, tuple(notes))


def read_mask(data: bytes, most: int = MAX_PIXELS) -> Pixels:
    """The mask in a file's bytes: uint8 (H, W), read-only; white = repaint (255), black or transparent = keep
    (0). ValueError as `read_image`.
    """
    image, _ = _decoded(data, most)
    white = np.asarray(image.convert("L"))
    if image.mode in ("RGBA", "LA"):
        alpha = np.asarray(image.getchannel("A"))
        white = ((white.astype(np.uint16) * alpha + 127) // 255).astype(np.uint8)
    return frozen(white)


def encode_png(pixels: Pixels) -> bytes:
    """PNG of uint8 (H, W, 3) RGB, (H, W, 4) with straight alpha, or (H, W) grey."""
    if pixels.ndim == 3:
        order = cv2.COLOR_RGB2BGR if pixels.shape[2] == 3 else cv2.COLOR_RGBA2BGRA
        pixels = np.asarray(cv2.cvtColor(pixels, order), dtype=np.uint8)
    return cv2.imencode(".png", pixels)[1].tobytes()


def decode_mask(data: bytes) -> Pixels:
    """uint8 (H, W) from what `encode_png` made of it."""
    alpha = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE) if data else None
    if alpha is None:
        raise ValueError("A stored mask cannot be decoded: the store is damaged.")
    return np.asarray(alpha, dtype=np.uint8)


def encode_tile(pixels: Pixels) -> bytes:
    """Lossless WebP of uint8 (H, W, 3) or (H, W, 4): what the store keeps and browsers are served, byte for byte."""
    data = BytesIO()
    Image.fromarray(pixels).save(data, "WEBP", lossless=True, method=0, quality=0, exact=True)
    return data.getvalue()


def decode_tile(data: bytes) -> Pixels:
    """uint8 (H, W, 3) or (H, W, 4), read-only, from what `encode_tile` made of it."""
    with Image.open(BytesIO(data), formats=("WEBP",)) as image:
        if image.width * image.height > LARGEST_TILE:
            raise ValueError(f"A tile of {image.width} x {image.height} pixels is none of the editor's.")
        return frozen(np.asarray(image))


def _decoded(data: bytes, most: int) -> tuple[Image.Image, list[str]]:
    """The first frame, upright, as 8-bit L, LA, RGB or RGBA, and notes on what was lost."""
    if not data:
        raise ValueError("The file is empty.")
    Image.init()
    Image.MAX_IMAGE_PIXELS = MAX_PIXELS  # above it Pillow warns or raises by itself; below it, it stays silent
    try:
        image: Image.Image = Image.open(BytesIO(data), formats=[name for name in FORMATS if name in Image.OPEN])
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise ValueError(f"The picture is too large: at most {MAX_PIXELS:,} pixels can be opened.") from None
    except DAMAGED:
        raise ValueError(
            "This is not an image the editor can read: choose a PNG, JPEG, WebP, AVIF, GIF, BMP or TIFF file."
        ) from None
    width, height = image.size
    if width * height > most:
        raise ValueError(
            f"The picture is too large: {width:,} x {height:,} is {width * height:,} pixels, "
            f"at most {most:,} can be opened."
        )
    if width < 1 or height < 1:
        raise ValueError(f"The picture has no pixels: it is {width} x {height}.")
    notes = []
    try:
        frames = getattr(image, "n_frames", 1)
        image.load()
    except DAMAGED as error:
        raise ValueError(f"The image is damaged or cut short and cannot be read ({error}).") from None
    deep = image.format == "PNG" and data[24] == 16  # the header's bit depth; Pillow itself reads colour at 8
    if deep or (image.format == "TIFF" and 16 in getattr(image, "tag_v2", {}).get(BITS_PER_SAMPLE, ())):
        notes.append("16 bits a channel were reduced to 8.")
    if frames > 1 and image.format != "MPO":  # a camera's JPEG: its further frames are views of the same
        notes.append(f"Only the first of {frames} frames was opened.")
    return _eight_bit(_upright(image), notes), notes


def _upright(image: Image.Image) -> Image.Image:
    """Turned the way its EXIF says; as it is when that cannot be read."""
    try:
        return ImageOps.exif_transpose(image)
    except DAMAGED:
        return image


def _eight_bit(image: Image.Image, notes: list[str]) -> Image.Image:
    """The image in mode L, LA, RGB or RGBA."""
    if image.mode in ("L", "LA", "RGB", "RGBA") and "transparency" not in image.info:
        return image
    if image.mode.startswith("I"):  # I;16 and its byte orders, or I: 16-bit grey in 32
        if not notes:
            notes.append("16 bits a channel were reduced to 8.")
        grey = np.asarray(image)
        eight = np.empty(grey.shape, np.uint8)
        for rows in range(0, len(grey), ROWS_AT_ONCE):  # 16 bits need 32 on the way
            band = grey[rows : rows + ROWS_AT_ONCE].clip(0, 65535).astype(np.uint32)
            eight[rows : rows + ROWS_AT_ONCE] = (band * 255 + 32767) // 65535
        return Image.fromarray(eight)
    if image.mode == "F":
        raise ValueError("The image holds floating-point numbers: save it with 8 or 16 bits a channel first.")
    if image.mode == "CMYK":
        notes.append("CMYK colours were converted to RGB.")
        return _from_cmyk(image)
    alpha = "transparency" in image.info or image.mode in ("PA", "La", "RGBa")
    try:
        return image.convert("RGBA" if alpha else "RGB")
    except DAMAGED:
        raise ValueError(f"The image's colours ({image.mode}) cannot be read: save it as RGB first.") from None


def _from_cmyk(image: Image.Image) -> Image.Image:
    """By the file's own profile where that can be used, and then without it: what comes is sRGB."""
    icc = image.info.get("icc_profile")
    try:
        srgb = ImageCms.createProfile("sRGB")
        converted = ImageCms.profileToProfile(image, BytesIO(icc or b""), srgb, outputMode="RGB")
    except (ImageCms.PyCMSError, *DAMAGED):
        converted = None
    rgb = image.convert("RGB") if converted is None else converted
    rgb.info.pop("icc_profile", None)
    return rgb


def _profile_name(icc: bytes) -> str:
    """What an ICC profile of RGB colours calls itself; '' for any other."""
    try:
        profile = ImageCms.ImageCmsProfile(BytesIO(icc))
        name = ImageCms.getProfileDescription(profile).strip() or "unnamed"
        return name if profile.profile.xcolor_space.strip() == "RGB" else ""
    except (ImageCms.PyCMSError, *DAMAGED):
        return ""
