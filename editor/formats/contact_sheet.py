"""Contact sheets: several pictures in a grid on one, each with its number and a caption below."""

import math
import re
from collections.abc import Callable, Iterator, Sequence

import cv2
import numpy as np

from editor.imaging.compositing import on_white
from editor.imaging.raster import Pixels
from editor.imaging.scaling import scaled_down
from pipelines.errors import InvalidInput

MAX_PICTURES = 100
MAX_SHEET_PIXELS = 2**26
SIDE = 512  # default longest side of a picture on the sheet, in pixels
SIDES = (64, 2048)  # the least and the most
ASPECT = 1.5  # width to height that the sheet comes as near as it can
LINES = 3  # of a caption at most
INK = (38, 38, 42)
FONT, WEIGHT = "uni", 400  # OpenCV's own: it has Latin, Greek, Cyrillic, Chinese, Japanese and Korean letters
WIDE = "\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef"  # letters of writings without spaces, or as wide


def contact_sheet(captions: Sequence[str], load: Callable[[int], Pixels], side: int = SIDE) -> Pixels:
    """Makes a contact sheet.

    Args:
        captions: the text below each picture, after its number.
        load: returns the picture of an index, uint8 (H, W, 3 or 4); called once for each.
        side: longest side of a picture on the sheet, in pixels; smaller pictures stay as they are.

    Returns:
        The sheet, uint8 (H, W, 3), white between the pictures.

    Raises:
        InvalidInput: there are no pictures or too many, or the sheet would be too large.
    """
    if not 1 <= len(captions) <= MAX_PICTURES:
        raise InvalidInput(
            f"A contact sheet has 1 to {MAX_PICTURES} pictures, not {len(captions):,}. Choose fewer steps."
            if captions
            else "There is no picture for the contact sheet. Choose a step."
        )
    if not SIDES[0] <= side <= SIDES[1]:
        raise InvalidInput(f"The pictures of a contact sheet can be {SIDES[0]} to {SIDES[1]:,} pixels, not {side:,}.")
    pictures = [on_white(scaled_down(load(index), side)) for index in range(len(captions))]
    width, height = (max(picture.shape[axis] for picture in pictures) for axis in (1, 0))
    size = max(13, side // 22)  # of the letters, in pixels
    width = max(width, 6 * size)  # a caption needs some room
    texts = [list(_lines(f"{n}. {caption}", width, size)) for n, caption in enumerate(captions, 1)]
    line, gap = size * 3 // 2, max(16, side // 16)
    cell = (width + gap, height + gap // 3 + line * max(map(len, texts)) + gap)
    columns = min(range(1, len(pictures) + 1), key=lambda n: _strangeness(n, len(pictures), cell))
    rows = math.ceil(len(pictures) / columns)
    shape = (rows * cell[1] + gap, columns * cell[0] + gap, 3)
    if shape[0] * shape[1] > MAX_SHEET_PIXELS:
        raise InvalidInput(
            f"The contact sheet would have {shape[1]:,} x {shape[0]:,} pixels; at most {MAX_SHEET_PIXELS:,} in all are"
            " possible. Choose fewer steps, or smaller pictures."
        )
    sheet = np.full(shape, 255, np.uint8)
    font = cv2.FontFace(FONT)
    for index, (picture, lines) in enumerate(zip(pictures, texts, strict=True)):
        x, y = gap + index % columns * cell[0], gap + index // columns * cell[1]
        sheet[y : y + picture.shape[0], x : x + picture.shape[1]] = picture
        for number, text in enumerate(lines, 1):
            baseline = y + height + gap // 3 + number * line - line // 4
            cv2.putText(sheet, text, (x, baseline), INK, font, size, WEIGHT)
    return sheet


def _strangeness(columns: int, count: int, cell: tuple[int, int]) -> float:
    """Returns how far a grid is from the wanted aspect; fewer empty cells decide between equals."""
    rows = math.ceil(count / columns)
    return abs(math.log(columns * cell[0] / (rows * cell[1]) / ASPECT)) + 1e-3 * (columns * rows - count)


def _lines(text: str, width: int, size: int) -> Iterator[str]:
    """Yields a text in at most LINES lines of a width in pixels; "…" stands for the rest."""
    parts = re.findall(rf"[{WIDE}]|[^\s{WIDE}]+|\s+", text)
    for number in range(1, LINES + 1):
        line = ""
        while parts and _width(line + parts[0], size) <= width:
            line += parts.pop(0)
        if parts and _width(parts[0], size) > width:  # a word that is longer than a line
            word = parts[0]
            least = 0 if line.strip() else 1  # a letter at least, or there would be no end
            count = next((n for n in range(len(word), least, -1) if _width(line + word[:n], size) <= width), least)
            line, parts[0] = line + word[:count], word[count:]
        if parts and number == LINES and any(part.strip() for part in parts):
            while line and _width(f"{line.rstrip()}…", size) > width:
                line = line[:-1]
            line = f"{line.rstrip()}…"
        if line.strip():
            yield line.strip()


def _width(text: str, size: int) -> int:
    """Returns the width of a line in pixels."""
    return int(cv2.getTextSize((0, 0), text, (0, 0), cv2.FontFace(FONT), size, WEIGHT)[2])
