"""Converts a file's samples, of any depth and colours, to 8-bit sRGB or RGB, a few rows at a time."""

from dataclasses import dataclass

import numpy as np

from editor.formats.colours import Space, cmyk_transform, lab_to_srgb
from editor.imaging.raster import Pixels

ROWS_AT_ONCE = 64  # rows to convert at a time
COLOURS = {"grey": 1, "RGB": 3, "CMYK": 4, "Lab": 3, "YCbCr": 3}  # channels of each


@dataclass(frozen=True, eq=False)
class Layout:
    """What the samples of a pixel mean."""

    colours: str  # one of COLOURS
    low: float  # the sample of an empty channel; above `high` if the file stores white as 0
    high: float  # the sample of a full channel
    alpha: int | None = None  # index of the alpha channel
    alpha_low: float = 0  # the sample of a transparent pixel
    alpha_high: float = 255  # the sample of an opaque pixel
    associated: bool = False  # whether the colours are multiplied by alpha
    space: Space | None = None  # the space to convert grey or RGB from; None: the numbers stay
    icc: bytes | None = None  # the profile of CMYK
    palette: Pixels | None = None  # uint8 (N, 3), indexed by the grey sample
    signed_lab: bool = False  # whether a and b are two's complements; otherwise zero is in the middle of the range

    @property
    def channels(self) -> int:
        """How many channels the converted picture has."""
        return 3 if self.alpha is None else 4


class Converter:
    """Converts samples of a layout."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.inks = cmyk_transform(layout.icc) if layout.colours == "CMYK" else None

    def __call__(self, samples: np.ndarray, out: Pixels) -> None:
        """Converts samples, (H, W, C) of any type, into `out`, uint8 (H, W, layout.channels)."""
        for y in range(0, len(samples), ROWS_AT_ONCE):
            rows = slice(y, y + ROWS_AT_ONCE)
            self._convert(samples[rows], out[rows])

    def _convert(self, samples: np.ndarray, out: Pixels) -> None:
        layout = self.layout
        colours = samples[..., : COLOURS[layout.colours]]
        if layout.alpha is not None:
            alpha = samples[..., layout.alpha]
            out[..., 3] = eight_bit(alpha, layout.alpha_low, layout.alpha_high)
            if layout.associated:
                colours = _unassociated(colours, alpha, layout)
        out[..., :3] = self._rgb(colours)

    def _rgb(self, colours: np.ndarray) -> Pixels:
        layout = self.layout
        if layout.palette is not None:
            return np.asarray(layout.palette[colours[..., 0]], np.uint8)
        if layout.colours == "Lab":
            return lab_to_srgb(_lab(colours, layout))
        if layout.space is not None:
            shares = (colours.astype(np.float64) - layout.low) / (layout.high - layout.low)
            return layout.space.to_srgb(np.clip(np.nan_to_num(shares), 0, 1))
        eight = eight_bit(colours, layout.low, layout.high)
        if layout.colours == "YCbCr":
            return _from_ycbcr(eight)
        return eight if self.inks is None else self.inks(np.ascontiguousarray(eight))


def eight_bit(numbers: np.ndarray, low: float, high: float) -> Pixels:
    """Maps numbers from `low` to `high` to 0 to 255, rounded, uint8."""
    if numbers.dtype == np.uint8 and (low, high) == (0, 255):
        return numbers
    if numbers.dtype.kind == "u" and low == 0 and high <= 65535:
        top = int(high)
        return np.asarray((np.minimum(numbers, top).astype(np.uint32) * 255 + top // 2) // top, np.uint8)
    shares = (numbers.astype(np.float64) - low) * (255 / (high - low))
    return np.asarray(np.floor(np.clip(np.nan_to_num(shares), 0, 255) + 0.5), np.uint8)


def _unassociated(colours: np.ndarray, alpha: np.ndarray, layout: Layout) -> np.ndarray:
    """Divides colours by the alpha that they were multiplied by; empty where alpha is 0."""
    share = (alpha.astype(np.float64) - layout.alpha_low) / (layout.alpha_high - layout.alpha_low)
    full = (colours.astype(np.float64) - layout.low) / np.maximum(share, 1e-9)[..., None] + layout.low
    full = np.where(share[..., None] > 0, full, layout.low)
    full = np.clip(full, min(layout.low, layout.high), max(layout.low, layout.high))
    return np.asarray(full if colours.dtype.kind == "f" else np.rint(full), colours.dtype)


def _lab(colours: np.ndarray, layout: Layout) -> np.ndarray:
    """Returns Lab, float (..., 3): L from 0 to 100, a and b around 0."""
    deep = colours.dtype.itemsize > 1
    steps = 256 if deep else 1  # sample values per unit of a and b
    if layout.signed_lab:
        ab = colours[..., 1:].view(np.int16 if deep else np.int8).astype(np.float64) / steps
        light = colours[..., :1] * (100 / layout.high)
    else:
        ab = colours[..., 1:].astype(np.float64) / steps - 128
        light = colours[..., :1] * (100 / (65280 if deep else 255))
    return np.concatenate([light, ab], -1)


def _from_ycbcr(ycc: Pixels) -> Pixels:
    """Converts by ITU-R BT.601, full range, the default of TIFF."""
    y, cb, cr = (ycc[..., n].astype(np.float64) - (0, 128, 128)[n] for n in range(3))
    rgb = np.stack([y + 1.402 * cr, y - 0.344136 * cb - 0.714136 * cr, y + 1.772 * cb], -1)
    return np.rint(np.clip(rgb, 0, 255)).astype(np.uint8)
