"""Time-lapses: the pictures of a document's path, one frame each, as an animated WebP or an MP4."""

import math
import os
from collections.abc import Sequence
from errno import ENOSPC
from functools import reduce
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from editor.imaging.compositing import on_white
from editor.imaging.geometry import Box
from editor.imaging.picture import Picture
from editor.imaging.raster import Pixels
from editor.imaging.scaling import scaled_size
from pipelines.errors import InvalidInput

SUFFIXES = (".webp", ".mp4")
SIDE, SECONDS = 1024, 1.0  # defaults: the longest side in pixels, and how long each picture is shown
SIDES, SHOWN = (16, 4096), (0.1, 10.0)  # the least and the most of each
MAX_FRAME_PIXELS = 2**27  # of all frames, which are in memory together
QUALITY = 90  # of WebP
LEAST_RATE = 4  # frames a second of an MP4: some players stumble over fewer


def encode_timelapse(
    pictures: Sequence[Picture],
    file: Path,
    suffix: str,
    *,
    side: int = SIDE,
    seconds: float = SECONDS,
    icc: bytes | None = None,
) -> None:
    """Writes a time-lapse of pictures that lie on one plane: what did not change stays at its place, on white.

    Args:
        pictures: the pictures, in order.
        file: the file to write.
        suffix: one of SUFFIXES, the format. MP4 holds MPEG-4 video, for players; browsers show WebP.
        side: longest side of the frames, in pixels; smaller ones are not enlarged.
        seconds: how long each picture is shown.
        icc: the colour profile; an MP4 holds none.

    Raises:
        InvalidInput: there is no step, a value is out of range, the frames would be too large, or OpenCV has no MP4.
    """
    if suffix not in SUFFIXES:
        raise InvalidInput(f"A time-lapse can be saved as {' or '.join(SUFFIXES)}, not as {suffix or 'no ending'}.")
    if len(pictures) < 2:
        raise InvalidInput("There is no step in it. Make an edit first.")
    if not SIDES[0] <= side <= SIDES[1]:
        raise InvalidInput(f"The longest side of a time-lapse can be {SIDES[0]} to {SIDES[1]:,} pixels, not {side:,}.")
    if not SHOWN[0] <= seconds <= SHOWN[1]:  # NaN compares false
        raise InvalidInput(f"A picture can be shown for {SHOWN[0]} to {SHOWN[1]:g} seconds, not {seconds:g}.")
    frame = reduce(Box.union, (picture.box for picture in pictures))
    size = scaled_size(frame.width, frame.height, side)
    if suffix == ".mp4":  # its colours are stored for blocks of 2 x 2 pixels
        size = (max(2, size[0] // 2 * 2), max(2, size[1] // 2 * 2))
    count, area = len(pictures), size[0] * size[1]
    if count * area > MAX_FRAME_PIXELS:
        most = math.isqrt(max(size) ** 2 * MAX_FRAME_PIXELS // (count * area))
        raise InvalidInput(
            f"{count:,} frames of {size[0]:,} x {size[1]:,} pixels are too many. Choose a longest side of at most"
            f" {most:,} pixels."
        )
    frames = [laid_out(picture, frame, size) for picture in pictures]
    (_write_mp4 if suffix == ".mp4" else _write_webp)(frames, file, seconds, icc)


def laid_out(picture: Picture, frame: Box, size: tuple[int, int]) -> Pixels:
    """Returns a picture at its place within a frame, scaled to `size`, (width, height): uint8 (height, width, 3).

    A pixel of the result shows the same place of the plane whatever the picture's box, so that nothing jumps from one
    picture to the next. A pixel that the picture does not fill is white.
    """
    canvas = np.full((size[1], size[0], 3), 255, np.uint8)
    box = picture.box
    target: list[int] = []  # left, top, right and bottom in the result
    source: list[float] = []  # the same on the plane
    for edge, start, length, pixels, first in (
        (box.x, frame.x, frame.width, size[0], True),
        (box.y, frame.y, frame.height, size[1], True),
        (box.right, frame.x, frame.width, size[0], False),
        (box.bottom, frame.y, frame.height, size[1], False),
    ):
        whole = -((start - edge) * pixels // length) if first else (edge - start) * pixels // length
        target.append(whole)
        source.append(whole * length / pixels + start)
    left, top, right, bottom = target
    if right <= left or bottom <= top:
        return canvas  # it is smaller than a pixel of the frame
    x, y, x_end, y_end = source
    part = (max(0, x - box.x), max(0, y - box.y), min(box.width, x_end - box.x), min(box.height, y_end - box.y))
    image = Image.fromarray(on_white(picture.pixels()))
    scaled = image.resize((right - left, bottom - top), Image.Resampling.LANCZOS, box=part)
    canvas[top:bottom, left:right] = np.asarray(scaled)
    return canvas


def _write_webp(frames: Sequence[Pixels], file: Path, seconds: float, icc: bytes | None) -> None:
    first, *others = (Image.fromarray(frame) for frame in frames)
    first.save(
        file, "WEBP", save_all=True, append_images=others, duration=round(1000 * seconds), loop=0, quality=QUALITY,
        icc_profile=icc or b"",
    )  # fmt: skip


def _write_mp4(frames: Sequence[Pixels], file: Path, seconds: float, icc: bytes | None) -> None:
    repeats = math.ceil(seconds * LEAST_RATE)
    shape = frames[0].shape
    named = file.with_name(f"{file.name}.mp4")  # OpenCV knows the format by the ending
    named.write_bytes(bytes(4096))  # OpenCV says nothing of a disk that is full, the system does
    writer = cv2.VideoWriter(
        str(named), cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*"mp4v"), repeats / seconds, (shape[1], shape[0])
    )
    if not writer.isOpened():
        raise InvalidInput("The OpenCV on this machine cannot write MP4. Save the time-lapse as .webp.")
    try:
        for frame in frames:
            for _ in range(repeats):
                writer.write(cv2.cvtColor(frame, cv2.COLOR_RGB2BGR))
    finally:
        writer.release()
    if _frames_in(named) != repeats * len(frames):
        raise OSError(ENOSPC, os.strerror(ENOSPC))
    named.replace(file)


def _frames_in(file: Path) -> int:
    """Returns how many frames a video has; 0 for one that was cut off."""
    video = cv2.VideoCapture(str(file), cv2.CAP_FFMPEG)
    try:
        return int(video.get(cv2.CAP_PROP_FRAME_COUNT)) if video.isOpened() else 0
    finally:
        video.release()
