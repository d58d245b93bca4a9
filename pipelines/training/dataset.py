"""Training examples, each a function of its index alone: drawn when asked for, never stored."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random
from typing import NamedTuple, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageFilter
from torch import Tensor
from torch.utils.data import Dataset

from pipelines.glide.pixels import to_tensor
from pipelines.glide.tokenizer import Tokenizer
from pipelines.training.masks import ROOM_AROUND, Rect, context_window, loosely_painted, painted, strokes
from pipelines.training.scenes.captions import UNCOLOURED, caption, scene_caption, surface_caption
from pipelines.training.scenes.layout import draw_scene, dressed, held_out_pair, make
from pipelines.training.scenes.scene import Scene
from pipelines.training.scenes.setting import HEIGHT, WIDTH
from pipelines.training.scenes.thing import Thing
from pipelines.training.scenes.things import WIDE_KINDS
from pipelines.training.scenes.worlds import World, world_of

HELD_OUT = 1 << 40  # scenes from this seed on are never trained on
WINDOW = 256  # pixels of the editor's smallest window, whose quarter the base model draws
# what is painted over, and how often: what is small or unlike all else, clothes and whole pictures, takes most examples
HOLES = {"thing": 0.4, "dressed": 0.3, "part": 0.03, "correction": 0.05, "surface": 0.05, "picture": 0.17}
WIDE_HOLES = HOLES | {"dressed": 0.25, "expanse": 0.05}
LOOSE, CUT = 0.5, 0.12  # of the wide world's things: how often the mask is loose, and the picture's edge cuts it
FAVOUR = 8  # a familiar thing is painted over so many times as often as another beside it
HIDDEN = 0.6  # what lies in the hole by this much goes with what is painted over


class Example(NamedTuple):
    """One window and the hole in it, before it becomes tensors."""

    image: NDArray[np.uint8]  # (size, size, 3), as it should be in the end
    mask: NDArray[np.uint8]  # (size, size), 255 = to be painted
    prompt: str
    # what is painted over: a "thing", one that is "dressed", a "part" of one, a "correction" (strokes within a thing
    # that stays), a "surface" where nothing stands, in the wide world a large one, an "expanse", the whole "picture";
    # if asked for, a "stranger": a thing of any kind in the place of another
    hole: str
    thing: Thing | None  # None for the last three
    scene: Scene  # with the thing
    window: tuple[float, float, float]  # x, y, side in the scene's units


def example(
    seed: int,
    size: int,
    empty: float,
    crop: float = 1.0,
    hole: str | None = None,
    unseen: bool = False,
    wide: bool = False,
) -> Example:
    """Draws the window that the editor would show around a hole in a scene.

    Args:
        seed: of the scene.
        size: side in pixels of what is drawn.
        empty: share of empty prompts, whose picture is the scene without the thing: that is what an empty prompt means.
        crop: side of the part of the window that is drawn, as a share of it.
        hole: its sort, as in `Example`; None for any.
        unseen: whether the thing has a colour that its kind never has in training, where there is one.
        wide: whether it is of the wide world, whose masks are looser and whose words are more.
    """
    random, scene, world = Random(seed), draw_scene(seed, wide=wide), world_of(wide)
    frame = _frame(random)
    holes = WIDE_HOLES if wide else HOLES
    sort = hole or random.choices(list(holes), list(holes.values()))[0]
    thing, loose = None, False
    if sort not in ("picture", "surface", "expanse"):
        thing = _choose(scene, frame, sort, random, world)
    if thing is not None and sort == "dressed":
        scene, thing = _dressed(scene, thing, random, world)
    if thing is not None and sort == "stranger":
        scene, thing = _stranger(scene, thing, random, world)
    if thing is not None:
        scene, thing = _varied(scene, thing, unseen, random)
        loose = wide and sort in ("thing", "dressed") and random.random() < LOOSE
        shape = loose_shape(thing, random) if loose else _shape(scene, thing, random)
        if wide and sort in ("thing", "dressed") and random.random() < CUT:
            frame = moved_to_cut(frame, thing, random)
    elif sort in ("surface", "expanse"):
        shape = _bare(scene, frame, random, (70, 260) if sort == "surface" else (300, 620))
    else:
        sort, shape = "picture", frame
    if sort not in ("correction", "picture"):
        scene = without_hidden(scene, thing, shape)
    window = _window(shape, frame, crop, random, sort == "expanse")

    prompt, gone, image = "", False, None
    if sort == "picture":
        if random.random() >= empty:
            prompt = scene_caption(_in_frame(scene, frame), random, wide)
    elif thing is None:
        if random.random() < 0.5:
            prompt = surface_caption(scene.setting, shape[1] + shape[3] / 2 < scene.setting.horizon, random, wide)
    elif sort != "correction" and random.random() < empty:
        gone = True
    else:
        prompt = caption(thing, scene, random, wide)

    if sort == "picture":
        mask = np.full((size, size), 255, np.uint8)
    elif sort == "correction":
        mask = strokes(shape, window, size, random)
    elif thing is None:
        mask = painted(shape, None, window, size, random)
    else:
        image, where = scene.render_beside(thing, *window, size, gone)
        mask = (loosely_painted if loose else painted)(shape, where, window, size, random)
    if image is None:
        image = scene.render(*window, size)
    return Example(image, _beyond(frame, mask, window), prompt, sort, thing, scene, window)


def _frame(random: Random) -> Rect:
    """The picture that somebody has of the scene: all of it, or a part, square mostly."""
    if random.random() < 0.5:
        return 0, 0, WIDTH, HEIGHT
    width = height = random.uniform(460, HEIGHT)
    if random.random() < 0.3:
        width, height = random.uniform(460, WIDTH), random.uniform(460, HEIGHT)
    return random.uniform(0, WIDTH - width), random.uniform(0, HEIGHT - height), width, height


def _middle_in(box: Rect, frame: Rect) -> bool:
    x, y = box[0] + box[2] / 2 - frame[0], box[1] + box[3] / 2 - frame[1]
    return 0 < x < frame[2] and 0 < y < frame[3]


def _box(thing: Thing) -> Rect:
    return thing.x, thing.y, thing.width, thing.height


def _in_frame(scene: Scene, frame: Rect) -> Scene:
    """Returns the scene with those of its things alone that are to be seen in a frame."""
    return replace(scene, things=tuple(thing for thing in scene.things if _middle_in(_box(thing), frame)))


def _choose(scene: Scene, frame: Rect, sort: str, random: Random, world: World) -> Thing | None:
    """Chooses a thing of the picture, or a part of one, or one whose place can be taken by an animal that is dressed.

    Any thing where there is none such; None where there is none at all.
    """
    things = [thing for thing in scene.all() if _middle_in(_box(thing), frame)]
    if sort == "part":
        things = [one for thing in things if thing.kind != "painting" for one in thing.parts] or things
    if sort == "dressed":
        things = [thing for thing in things if WIDE_KINDS[thing.kind].stands in ("floor", "top")] or things
    return (
        random.choices(things, [FAVOUR if thing.kind in world.familiar else 1 for thing in things])[0]
        if things
        else None
    )


def _dressed(scene: Scene, thing: Thing, random: Random, world: World) -> tuple[Scene, Thing]:
    """Puts an animal that wears or plays something in the thing's place."""
    x, foot = thing.x + thing.width / 2, thing.y + thing.height
    animal = make(random.choice(world.wearers), random, x, foot, plain=True, world=world)
    animal = replace(animal, form="", parts=dressed(random, world))
    return scene.changed(thing, animal), animal


