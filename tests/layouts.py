"""Picture files of every layout of samples, with the 8-bit pixels that arithmetic says they hold."""

import struct
import zlib
from collections.abc import Callable
from io import BytesIO
from typing import Any, NamedTuple

import numpy as np
import tifffile
from PIL import Image, ImageCms

from editor.imaging.raster import Pixels

WIDE, HIGH = 37, 21
SIGNATURE = b"\x89PNG\r\n\x1a\n"


class Made(NamedTuple):
    """pixels: what is right, uint8 (H, W, 3 or 4). notes: what is said, one after another. apart: levels allowed."""

    data: bytes
    pixels: Pixels
    notes: tuple[str, ...] = ()
    apart: int = 0


def shares(channels: int, seed: int = 0) -> np.ndarray:
    """float (HIGH, WIDE, channels), 0 to 1: a gradient, noise, and both ends."""
    random = np.random.default_rng(seed)
    made = random.random((HIGH, WIDE, channels))
    made[:4] = np.linspace(0, 1, WIDE)[None, :, None]
    made[4, 0], made[4, 1] = 0, 1
    return made


def tiff(samples: np.ndarray, **options: Any) -> bytes:
    file = BytesIO()
    tifffile.imwrite(file, samples, metadata=None, software=False, **options)
    return file.getvalue()


def eight(values: np.ndarray) -> Pixels:
    """uint8 of numbers from 0 to 1."""
    return np.floor(values.clip(0, 1) * 255 + 0.5).astype(np.uint8)


def rgb(values: np.ndarray) -> Pixels:
    """uint8 (H, W, 3 or 4) of floats with 1 to 4 channels."""
    channels = values.shape[2]
    colours = values[..., :1].repeat(3, 2) if channels < 3 else values[..., :3]
    return eight(colours if channels in (1, 3) else np.concatenate([colours, values[..., -1:]], 2))


def counted(values: np.ndarray, bits: int) -> tuple[np.ndarray, np.ndarray]:
    """The samples of so many bits, and what they stand for from 0 to 1."""
    top = 2**bits - 1
    kind = np.uint8 if bits <= 8 else np.uint16 if bits <= 16 else np.uint32
    samples = np.rint(values * top).astype(kind)
    return samples, samples.astype(np.float64) / top


def reduced(bits: int) -> tuple[str, ...]:
    return (f"{bits} bits a channel were reduced to 8.",) if bits > 8 else ()


def packed(samples: np.ndarray, bits: int, photometric: int) -> bytes:
    """A bare TIFF of grey samples, each row of packed bits, most significant first."""
    high, wide = samples.shape
    ones = (samples[..., None].astype(np.uint32) >> np.arange(bits - 1, -1, -1, dtype=np.uint32)) & 1
    rows = np.packbits(ones.reshape(high, wide * bits).astype(np.uint8), axis=1)
    return bare_tiff(rows.tobytes(), {256: wide, 257: high, 258: bits, 259: 1, 262: photometric, 277: 1, 278: high})


def bare_tiff(data: bytes, tags: dict[int, int]) -> bytes:
    """A little-endian TIFF of one strip; every tag a number."""
    tags = {**tags, 273: 8 + 2 + 12 * (len(tags) + 2) + 4, 279: len(data)}
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in sorted(tags.items()))
    return b"II*\0" + struct.pack("<IH", 8, len(tags)) + entries + struct.pack("<I", 0) + data


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(samples: np.ndarray, *chunks: bytes) -> bytes:
    """A PNG of 8 or 16 bits; chunks: what stands before its pixels."""
    high, wide, channels = samples.shape
    bits = 8 * samples.dtype.itemsize
    header = struct.pack(">IIBBBBB", wide, high, bits, {1: 0, 2: 4, 3: 2, 4: 6}[channels], 0, 0, 0)
    rows = b"".join(b"\0" + row.tobytes() for row in samples.astype(f">u{bits // 8}"))
    body = chunk(b"IDAT", zlib.compress(rows))
    return SIGNATURE + chunk(b"IHDR", header) + b"".join(chunks) + body + chunk(b"IEND", b"")


