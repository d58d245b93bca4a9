"""Decodes TIFF files by their tags: all bit depths, signs, planes, photometrics, extra samples, palettes, compressions.

tifffile and imagecodecs decompress; this module decides what the samples mean.
"""

import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from io import BytesIO
from typing import Any, NamedTuple

import numpy as np
from tifffile import TiffFile, TiffFileError

from editor.formats.colours import meaning
from editor.formats.metadata import TAGS, Metadata, metadata_of_tags
from editor.formats.samples import COLOURS, ROWS_AT_ONCE, Converter, Layout, eight_bit
from editor.imaging.raster import Pixels
from pipelines.errors import InvalidInput

MAGIC = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")  # the last two: BigTIFF
UNPACKED = {1, 5, 8, 32946, 32773, 34925, 50000}  # none, LZW, deflate (two), PackBits, LZMA, Zstandard: all lossless
PHOTOMETRIC = {0: "grey", 1: "grey", 2: "RGB", 3: "palette", 5: "CMYK", 6: "YCbCr", 8: "Lab", 9: "Lab"}
UNSIGNED, SIGNED, FLOATING = 1, 2, 3  # SampleFormat
WHITE_IS_ZERO, ICC_LAB = 0, 9
SEPARATE = 2  # PlanarConfiguration
ASSOCIATED, STRAIGHT = 1, 2  # ExtraSamples
# most bytes that one byte can decompress to, by compression; for LZMA and Zstandard, in any picture not made for attack
MOST_PACKED = {1: 1, 5: 3000, 8: 1032, 32946: 1032, 32773: 64, 34925: 8000, 50000: 8000}
MOST_SAMPLES = 32  # channels of a pixel
ORIENTATION, DNG_VERSION, SUBSAMPLING, INK_SET, RAW_CFA = 274, 50706, 530, 332, 32803

# what reading a damaged TIFF raises, besides the errors in `decoding.DAMAGED`
DAMAGED_TIFF = (TiffFileError, MemoryError, AssertionError, AttributeError, ArithmeticError, NotImplementedError)


class Unreadable(InvalidInput):
    """A file cannot be opened because of its size, colours or compression, or because parts are missing."""


class Tiff(NamedTuple):
    """A decoded TIFF."""

    pixels: Pixels  # uint8 (H, W, 3 or 4), not yet turned by the orientation
    icc: bytes | None  # the colour profile to keep with them
    notes: list[str]  # sentences about what was converted or left out
    orientation: int  # EXIF's number
    metadata: Metadata


def read_tiff(data: bytes, check: Callable[[int, int], None], colours: bool) -> Tiff | None:
    """Decodes the first page of a TIFF.

    Args:
        data: the file.
        check: called with width and height before anything is decoded; raises when they are too large.
        colours: whether to convert colours by the file's profile; False for a mask, whose numbers are not colours.

    Returns:
        The page; None when Pillow should decode it.

    Raises:
        Unreadable: the file cannot be opened; the message names the reason. A damaged file raises one of DAMAGED_TIFF
            or DAMAGED instead.
    """
    logging.getLogger("tifffile").setLevel(logging.CRITICAL)  # it logs everything that it skips
    with TiffFile(BytesIO(data), _multifile=False) as file:
        page: Any = file.pages.first  # tifffile's types say less than its pages have
        check(page.imagewidth, page.imagelength)
        if DNG_VERSION in page.tags or page.photometric == RAW_CFA:
            raise Unreadable("This is a camera's raw file. Develop it in a raw converter, and open the result.")
        if page.compression not in UNPACKED or (page.photometric == 6 and _subsampled(page)):
            _check_for_pillow(page)
            return None
        icc = page.iccprofile
        layout, notes = _layout(page)
        _check_parts(page, len(data))
        layout, profile, more = _with_profile(layout, icc) if colours else (layout, None, [])
        if page.dtype.kind == "f" and (bounds := _bounds(page, layout)) is not None:
            layout = replace(layout, low=bounds[0], high=bounds[1])
            notes.append(f"Its numbers go from {bounds[0]:.6g} to {bounds[1]:.6g}: those became black and white.")
        pixels = np.zeros((page.imagelength, page.imagewidth, layout.channels), np.uint8)
        convert = Converter(layout)
        for x, y, samples in _parts(page):
            part = pixels[y : y + samples.shape[0], x : x + samples.shape[1]]
            convert(samples[: part.shape[0], : part.shape[1]], part)
        frames = len(file.pages)
        tags = {tag.code: tag.value for tag in page.tags if tag.code in (*TAGS, ORIENTATION)}
    if frames > 1:
        notes.append(f"Only the first of {frames} frames was opened.")
    return Tiff(pixels, profile, notes + more, _number(tags.get(ORIENTATION)), metadata_of_tags(tags))


