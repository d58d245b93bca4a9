"""Colour spaces: converts colours to sRGB by the curves and primaries of profiles and of a PNG's chunks.

Only matrix-and-curve spaces are computed here, at the full bit depth of the file; littlecms converts CMYK.
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass, replace
from io import BytesIO
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageCms

from editor.imaging.raster import Pixels

Curve = Callable[[np.ndarray], np.ndarray]  # from stored numbers, 0 to 1, to linear light
D50 = np.array([0.9642, 1.0, 0.8249])  # the white of ICC profiles and of Lab
# linear sRGB to XYZ under D50, as sRGB's profile has it
SRGB = np.array(
    [[0.4360747, 0.3850649, 0.1430804], [0.2225045, 0.7168786, 0.0606169], [0.0139322, 0.0971045, 0.7141733]]
)
BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])
LINEAR = 0.4  # least light at 0.5 of a linear curve: sRGB has 0.21, the lowest gamma in use, 1.8, has 0.29
LONGEST_CURVE = 2**16

REC709 = ((0.3127, 0.3290), (0.64, 0.33), (0.30, 0.60), (0.15, 0.06))  # white, red, green, blue as x, y
# ITU-T H.273: names and chromaticities, by the number in a cICP chunk
PRIMARIES = {
    1: ("", REC709),
    9: ("Rec. 2020", ((0.3127, 0.3290), (0.708, 0.292), (0.170, 0.797), (0.131, 0.046))),
    11: ("DCI-P3", ((0.314, 0.351), (0.680, 0.320), (0.265, 0.690), (0.150, 0.060))),
    12: ("Display P3", ((0.3127, 0.3290), (0.680, 0.320), (0.265, 0.690), (0.150, 0.060))),
}


@dataclass(frozen=True)
class Space:
    """A colour space of a curve and a matrix."""

    name: str  # for notes
    curve: Curve  # to linear light
    matrix: np.ndarray | None  # float (3, 3), from linear light to linear sRGB; None for grey

    @property
    def linear(self) -> bool:
        """Whether its numbers are linear light."""
        return float(self.curve(np.array([0.5]))[0]) > LINEAR

    @property
    def plain(self) -> bool:
        """Whether its numbers, at 8 bits, equal those of sRGB to within a level."""
        ramp = np.arange(256)
        grey = np.rint(255 * encoded(self.curve(ramp / 255)))
        same = self.matrix is None or bool(np.abs(self.matrix - np.eye(3)).max() < 0.02)
        return same and bool(np.abs(grey - ramp).max() <= 1)

    def to_srgb(self, shares: np.ndarray) -> Pixels:
        """Converts numbers from 0 to 1, float (..., 1 or 3), to sRGB, uint8; for a few rows at a time."""
        light = self.curve(shares)
        if self.matrix is not None:
            light = light @ self.matrix.T.astype(light.dtype)
        return rounded(encoded(light))


def encoded(light: np.ndarray) -> np.ndarray:
    """Converts linear light to sRGB's numbers, 0 to 1; values outside are clipped."""
    light = np.clip(light, 0, 1)
    return np.where(light <= 0.0031308, 12.92 * light, 1.055 * np.maximum(light, 1e-9) ** (1 / 2.4) - 0.055)


def rounded(shares: np.ndarray) -> Pixels:
    """Converts numbers from 0 to 1 to uint8."""
    eight: Pixels = np.rint(255 * shares).astype(np.uint8)
    return eight


def srgb_curve(numbers: np.ndarray) -> np.ndarray:
    """Converts sRGB's numbers, 0 to 1, to linear light."""
    return np.where(numbers <= 0.04045, numbers / 12.92, ((np.maximum(numbers, 0) + 0.055) / 1.055) ** 2.4)


def lab_to_srgb(lab: np.ndarray) -> Pixels:
    """Converts CIE L*a*b* under D50, float (..., 3), to sRGB, uint8 (..., 3)."""
    y = (lab[..., 0] + 16) / 116
    f = np.stack([y + lab[..., 1] / 500, y, y - lab[..., 2] / 200], -1)
    xyz = np.where(f > 6 / 29, f**3, (f - 4 / 29) * 3 * (6 / 29) ** 2) * D50
    return rounded(encoded(xyz @ np.linalg.inv(SRGB).T))


# profiles


def profile_name(icc: bytes) -> tuple[str, str]:
    """Returns the colours of an ICC profile ("RGB", "GRAY", "CMYK", ...) and its name; ("", "") when it is damaged."""
    try:
        profile = ImageCms.ImageCmsProfile(BytesIO(icc))
        name = ImageCms.getProfileDescription(profile).strip() or "unnamed"
        return profile.profile.xcolor_space.strip(), name
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return "", ""