def profile(kind: bytes, name: str, curve: bytes) -> bytes:
    """An ICC profile, version 2, of a curve: of GRAY, or of RGB with sRGB's primaries."""
    text = name.encode("ascii") + b"\0"
    description = b"desc" + bytes(4) + struct.pack(">I", len(text)) + text + bytes(78)
    white = b"XYZ " + bytes(4) + struct.pack(">3i", 63190, 65536, 54061)
    tags = {b"desc": description, b"wtpt": white, b"cprt": b"text" + bytes(4) + b"none\0"}
    if kind == b"GRAY":
        tags[b"kTRC"] = curve
    else:
        colours = {b"r": (0.4361, 0.2225, 0.0139), b"g": (0.3851, 0.7169, 0.0971), b"b": (0.1431, 0.0606, 0.7141)}
        for letter, xyz in colours.items():
            tags[letter + b"TRC"] = curve
            tags[letter + b"XYZ"] = b"XYZ " + bytes(4) + struct.pack(">3i", *(round(65536 * n) for n in xyz))
    at = 132 + 12 * len(tags)
    entries, body = b"", b""
    for tag, data in tags.items():
        data += bytes(-len(data) % 4)
        entries += tag + struct.pack(">II", at + len(body), len(data))
        body += data
    size = at + len(body)
    head = struct.pack(">I4sI4s4s4s", size, b"none", 0x02400000, b"mntr", kind, b"XYZ ") + bytes(12) + b"acsp"
    head += bytes(28) + struct.pack(">3i", 63190, 65536, 54061)
    head += bytes(128 - len(head))
    return head + struct.pack(">I", len(tags)) + entries + body


def gamma(value: float) -> bytes:
    return b"curv" + bytes(4) + struct.pack(">IH", 1, round(value * 256)) + bytes(2)


def seen(light: np.ndarray) -> np.ndarray:
    """sRGB's numbers of linear light."""
    light = light.clip(0, 1)
    return np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)


LINEAR = profile(b"RGB ", "Linear test", gamma(1.0))
SAID_LINEAR = "Its colours (Linear test) are linear light and were converted to sRGB."
MAKERS: dict[str, Callable[[], Made]] = {}


def layout(name: str) -> Callable[[Callable[[], Made]], Callable[[], Made]]:
    def named(maker: Callable[[], Made]) -> Callable[[], Made]:
        MAKERS[name] = maker
        return maker

    return named


def of_integers(name: str, channels: int, bits: int, **options: Any) -> None:
    """A TIFF of unsigned samples; planarconfig "separate" has its planes first."""

    @layout(name)
    def _() -> Made:
        samples, values = counted(shares(channels), bits)
        planes = np.moveaxis(samples, 2, 0) if options.get("planarconfig") == "separate" else samples
        planes = planes[..., 0] if channels == 1 else planes
        return Made(tiff(planes, **options), rgb(values), reduced(bits))


for compression in (None, "lzw", "zlib", "packbits", "zstd"):
    of_integers(f"TIFF RGB 16, {compression or 'plain'}", 3, 16, photometric="rgb", compression=compression)
for predictor, tile in ((True, None), (True, (16, 16)), (False, (16, 16))):
    of_integers(
        f"TIFF RGB 16, zlib{', predictor' if predictor else ''}{', tiles' if tile else ''}", 3, 16, photometric="rgb",
        compression="zlib", predictor=predictor, tile=tile,
    )  # fmt: skip
for bits in (8, 16):
    of_integers(f"TIFF RGB {bits}, planes", 3, bits, photometric="rgb", planarconfig="separate")
    of_integers(f"TIFF RGB {bits}, planes, LZW", 3, bits, photometric="rgb", planarconfig="separate", compression="lzw")
    of_integers(
        f"TIFF RGBA {bits}, planes, tiles", 4, bits, photometric="rgb", planarconfig="separate", extrasamples=[2],
        tile=(16, 16),
    )  # fmt: skip
    of_integers(f"TIFF RGBA {bits}", 4, bits, photometric="rgb", extrasamples=["unassalpha"])
    of_integers(f"TIFF grey {bits}", 1, bits, photometric="minisblack")
    of_integers(f"TIFF grey+alpha {bits}", 2, bits, photometric="minisblack", extrasamples=["unassalpha"])
of_integers("TIFF RGB 32", 3, 32, photometric="rgb")
of_integers("TIFF grey 32", 1, 32, photometric="minisblack")
of_integers("TIFF RGB 16, big-endian", 3, 16, photometric="rgb", byteorder=">")
of_integers("TIFF RGB 16, BigTIFF", 3, 16, photometric="rgb", bigtiff=True)
of_integers("TIFF RGB 16, one row a strip", 3, 16, photometric="rgb", rowsperstrip=1)


def of_packed(bits: int, inverted: bool) -> None:
    @layout(f"TIFF grey {bits}{', min is white' if inverted else ''}, packed")
    def _() -> Made:
        samples, values = counted(shares(1), bits)
        pixels = rgb(1 - values if inverted else values)
        return Made(packed(samples[..., 0], bits, 0 if inverted else 1), pixels, reduced(bits))


