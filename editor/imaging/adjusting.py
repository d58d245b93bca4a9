"""Adjusting colours: exposure, temperature, contrast, a curve, saturation, blur and sharpness. Plain functions.

Exposure and temperature act on linear light, as a camera's do. Contrast and curve act on display values (sRGB, 0 to 1),
as an eye judges them; saturation acts around luma, and blur and sharpness on display values.
"""

import math
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from editor.imaging.raster import Pixels

LUMA = np.array([0.2126, 0.7152, 0.0722])  # of red, green and blue (ITU-R BT.709)
SHARPENED = 1.0  # sigma in pixels of the blur that sharpening takes away
SHARPEST = 2.0  # how much of the difference to that blur sharpness 1 adds
FARTHEST = 3  # sigmas at which a Gaussian is cut off
FINEST = 4.0  # least sigma in pixels of the image scaled down
COARSEST = 16  # by how much it is scaled down at most, by powers of two
STEEPEST = 3.0  # by how much contrast 1 raises the slope at mid-grey

Point = tuple[float, float]


def reach(blur: float, sharpness: float) -> int:
    """Returns how many pixels beyond a pixel decide its adjusted colour."""
    return math.ceil(FARTHEST * blur) + (math.ceil(FARTHEST * SHARPENED) if sharpness else 0)


def adjusted(
    image: Pixels,
    opacity: Pixels | None = None,
    *,
    exposure: float = 0.0,
    contrast: float = 0.0,
    saturation: float = 0.0,
    temperature: float = 0.0,
    sharpness: float = 0.0,
    blur: float = 0.0,
    curve: Sequence[Point] = (),
    scale: float = 1.0,
) -> Pixels:
    """Returns an image with other colours; 0 everywhere, and no curve, is the image itself.

    Args:
        image: uint8 (H, W, 3) RGB.
        opacity: uint8 (H, W), so that transparent pixels do not blur into others; None: all are opaque.
        exposure: stops, -3 to 3: by which power of two the light is multiplied.
        contrast: -1 (mid-grey alone) to 1.
        saturation: -1 (grey) to 1 (twice as far from grey).
        temperature: -1 (cold: half as much red to blue light) to 1 (warm: twice as much); greys keep their luma.
        sharpness: 0 to 1.
        blur: sigma of a Gaussian in pixels, 0 or more.
        curve: points (x, y) of display values, 0 to 1, x rising; see `curve_at`.
        scale: how large the image is, to the picture that `blur` and `sharpness` are measured in.

    Returns:
        uint8 (H, W, 3).
    """
    tones = _tones(exposure, contrast, temperature, curve) * 255
    colours = np.asarray(cv2.LUT(image, tones.astype(np.float32)[None]), np.float32)
    if saturation:
        mix = (1 + saturation) * np.eye(3) - saturation * LUMA
        colours = np.clip(cv2.transform(colours, mix.astype(np.float32)), 0, 255)
    if blur:
        colours = _blurred(colours, blur * scale, opacity)
    if sharpness:
        luma = np.asarray(cv2.transform(colours, LUMA.astype(np.float32)[None]), np.float32).reshape(image.shape[:2])
        detail = luma - _blurred(luma, SHARPENED * scale, opacity)
        colours += (SHARPEST * sharpness) * detail[..., None]
    return np.rint(np.clip(colours, 0, 255, out=colours), out=colours).astype(np.uint8)


def curve_at(points: Sequence[Point], values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Evaluates a smooth curve through points, which never overshoots them (Fritsch and Butland 1984).

    Args:
        points: (x, y), two or more, x rising. Beyond the first and the last the curve is flat.
        values: where, of any shape.
    """
    x, y = np.array(points, np.float64).T
    widths, secants = np.diff(x), np.diff(y) / np.diff(x)
    slopes = np.r_[secants[0], np.zeros(len(x) - 2), secants[-1]]
    for n in range(1, len(x) - 1):
        before, after = secants[n - 1], secants[n]
        if before * after > 0:
            near = (widths[n - 1] + 2 * widths[n]) / (3 * (widths[n - 1] + widths[n]))
            slopes[n] = before * after / (near * after + (1 - near) * before)
    at = np.clip(values, x[0], x[-1])
    part = np.clip(np.searchsorted(x, at, "right") - 1, 0, len(x) - 2)
    t, width = (at - x[part]) / widths[part], widths[part]
    start = (y[part] * (1 + 2 * t) + slopes[part] * width * t) * (1 - t) ** 2
    end = (y[part + 1] * (3 - 2 * t) - slopes[part + 1] * width * (1 - t)) * t**2
    return np.asarray(start + end, np.float64)


def _tones(exposure: float, contrast: float, temperature: float, curve: Sequence[Point]) -> NDArray[np.float64]:
    """Returns the display value that each of the 256 levels becomes in each channel, float64 (256, 3), 0 to 1."""
    levels = np.arange(256) / 255
    light = np.where(levels <= 0.04045, levels / 12.92, ((levels + 0.055) / 1.055) ** 2.4)  # IEC 61966-2-1
    warm = 2 ** (temperature / 2 * np.array([1, 0, -1]))
    light = light[:, None] * (2**exposure * warm / (warm @ LUMA))
    values = np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)
    if contrast < 0:  # brings back what is brighter than white by now
        values = 0.5 + (values - 0.5) * (1 + contrast)
    if contrast > 0:  # an S that leaves black and white where they are
        values, power = np.clip(values, 0, 1), 1 + STEEPEST * contrast
        values = values**power / (values**power + (1 - values) ** power)
    return np.clip(curve_at(curve, values) if curve else values, 0, 1)


def _blurred(values: NDArray[np.float32], sigma: float, opacity: Pixels | None) -> NDArray[np.float32]:
    """Blurs values, float32 (H, W) or (H, W, 3), weighted by their opacity."""
    if opacity is None:
        return _gaussian(values, sigma)
    weight = np.asarray(opacity, np.float32)
    shape = opacity.shape + (1,) * (values.ndim - 2)
    total = _gaussian(weight, sigma).reshape(shape)
    sums = _gaussian(values * weight.reshape(shape), sigma)
    return np.divide(sums, total, out=values.copy(), where=np.broadcast_to(total, values.shape) > 0.1)


def _gaussian(values: NDArray[np.float32], sigma: float) -> NDArray[np.float32]:
    """Blurs values, mirrored beyond their border; a wide Gaussian is that of an image scaled down and up again."""
    around = math.ceil(FARTHEST * sigma)
    factor = min(COARSEST, 2 ** max(0, math.floor(math.log2(sigma / FINEST))))
    if factor == 1:
        size = (2 * around + 1, 2 * around + 1)
        return np.asarray(cv2.GaussianBlur(values, size, sigma, borderType=cv2.BORDER_REFLECT), np.float32)
    height, width = values.shape[:2]
    around = -(-around // factor) * factor
    bottom, right = (around + -(length + 2 * around) % factor for length in (height, width))
    whole = cv2.copyMakeBorder(values, around, bottom, around, right, cv2.BORDER_REFLECT)
    size = (whole.shape[1] // factor, whole.shape[0] // factor)
    small = np.asarray(cv2.resize(whole, size, interpolation=cv2.INTER_AREA), np.float32)
    left = math.sqrt(sigma**2 - (factor**2 - 1) / 12) / factor  # the mean of a square is a blur too
    large = cv2.resize(_gaussian(small, left), whole.shape[1::-1], interpolation=cv2.INTER_CUBIC)
    return np.asarray(large[around : around + height, around : around + width], np.float32)