def _stranger(scene: Scene, thing: Thing, random: Random, world: World) -> tuple[Scene, Thing]:
    """Puts a thing of any kind that can stand there in the thing's place, all kinds as often."""
    kind = random.choice(world.alike.get(WIDE_KINDS[thing.kind].stands, (thing.kind,)))
    foot = thing.y + thing.height
    scale = min(1.0, 1.6 * max(thing.height, 60) / WIDE_KINDS[kind].height[1])  # a house in a mug's place is small
    other = make(kind, random, thing.x + thing.width / 2, foot, scale, world=world)
    return scene.changed(thing, other), other


def _varied(scene: Scene, thing: Thing, unseen: bool, random: Random) -> tuple[Scene, Thing]:
    """Varies a thing: in a held-out colour if `unseen`; without what stands on it in half of cases."""
    ready = thing
    if unseen:
        colours = [colour for colour in WIDE_KINDS[thing.kind].colours if held_out_pair(thing.kind, colour)]
        if colours:
            ready = replace(
                ready, colour=random.choice(colours), pattern="" if ready.pattern in UNCOLOURED else ready.pattern
            )
    if thing.bears and random.random() < 0.5:
        ready = replace(ready, bears=())
    return (scene, thing) if ready is thing else (scene.changed(thing, ready), ready)