for bits in (1, 2, 4, 6, 8, 10, 12, 14):
    for inverted in (False, True):
        of_packed(bits, inverted)


@layout("TIFF grey 16, min is white")
def _() -> Made:
    samples, values = counted(shares(1), 16)
    return Made(tiff(samples[..., 0], photometric="miniswhite"), rgb(1 - values), reduced(16))


@layout("TIFF grey 16 and alpha, min is white")
def _() -> Made:
    samples, values = counted(shares(2), 16)
    pixels = rgb(np.concatenate([1 - values[..., :1], values[..., 1:]], 2))
    return Made(tiff(samples, photometric="miniswhite", extrasamples=[2]), pixels, reduced(16))


def of_floats(name: str, channels: int, kind: type, low: float, high: float, **options: Any) -> None:
    @layout(name)
    def _() -> Made:
        values = (shares(channels) * (high - low) + low).astype(kind)
        bits = 8 * values.dtype.itemsize
        notes: tuple[str, ...] = (f"{bits}-bit floating-point numbers were reduced to 8 bits a channel.",)
        if (low, high) != (0, 1):
            notes += (f"Its numbers go from {low:.6g} to {high:.6g}: those became black and white.",)
        pixels = rgb((values.astype(np.float64) - low) / (high - low))
        return Made(tiff(values[..., 0] if channels == 1 else values, **options), pixels, notes)


of_floats("TIFF RGB float 32", 3, np.float32, 0, 1, photometric="rgb")
of_floats("TIFF RGB float 16", 3, np.float16, 0, 1, photometric="rgb")
of_floats("TIFF grey float 64", 1, np.float64, 0, 1, photometric="minisblack")
of_floats(
    "TIFF grey float 32, predictor", 1, np.float32, 0, 1, photometric="minisblack", compression="zlib", predictor=3
)
of_floats("TIFF grey float 32, -2 to 6", 1, np.float32, -2, 6, photometric="minisblack")


@layout("TIFF grey 16, signed")
def _() -> Made:
    samples, values = counted(shares(1), 16)
    signed = (samples.astype(np.int32) - 32768).astype(np.int16)
    return Made(tiff(signed[..., 0], photometric="minisblack"), rgb(values), reduced(16))


def of_associated(bits: int, channels: int) -> None:
    @layout(f"TIFF {'RGBA' if channels == 4 else 'grey+alpha'} {bits}, associated alpha")
    def _() -> Made:
        values = shares(channels)
        values[..., -1] = 0.25 + 0.75 * values[..., -1]
        values[5, :9] = 0  # nothing, and no colour
        values[..., :-1] *= values[..., -1:]
        samples, values = counted(values, bits)
        with np.errstate(invalid="ignore"):
            values[..., :-1] = np.nan_to_num(values[..., :-1] / values[..., -1:])
        photometric = "rgb" if channels == 4 else "minisblack"
        return Made(tiff(samples, photometric=photometric, extrasamples=["assocalpha"]), rgb(values), reduced(bits), 1)


for bits in (8, 16):
    of_associated(bits, 4)
    of_associated(bits, 2)


def of_inks(name: str, bits: int, alpha: bool, **options: Any) -> None:
    @layout(name)
    def _() -> Made:
        samples, values = counted(shares(5 if alpha else 4), bits)
        colours = (1 - values[..., :3]) * (1 - values[..., 3:4])
        pixels = rgb(np.concatenate([colours, values[..., 4:]], 2))
        planes = np.moveaxis(samples, 2, 0) if options.get("planarconfig") == "separate" else samples
        extra = {"extrasamples": [2]} if alpha else {}
        notes = (*reduced(bits), "CMYK colours were converted to RGB.")
        return Made(tiff(planes, photometric="separated", **extra, **options), pixels, notes, 1)


of_inks("TIFF CMYK 8", 8, False)
of_inks("TIFF CMYK 16", 16, False)
of_inks("TIFF CMYK+alpha 8", 8, True)
of_inks("TIFF CMYK+alpha 16", 16, True)
of_inks("TIFF CMYK 8, planes", 8, False, planarconfig="separate")