def profile_space(icc: bytes, kind: str, name: str) -> Space | None:
    """Returns the space of an RGB or GRAY profile of curves; None for one of tables, or a damaged one."""
    try:
        tags = _tags(icc)
        if kind == "GRAY":
            return Space(name, _curve(tags[b"kTRC"]), None)
        if kind != "RGB" or b"A2B0" in tags:
            return None
        xyz = np.stack([np.array(struct.unpack_from(">3i", tags[each], 8)) for each in (b"rXYZ", b"gXYZ", b"bXYZ")], 1)
        return Space(name, _curve(tags[b"gTRC"]), np.linalg.inv(SRGB) @ (xyz / 65536))
    except (KeyError, ValueError, struct.error):
        return None


class Meaning(NamedTuple):
    """What the numbers of a file mean as colours."""

    space: Space | None  # the space to convert them from; None: they stay
    icc: bytes | None  # the profile to keep with them; None: they are, or become, sRGB
    notes: tuple[str, ...]  # sentences about it


PLAIN = Meaning(None, None, ())


def meaning(icc: bytes | None, grey: bool) -> Meaning:
    """Returns what numbers of grey or RGB mean by a profile.

    An RGB profile is kept, unless it is of linear light, which would look far too dark without conversion. Grey with
    another curve than sRGB's is converted.
    """
    kind, name = ("", "") if icc is None else profile_name(icc)
    if icc is None or kind not in ("RGB", "GRAY") or (kind == "GRAY" and not grey):
        return PLAIN
    space = profile_space(icc, kind, name)
    if kind == "GRAY":
        if space is None or space.plain:
            return PLAIN
        return Meaning(space, None, (f"Its grey ({name}) was converted to sRGB.",))
    if space is not None and space.linear:
        space = replace(space, matrix=None) if grey else space
        return Meaning(space, None, (f"Its colours ({name}) are linear light and were converted to sRGB.",))
    if "srgb" in name.lower():
        return Meaning(None, icc, ())
    return Meaning(
        None, icc, (f"Its colours are {name}. They are shown as sRGB here, but saved with their own profile.",)
    )


def _tags(icc: bytes) -> dict[bytes, bytes]:
    (count,) = struct.unpack_from(">I", icc, 128)
    entries = [struct.unpack_from(">4sII", icc, 132 + 12 * n) for n in range(min(count, 100))]
    return {name: icc[at : at + size] for name, at, size in entries}


def _curve(tag: bytes) -> Curve:
    """Parses a curveType or parametricCurveType (ICC.1:2022, 10.6 and 10.18)."""
    if tag[:4] == b"curv":
        (count,) = struct.unpack_from(">I", tag, 8)
        if count == 0:
            return lambda x: x
        if count == 1:
            return _power(struct.unpack_from(">H", tag, 12)[0] / 256)
        if count > LONGEST_CURVE:
            raise ValueError("a curve of too many points")
        points = np.array(struct.unpack_from(f">{count}H", tag, 12)) / 65535
        return lambda x: np.interp(x, np.linspace(0, 1, count), points)
    if tag[:4] != b"para":
        raise ValueError("no curve")
    (kind,) = struct.unpack_from(">H", tag, 8)
    count = (1, 3, 4, 5, 7)[min(kind, 4)]
    g, a, b, c, d, e, f = [n / 65536 for n in struct.unpack_from(f">{count}i", tag, 12)] + [0.0] * (7 - count)
    if kind == 0:
        return _power(g)
    if kind < 3:  # c: an offset
        d, e, f, c = -b / a if a else 0, c, c, 0
    return lambda x: np.where(x >= d, np.maximum(a * x + b, 0) ** g + e, c * x + f)


def _power(gamma: float) -> Curve:
    return lambda x: np.maximum(x, 0) ** gamma


# a PNG's chunks