def _number(value: Any) -> int:
    return int(value) if isinstance(value, int) else 1


def _subsampled(page: Any) -> bool:
    tag = page.tags.get(SUBSAMPLING)
    return tag is None or tuple(tag.value) != (1, 1)


def _check_for_pillow(page: Any) -> None:
    """Raises Unreadable for a layout that Pillow would read wrongly."""
    bits = page.bitspersample
    if bits not in (1, 8) or page.sampleformat != UNSIGNED:
        raise Unreadable(
            f"The TIFF has {bits} bits a channel, packed as {_name(page.compression)}, which cannot be read: save it "
            "with LZW or ZIP compression, or none."
        )


def _name(value: Any) -> str:
    return str(getattr(value, "name", value))


def _check_parts(page: Any, size: int) -> None:
    """Raises Unreadable when parts of a file are missing, or it claims to be larger than its data can decompress to."""
    counts = page.databytecounts
    parts = len(page.dataoffsets)
    whole = parts == len(counts) == int(np.prod(page.chunked)) and all(counts)
    if page.is_contiguous:  # strips that follow each other are listed as one
        whole = parts == len(counts) == 1 or whole
    if not whole or any(at + count > size for at, count in zip(page.dataoffsets, counts, strict=True)):
        raise Unreadable("The image is damaged or cut short and cannot be read: parts of it are missing.")
    pixels = max(page.imagewidth * page.imagelength, parts * page.tilewidth * page.tilelength if page.is_tiled else 0)
    unpacked = pixels * page.samplesperpixel * max(page.bitspersample, 1) // 8
    if unpacked > sum(counts) * MOST_PACKED[int(page.compression)] + 2**16:
        raise Unreadable(f"The image is damaged: {size:,} bytes cannot hold the pixels that it claims to have.")


def _layout(page: Any) -> tuple[Layout, list[str]]:
    """Returns what the samples mean by the tags, and notes about it."""
    bits, kind, photometric = page.bitspersample, page.sampleformat, int(page.photometric)
    if photometric not in PHOTOMETRIC:
        raise Unreadable(f"The TIFF's colours ({_name(page.photometric)}) cannot be read: save it as RGB first.")
    if page.dtype is None or not isinstance(bits, int) or not isinstance(kind, int) or kind not in (1, 2, 3, 4):
        raise Unreadable(
            f"The TIFF has samples of {bits} bits in the format {kind}, which cannot be read: save it with 8 or 16 "
            "bits a channel first."
        )
    if page.imagedepth != 1:
        raise Unreadable(f"The TIFF is a volume of {page.imagedepth} layers: save one of them as a picture.")
    colours = PHOTOMETRIC[photometric]
    needed = 1 if colours == "palette" else COLOURS[colours]
    samples = page.samplesperpixel
    if not needed <= samples <= MOST_SAMPLES:
        raise Unreadable(f"The TIFF has {samples} channels for {colours}, which needs {needed}: save it as RGB first.")
    if colours == "CMYK" and (tag := page.tags.get(INK_SET)) is not None and tag.value == 2:
        raise Unreadable("The TIFF has inks that are not CMYK: save it as RGB first.")
    if colours in ("Lab", "YCbCr", "palette") and (kind != UNSIGNED or (colours != "palette" and bits not in (8, 16))):
        raise Unreadable(f"The TIFF has {colours} colours of {bits} bits, which cannot be read: save it as RGB first.")
    notes = []
    low, high = _range(page.dtype.kind, bits)
    layout = Layout(colours, low, high, alpha_low=low, alpha_high=high, signed_lab=photometric != ICC_LAB)
    if photometric == WHITE_IS_ZERO:
        layout = replace(layout, low=high, high=low)
    if colours == "palette":
        layout = replace(layout, colours="grey", palette=_palette(page, bits))
    extra = [int(each) for each in page.extrasamples]
    extra += [0] * (samples - needed - len(extra))  # channels that the tags do not describe
    for channel, kind_of_alpha in enumerate(extra[: samples - needed], needed):
        if kind_of_alpha in (ASSOCIATED, STRAIGHT) and layout.alpha is None:
            associated = kind_of_alpha == ASSOCIATED and colours != "palette"
            layout = replace(layout, alpha=channel, associated=associated)
    rest = samples - needed - (layout.alpha is not None)
    if page.dtype.kind == "f":
        notes.append(f"{bits}-bit floating-point numbers were reduced to 8 bits a channel.")
    elif bits > 8:
        notes.append(f"{bits} bits a channel were reduced to 8.")
    if rest:
        notes.append(f"{rest} further channel{'s were' if rest > 1 else ' was'} left out: neither colour nor alpha.")
    if colours in ("CMYK", "Lab"):
        notes.append(f"{colours} colours were converted to RGB.")
    return layout, notes