def _shape(scene: Scene, thing: Thing, random: Random) -> Rect:
    """The box that is painted over it, with some margin."""
    x, y, width, height = _box(thing) if any(thing is one for one in scene.all()) else _part_box(scene, thing)
    for other in thing.bears:
        right, bottom = max(x + width, other.x + other.width), max(y + height, other.y + other.height)
        x, y = min(x, other.x), min(y, other.y)
        width, height = right - x, bottom - y
    margin = random.uniform(0.02, 0.15) if random.random() < 0.75 else random.uniform(0.15, 0.5)
    return (
        x - width * margin * random.random(),
        y - height * margin * random.random(),
        width * (1 + margin),
        height * (1 + margin),
    )


def loose_shape(thing: Thing, random: Random) -> Rect:
    """A box around it and what stands on it, 1.1 to 1.8 times as wide and high, with the room on either side."""
    boxes = [_box(thing), *map(_box, thing.bears)]
    x, y = min(box[0] for box in boxes), min(box[1] for box in boxes)
    width, height = max(box[0] + box[2] for box in boxes) - x, max(box[1] + box[3] for box in boxes) - y
    across, down = width * random.uniform(0.1, 0.8), height * random.uniform(0.1, 0.8)
    return x - across * random.random(), y - down * random.random(), width + across, height + down


def moved_to_cut(frame: Rect, thing: Thing, random: Random) -> Rect:
    """Moves a frame so that one of its edges goes through the thing, somewhere around its middle."""
    x, y, width, height = frame
    share, far = random.uniform(0.35, 0.65), random.random() < 0.5
    if random.random() < 0.7:
        x = thing.x + thing.width * share - (width if far else 0)
    else:
        y = thing.y + thing.height * share - (height if far else 0)
    return x, y, width, height


def _part_box(scene: Scene, part: Thing) -> Rect:
    """Where a part is to be seen; all of its owner where it is hidden."""
    owner = next(one for one in scene.all() if any(part is other for other in one.parts))
    side = 1.6 * max(owner.width, owner.height)
    x, y = owner.x + owner.width / 2 - side / 2, owner.y + owner.height / 2 - side / 2
    rows, columns = scene.silhouette(part, x, y, side, 64).nonzero()
    if not len(rows):
        return _box(owner)
    scale = side / 64
    return (
        x + columns.min() * scale, y + rows.min() * scale,
        (np.ptp(columns) + 1.0) * scale, (np.ptp(rows) + 1.0) * scale,
    )  # fmt: skip


def _bare(scene: Scene, frame: Rect, random: Random, sizes: tuple[float, float]) -> Rect:
    """A box of such sizes over wall, sky or floor that meets as little of a thing as can be had."""
    best, least = frame, np.inf
    for _ in range(8):
        width, height = random.uniform(*sizes), random.uniform(*sizes)
        box = (
            frame[0] + random.random() * (frame[2] - width),
            frame[1] + random.random() * (frame[3] - height),
            width,
            height,
        )
        met = sum(_shared(_box(thing), box) for thing in scene.all())
        if met < least:
            best, least = box, met
        if not met:
            break
    return best


def _shared(one: Rect, other: Rect) -> float:
    """The area that two boxes share."""
    width = min(one[0] + one[2], other[0] + other[2]) - max(one[0], other[0])
    height = min(one[1] + one[3], other[1] + other[3]) - max(one[1], other[1])
    return max(width, 0.0) * max(height, 0.0)


def without_hidden(scene: Scene, thing: Thing | None, hole: Rect) -> Scene:
    """Takes out of a scene what is painted over and not named, but for what bears or wears the thing."""
    kin = [] if thing is None else [thing, *thing.bears]
    for own in scene.things:
        for one in own.bears:  # what the thing stands on, and who wears it
            kin += [own] if any(other is thing for other in (one, *one.parts)) else []
            kin += [one] if any(part is thing for part in one.parts) else []
        kin += [own] if any(part is thing for part in own.parts) else []
    for other in scene.all():
        if _shared(_box(other), hole) > HIDDEN * other.width * other.height and not any(other is one for one in kin):
            scene = scene.without(other)
    return scene