def of_palette(name: str, alpha: bool, colours: int) -> None:
    @layout(name)
    def _() -> Made:
        random = np.random.default_rng(3)
        table = random.integers(0, 65536, (3, colours), np.uint16)
        numbers = random.integers(0, colours, (HIGH, WIDE, 1), np.uint8)
        clear = random.integers(0, 256, (HIGH, WIDE, 1), np.uint8)
        looked_up = table.T[numbers[..., 0]] / 65535
        pixels = rgb(np.concatenate([looked_up, clear / 255], 2) if alpha else looked_up)
        samples = np.concatenate([numbers, clear], 2) if alpha else numbers[..., 0]
        extra = {"extrasamples": [2]} if alpha else {}
        return Made(palette_tiff(samples, table, **extra), pixels)


def palette_tiff(samples: np.ndarray, table: np.ndarray, **options: Any) -> bytes:
    if samples.ndim == 2:
        return tiff(samples, photometric="palette", colormap=table)
    shaped = [(320, 3, table.size, tuple(int(n) for n in table.ravel()), True)]  # tifffile writes none of two channels
    data = bytearray(tiff(samples, photometric="minisblack", extratags=shaped, **options))
    with tifffile.TiffFile(BytesIO(bytes(data))) as file:
        at = file.pages.first.tags[262].valueoffset  # type: ignore[union-attr]
    data[at : at + 2] = struct.pack("<H", 3)
    return bytes(data)


of_palette("TIFF palette 8", False, 256)
of_palette("TIFF palette 8 and alpha", True, 256)


@layout("TIFF YCbCr 8, not subsampled")
def _() -> Made:
    ycc, _ = counted(shares(3), 8)
    y, cb, cr = (ycc[..., n].astype(float) - (0, 128, 128)[n] for n in range(3))
    colours = np.stack([y + 1.402 * cr, y - 0.344136 * cb - 0.714136 * cr, y + 1.772 * cb], -1)
    return Made(tiff(ycc, photometric="ycbcr", subsampling=(1, 1)), eight(colours / 255), (), 1)


def of_lab(bits: int) -> None:
    @layout(f"TIFF Lab {bits}")
    def _() -> Made:
        lab = shares(3) * (100, 60, 60) - (0, 30, 30)
        steps = 1 if bits == 8 else 256
        kind, signed = (np.uint8, np.int8) if bits == 8 else (np.uint16, np.int16)
        light = np.rint(lab[..., :1] / 100 * (2**bits - 1)).astype(kind)
        ab = np.rint(lab[..., 1:] * steps).astype(signed)
        light_again, ab_again = light.astype(float) / (2**bits - 1) * 100, ab.astype(float) / steps
        y = (light_again[..., 0] + 16) / 116
        f = np.stack([y + ab_again[..., 0] / 500, y, y - ab_again[..., 1] / 200], -1)
        xyz = np.where(f > 6 / 29, f**3, 3 * (6 / 29) ** 2 * (f - 4 / 29)) * (0.9642, 1, 0.8249)
        to_rgb = np.array([[3.1339, -1.6169, -0.4906], [-0.9788, 1.9161, 0.0335], [0.0719, -0.2290, 1.4052]])
        notes = (*reduced(bits), "Lab colours were converted to RGB.")
        samples = np.concatenate([light, ab.view(kind)], 2)
        return Made(tiff(samples, photometric="cielab"), eight(seen(xyz @ to_rgb.T)), notes, 1)


of_lab(8)
of_lab(16)


@layout("TIFF RGB 16 with two further channels")
def _() -> Made:
    samples, values = counted(shares(5), 16)
    said = "2 further channels were left out: neither colour nor alpha."
    return Made(tiff(samples, photometric="rgb", extrasamples=[0, 0]), rgb(values[..., :3]), (*reduced(16), said))


def of_linear(name: str, bits: int, tiff_file: bool) -> None:
    @layout(name)
    def _() -> Made:
        samples, values = counted(shares(3), bits)
        notes = (*reduced(bits), SAID_LINEAR)
        if tiff_file:
            return Made(tiff(samples, photometric="rgb", iccprofile=LINEAR), eight(seen(values)), notes, 1)
        named = b"linear\0\0" + zlib.compress(LINEAR)
        return Made(png(samples, chunk(b"iCCP", named)), eight(seen(values)), notes, 1)


of_linear("TIFF RGB 16, linear profile", 16, True)
of_linear("TIFF RGB 8, linear profile", 8, True)
of_linear("PNG RGB 16, linear profile", 16, False)
of_linear("PNG RGB 8, linear profile", 8, False)


def of_grey_profile(name: str, bits: int, power: float) -> None:
    @layout(name)
    def _() -> Made:
        samples, values = counted(shares(1), bits)
        icc = profile(b"GRAY", "Grey test", gamma(power))
        notes = (*reduced(bits), "Its grey (Grey test) was converted to sRGB.")
        return Made(tiff(samples[..., 0], photometric="minisblack", iccprofile=icc), rgb(seen(values**power)), notes, 1)