def _range(kind: str, bits: int) -> tuple[float, float]:
    """Returns the samples of an empty and of a full channel."""
    if kind == "f":
        return 0.0, 1.0
    if kind == "i":
        return -(2.0 ** (bits - 1)), 2.0 ** (bits - 1) - 1
    return 0, 2**bits - 1


def _palette(page: Any, bits: int) -> Pixels:
    """Returns the palette, uint8 (2 ** bits, 3)."""
    table = None if page.colormap is None else np.asarray(page.colormap)
    if table is None or table.shape != (3, 2**bits):
        raise Unreadable("The image is damaged: its palette is missing or of another size.")
    return eight_bit(np.ascontiguousarray(table.T), 0, 65535 if table.max() > 255 else 255)


def _with_profile(layout: Layout, icc: bytes | None) -> tuple[Layout, bytes | None, list[str]]:
    """Returns the layout with the colour space of its profile, the profile to keep with the pixels, and notes."""
    if layout.colours == "CMYK":
        return replace(layout, icc=icc), None, []
    if layout.colours == "Lab":
        return layout, None, []
    grey = layout.colours == "grey" and layout.palette is None
    space, profile, notes = meaning(icc, grey)
    if space is not None and (layout.palette is not None or layout.colours == "YCbCr"):
        return layout, None, []  # nobody writes these in linear light
    return replace(layout, space=space), profile, list(notes)


def _bounds(page: Any, layout: Layout) -> tuple[float, float] | None:
    """Returns the least and the greatest floating-point colour if they are not all from 0 to 1, else None."""
    least, greatest = np.inf, -np.inf
    for _, _, samples in _parts(page):
        colours = samples[..., : COLOURS[layout.colours]]
        finite = colours[np.isfinite(colours)]
        if finite.size:
            least, greatest = min(least, float(finite.min())), max(greatest, float(finite.max()))
    if (least >= 0 and greatest <= 1) or not least < greatest:
        return None
    return min(least, 0.0), greatest


def _parts(page: Any) -> Iterator[tuple[int, int, np.ndarray]]:
    """Yields x, y and samples, (h, w, C), of the parts that a page is stored in; they may extend beyond the picture."""
    if page.planarconfig == SEPARATE and page.samplesperpixel > 1:
        whole = page.asarray(maxworkers=1).reshape(page.samplesperpixel, page.imagelength, page.imagewidth)
        for y in range(0, page.imagelength, ROWS_AT_ONCE):
            yield 0, y, np.moveaxis(whole[:, y : y + ROWS_AT_ONCE], 0, -1)
        return
    for samples, (_, _, y, x, _), _ in page.segments(maxworkers=1):
        if samples is not None:
            samples = samples.reshape(samples.shape[1:])
            yield x, y, samples.view(np.uint8) if samples.dtype == bool else samples