def png_space(chunks: dict[bytes, bytes], grey: bool) -> Space | None:
    """Returns the space of a PNG's cICP, or else of its gAMA and cHRM; None when that is sRGB, or they are missing.

    A profile or sRGB takes precedence over the latter two, which are not in `chunks` then.
    """
    try:
        if b"cICP" in chunks:
            primaries, transfer, _, _ = chunks[b"cICP"][:4]
            name, chromaticities = PRIMARIES.get(primaries, PRIMARIES[1])
            how, curve = _transfers().get(transfer, ("", srgb_curve))
            space = Space(" ".join(filter(None, (name, how))), curve, None if grey else _to_linear_srgb(chromaticities))
        elif b"gAMA" in chunks:
            exponent = struct.unpack(">I", chunks[b"gAMA"])[0] / 100_000
            if not 0.05 <= exponent <= 5:
                return None
            numbers = [n / 100_000 for n in struct.unpack(">8I", chunks[b"cHRM"])] if b"cHRM" in chunks else []
            own = tuple((numbers[n], numbers[n + 1]) for n in (0, 2, 4, 6)) if numbers else REC709
            curve = srgb_curve if abs(exponent - 1 / 2.2) < 0.005 else _power(1 / exponent)
            space = Space(f"gamma {exponent:.4g}", curve, None if grey else _to_linear_srgb(own))
        else:
            return None
    except (ValueError, struct.error, ZeroDivisionError, np.linalg.LinAlgError):
        return None
    return None if space.plain else space


def _to_linear_srgb(chromaticities: tuple[tuple[float, float], ...]) -> np.ndarray:
    """Returns the matrix, float (3, 3), from linear light of these primaries; white is adapted after Bradford."""
    xyz = [np.array([x / y, 1, (1 - x - y) / y]) for x, y in chromaticities]
    white, primaries = xyz[0], np.stack(xyz[1:], 1)
    own = primaries * np.linalg.solve(primaries, white)
    adapted = np.linalg.inv(BRADFORD) @ np.diag((BRADFORD @ D50) / (BRADFORD @ white)) @ BRADFORD
    matrix = np.linalg.inv(SRGB) @ adapted @ own
    if not np.isfinite(matrix).all() or np.abs(matrix).max() > 20:
        raise ValueError("no primaries of colours that can be seen")
    return np.asarray(matrix)


def _transfers() -> dict[int, tuple[str, Curve]]:
    """Returns ITU-T H.273's transfer functions by number. HDR's white is BT.2408's paper white; more is clipped."""

    def pq(x: np.ndarray) -> np.ndarray:
        p = np.maximum(x, 0) ** (1 / 78.84375)
        return np.asarray(
            (np.maximum(p - 0.8359375, 0) / (18.8515625 - 18.6875 * p)) ** (1 / 0.1593017578125) * 10_000 / 203
        )

    def hlg(x: np.ndarray) -> np.ndarray:
        light = np.where(x <= 0.5, x**2 / 3, (np.exp((x - 0.55991073) / 0.17883277) + 0.28466892) / 12)
        return light / 0.26496256

    # Rec. 709 defines a camera's curve; screens use one close to sRGB's
    return {
        4: ("gamma 2.2", _power(2.2)), 5: ("gamma 2.8", _power(2.8)), 8: ("linear light", lambda x: x),
        16: ("HDR (PQ)", pq), 18: ("HDR (HLG)", hlg),
    }  # fmt: skip


def to_profile(pixels: Pixels, icc: bytes | None, target: bytes | None) -> Pixels:
    """Converts colours from one RGB profile to another, so that they look the same there.

    Args:
        pixels: uint8 (H, W, 3) or (H, W, 4); alpha stays.
        icc: the profile that they have, None for sRGB.
        target: the profile to convert them to, None for sRGB.

    Returns:
        uint8 of the same shape; the same numbers where the profiles are equal or one of them is damaged.
    """
    if icc == target:
        return pixels
    srgb = ImageCms.createProfile("sRGB")
    try:
        source, goal = (srgb if each is None else ImageCms.ImageCmsProfile(BytesIO(each)) for each in (icc, target))
        intent, flags = ImageCms.Intent.RELATIVE_COLORIMETRIC, ImageCms.Flags.BLACKPOINTCOMPENSATION
        how = ImageCms.buildTransform(source, goal, "RGB", "RGB", intent, flags)
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return pixels
    image = ImageCms.applyTransform(Image.fromarray(np.ascontiguousarray(pixels[..., :3])), how)
    assert image is not None, "it is not done in place"
    return np.dstack([np.asarray(image), pixels[..., 3:]])


# CMYK


def cmyk_transform(icc: bytes | None) -> Callable[[Pixels], Pixels]:
    """Returns a function from CMYK, uint8 (H, W, 4), to sRGB, uint8 (H, W, 3), by the profile if it is usable."""
    try:
        srgb = ImageCms.createProfile("sRGB")
        how = ImageCms.buildTransform(BytesIO(icc or b""), srgb, "CMYK", "RGB")
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return lambda inks: np.asarray(Image.fromarray(inks, "CMYK").convert("RGB"))

    def converted(inks: Pixels) -> Pixels:
        image = ImageCms.applyTransform(Image.fromarray(inks, "CMYK"), how)
        assert image is not None, "it is not done in place"
        return np.asarray(image)

    return converted