def _window(hole: Rect, frame: Rect, crop: float, random: Random, filled: bool) -> tuple[float, float, float]:
    """The editor's window around the hole in a picture of some scale, or a crop of it that looks where the hole is.

    If `filled`, the hole fills as much of the window as one can.
    """
    x, y, width, height = hole
    # the scale decides how much of its window the hole fills: a part of 1 / ROOM_AROUND at most
    closely = 1.0 if filled else 0.4
    around = (
        ROOM_AROUND if random.random() < closely else ROOM_AROUND * random.choice((2.2, 2.2, 3.6)) ** random.random()
    )
    scale = WINDOW / around / max(width, height)
    across, down = round(frame[2] * scale), round(frame[3] * scale)
    left, top = max(round((x - frame[0]) * scale), 0), max(round((y - frame[1]) * scale), 0)
    right, bottom = (
        min(round((x - frame[0] + width) * scale), across),
        min(round((y - frame[1] + height) * scale), down),
    )
    pixels = (left, top, max(right - left, 1), max(bottom - top, 1))
    wx, wy, side = (v / scale for v in context_window(pixels, (across, down), WINDOW))
    part = side * crop
    wx += frame[0] + min(max(x + width * random.random() - frame[0] - wx - part / 2, 0), side - part)
    wy += frame[1] + min(max(y + height * random.random() - frame[1] - wy - part / 2, 0), side - part)
    return wx, wy, part


def _beyond(frame: Rect, mask: NDArray[np.uint8], window: tuple[float, float, float]) -> NDArray[np.uint8]:
    """What lies outside the picture is unknown, as in the editor."""
    x, y, side = window[0] - frame[0], window[1] - frame[1], window[2]
    if x >= 0 and y >= 0 and x + side <= frame[2] and y + side <= frame[3]:
        return mask
    at = (np.arange(len(mask)) + 0.5) * side / len(mask)
    inside = ((at + y >= 0) & (at + y < frame[3]))[:, None] & ((at + x >= 0) & (at + x < frame[2]))
    return np.where(inside, mask, 255).astype(np.uint8)


class Shown(Protocol):
    """A window and the hole in it: `Example`, or what is like it."""

    @property
    def image(self) -> NDArray[np.uint8]:
        """(size, size, 3)"""

    @property
    def mask(self) -> NDArray[np.uint8]:
        """(size, size), 255 = to be painted"""

    @property
    def prompt(self) -> str: ...


Source = Callable[[int, int, float, float], Shown]  # `example`, or what takes and gives the like


@dataclass(frozen=True)
class Alternating:
    """Alternates between two sources by seed.

    So a model learns the second without forgetting the first, which alone says what no prompt means.
    """

    even: Source  # of even seeds
    odd: Source  # of odd seeds

    def __call__(self, seed: int, size: int, empty: float, crop: float) -> Shown:
        return self.odd(seed, size, 0.0, crop) if seed % 2 else self.even(seed, size, empty, crop)


@dataclass(frozen=True)
class Windows(Dataset[dict[str, Tensor]]):
    """Examples as tensors: x0 (3, size, size) in [-1, 1], keep and weight (1, size, size), tokens, real."""

    source: Source
    tokenizer: Tokenizer
    size: int  # side of a window in pixels
    empty: float  # share of empty prompts

    def __len__(self) -> int:
        return 2**62

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        return _tensors(self.source(index, self.size, self.empty, 1.0), self.tokenizer)


@dataclass(frozen=True)
class Crops(Dataset[dict[str, Tensor]]):
    """Crops of windows for the upsampler: as `Windows`, and low (3, size / 4, size / 4).

    That is blurred and noised a little, so that the upsampler forgives what the base model draws.
    """

    source: Source
    tokenizer: Tokenizer
    size: int  # side of a crop in pixels
    empty: float  # share of empty prompts
    crop: float  # side of a crop as a share of its window's

    def __len__(self) -> int:
        return 2**62

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        shown = self.source(index, self.size, self.empty, self.crop)
        random = Random(index)
        small = Image.fromarray(shown.image).reduce(4)
        if random.random() < 0.5:
            small = small.filter(ImageFilter.GaussianBlur(random.uniform(0.2, 0.7)))
        noise = np.random.default_rng(index).normal(0, random.uniform(0, 4), (*small.size[::-1], 3))
        low = np.clip(np.asarray(small) + noise, 0, 255).round().astype(np.uint8)
        return _tensors(shown, self.tokenizer) | {"low": to_tensor(low)}


def _tensors(shown: Shown, tokenizer: Tokenizer) -> dict[str, Tensor]:
    tokens, real = tokenizer.encode(shown.prompt)
    hole = torch.from_numpy(shown.mask > 127)[None].float()
    weight = 0.15 + 0.85 * hole
    return {"x0": to_tensor(shown.image), "keep": 1 - hole, "tokens": tokens, "real": real, "weight": weight}
