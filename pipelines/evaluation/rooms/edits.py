"""Edits of the rooms that the shipped weights were trained on, each a function of its index alone."""

from random import Random
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipelines.evaluation.rooms.captions import caption
from pipelines.evaluation.rooms.masks import painted, stroke
from pipelines.evaluation.rooms.room import HEIGHT, WIDTH, Room, Thing, draw_room, silhouette
from pipelines.training.masks import ROOM_AROUND, context_window

HELD_OUT = 1 << 40  # rooms from this seed on are never trained on
WINDOW = 256  # pixels of the editor's smallest window, whose quarter the base model draws


class Example(NamedTuple):
    """One window and the hole in it, before it becomes tensors."""

    image: NDArray[np.uint8]  # (size, size, 3), as it should be in the end
    mask: NDArray[np.uint8]  # (size, size), 255 = to be painted
    prompt: str
    thing: Thing
    room: Room
    window: tuple[float, float, float]  # x, y, side in the room's units
    correction: bool  # the mask is one stroke somewhere, not the whole thing


def example(seed: int, size: int, empty: float, crop: float = 1.0) -> Example:
    """The window that the editor would show around a hole over one thing of the room `seed`.

    empty: share of examples with an empty prompt, whose picture is the room without the thing: that is what an empty
    prompt asks for. crop: side of the part of the window that is drawn, as a share of it.
    """
    random = Random(seed)
    room = draw_room(seed)
    # a thing right at the frame is as good as any other: the window then stops at the frame
    thing = random.choice(room.things)
    margin = random.uniform(0.02, 0.15) if random.random() < 0.75 else random.uniform(0.15, 0.5)
    width, height = thing.width * (1 + margin), thing.height * (1 + margin)
    box = (
        thing.x - thing.width * margin * random.random(),
        thing.y - thing.height * margin * random.random(),
        width,
        height,
    )
    # the picture's scale decides how much of its window the hole fills: ROOM_AROUND at most
    around = ROOM_AROUND if random.random() < 0.4 else ROOM_AROUND * 2.2 ** random.random()
    scale = WINDOW / around / max(width, height)
    left, top = max(round(box[0] * scale), 0), max(round(box[1] * scale), 0)
    right = min(round((box[0] + width) * scale), round(WIDTH * scale))
    bottom = min(round((box[1] + height) * scale), round(HEIGHT * scale))
    hole = (left, top, max(right - left, 1), max(bottom - top, 1))
    x, y, side = (v / scale for v in context_window(hole, (round(WIDTH * scale), round(HEIGHT * scale)), WINDOW))
    part = side * crop
    # a crop looks where the hole is
    x += min(max(box[0] + width * random.random() - x - part / 2, 0), side - part)
    y += min(max(box[1] + height * random.random() - y - part / 2, 0), side - part)
    window = (x, y, part)
    if random.random() < empty:
        prompt, shown = "", room.without(thing)
    else:
        prompt, shown = caption(thing, random), room
    correction = random.random() < 0.08 and prompt != ""
    if correction:
        mask = stroke(size, random)
    else:
        mask = painted(box, silhouette(thing, *window, size), window, size, random)
    mask = _beyond_frame(mask, window)
    return Example(shown.render(*window, size), mask, prompt, thing, room, window, correction)


def _beyond_frame(mask: NDArray[np.uint8], window: tuple[float, float, float]) -> NDArray[np.uint8]:
    """What lies outside the picture is unknown, as in the editor."""
    x, y, side = window
    size = len(mask)
    if x >= 0 and y >= 0 and x + side <= WIDTH and y + side <= HEIGHT:
        return mask
    at = (np.arange(size) + 0.5) * side / size
    inside = ((at + y >= 0) & (at + y < HEIGHT))[:, None] & ((at + x >= 0) & (at + x < WIDTH))
    return np.where(inside, mask, 255).astype(np.uint8)