of_grey_profile("TIFF grey 16, profile of gamma 1", 16, 1.0)
of_grey_profile("TIFF grey 8, profile of gamma 1.75", 8, 1.75)


def of_png(channels: int, bits: int, *chunks: bytes, name: str = "", pixels: Any = None, notes: Any = ()) -> None:
    kinds = {1: "grey", 2: "grey+alpha", 3: "RGB", 4: "RGBA"}

    @layout(f"PNG {kinds[channels]} {bits}{name}")
    def _() -> Made:
        samples, values = counted(shares(channels), bits)
        right = rgb(values) if pixels is None else eight(pixels(values))
        return Made(png(samples, *chunks), right, (*reduced(bits), *notes), 0 if pixels is None else 1)


for bits in (8, 16):
    for channels in (1, 2, 3, 4):
        of_png(channels, bits)
SRGB_GAMMA = chunk(b"gAMA", struct.pack(">I", 45455))
LINEAR_GAMMA = chunk(b"gAMA", struct.pack(">I", 100_000))
of_png(3, 8, SRGB_GAMMA, name=", gAMA of sRGB")
of_png(3, 8, LINEAR_GAMMA, chunk(b"sRGB", b"\0"), name=", gAMA overruled by sRGB")
of_png(3, 8, LINEAR_GAMMA, name=", gAMA 1", pixels=seen, notes=("Its colours (gamma 1) were converted to sRGB.",))
of_png(3, 16, LINEAR_GAMMA, name=", gAMA 1", pixels=seen, notes=("Its colours (gamma 1) were converted to sRGB.",))
of_png(
    3, 16, chunk(b"cICP", bytes([1, 8, 0, 1])), name=", cICP linear", pixels=seen,
    notes=("Its colours (linear light) were converted to sRGB.",),
)  # fmt: skip
of_png(3, 8, chunk(b"cICP", bytes([1, 13, 0, 1])), name=", cICP of sRGB")


def of_clear_colour(channels: int, bits: int) -> None:
    @layout(f"PNG {'grey' if channels == 1 else 'RGB'} {bits}, a transparent colour")
    def _() -> Made:
        samples, values = counted(shares(channels), bits)
        samples[:6, :6], values[:6, :6] = samples[9, 9], values[9, 9]
        samples[7, 7] = samples[9, 9] ^ 1  # the next one, which is opaque
        values[7, 7] = samples[7, 7] / (2**bits - 1)
        key = samples[9, 9].astype(">u2").tobytes()
        clear = (samples == samples[9, 9]).all(2)
        pixels = np.dstack([rgb(values), np.where(clear, 0, 255).astype(np.uint8)])
        return Made(png(samples, chunk(b"tRNS", key)), pixels, reduced(bits))


for bits in (8, 16):
    of_clear_colour(1, bits)
    of_clear_colour(3, bits)


def of_pnm(name: str, channels: int, top: int) -> None:
    @layout(name)
    def _() -> Made:
        samples = np.rint(shares(channels) * top).astype(">u2" if top > 255 else ">u1")
        head = f"P{6 if channels == 3 else 5}\n# a remark 7\n{WIDE} {HIGH}\n{top}\n".encode()
        notes = ("16 bits a channel were reduced to 8.",) if top > 255 else ()
        return Made(head + samples.tobytes(), rgb(samples.astype(float) / top), notes, 1)


of_pnm("PPM RGB 8", 3, 255)
of_pnm("PPM RGB 16", 3, 65535)
of_pnm("PPM grey 16", 1, 65535)
of_pnm("PPM RGB 10", 3, 1023)


@layout("JPEG grey, profile of gamma 1.75")
def _() -> Made:
    file, grey = BytesIO(), np.linspace(0, 255, 64).astype(np.uint8)[None].repeat(16, 0)
    icc = profile(b"GRAY", "Grey test", gamma(1.75))
    Image.fromarray(grey).save(file, "JPEG", quality=100, icc_profile=icc)
    stored = np.asarray(Image.open(BytesIO(file.getvalue())))[..., None] / 255
    return Made(file.getvalue(), rgb(seen(stored**1.75)), ("Its grey (Grey test) was converted to sRGB.",), 1)


def srgb() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


@layout("TIFF grey 8, an RGB profile")
def _() -> Made:
    samples, values = counted(shares(1), 8)
    return Made(tiff(samples[..., 0], photometric="minisblack", iccprofile=srgb()), rgb(values))
