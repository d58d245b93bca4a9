"""What a CLIP learns from: a window, the hole in it, what belongs there, and captions of which a word is wrong."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random

import torch
from torch import Tensor
from torch.utils.data import Dataset

from pipelines.glide.clip import TextTokenizer
from pipelines.glide.pixels import to_tensor
from pipelines.training.dataset import Example, example
from pipelines.training.scenes.captions import caption
from pipelines.training.scenes.palette import COLOURS
from pipelines.training.scenes.scene import Scene
from pipelines.training.scenes.thing import Thing
from pipelines.training.scenes.things import KINDS
from pipelines.training.scenes.words import SPELLINGS

# what is painted over, and how often: a "stranger" is a thing of any kind, so that none is rare
SORTS = {"thing": 0.35, "stranger": 0.3, "dressed": 0.2, "picture": 0.1, "surface": 0.05}
TURNED = {
    "in front of": "behind", "behind": "in front of", "to the left": "to the right", "to the right": "to the left",
    " above ": " in front of ", " over ": " in front of ", " two ": " three ", " three ": " two ",
}  # fmt: skip
KIND_IDS = {name: i for i, name in enumerate(KINDS)}
COLOUR_IDS = {name: i for i, name in enumerate(COLOURS)}
NO_KIND, ANY_COLOUR = -1, -1


def changed_colour(thing: Thing, random: Random) -> Thing | None:
    """Returns a thing in another of its kind's colours; None where there is none."""
    others = [colour for colour in dict.fromkeys(KINDS[thing.kind].colours) if colour != thing.colour]
    return replace(thing, colour=random.choice(others)) if others else None


def changed_kind(thing: Thing, random: Random) -> Thing | None:
    """Returns a thing of another kind that can stand there and wear what it wears; None where there is none."""
    own = KINDS[thing.kind]
    others = [
        name
        for name, kind in KINDS.items()
        if name != thing.kind and kind.stands == own.stands and kind.face == own.face and name != "painting"
    ]
    return replace(thing, kind=random.choice(others), form="") if others and thing.kind != "painting" else None


def changed_part(thing: Thing, random: Random) -> Thing | None:
    """Returns an animal with something else on, a painting of something else; None for what has no parts."""
    if not thing.parts:
        return None
    i = random.randrange(len(thing.parts))
    change = random.choice((changed_colour, changed_kind))
    part = change(thing.parts[i], random)
    return None if part is None else replace(thing, parts=(*thing.parts[:i], part, *thing.parts[i + 1 :]))


CHANGES: tuple[Callable[[Thing, Random], Thing | None], ...] = (changed_colour, changed_kind, changed_part)
WRONG = 2  # captions of which something is wrong, of each window


def changed_caption(
    thing: Thing, scene: Scene, seed: int, change: Callable[[Thing, Random], Thing | None]
) -> str | None:
    """Writes the caption of a seed for a thing that is changed; None where it would be the same."""
    other = change(thing, Random(seed + 1))
    if other is None:
        return None
    text = caption(other, scene.changed(thing, other), Random(seed))
    return None if text == caption(thing, scene, Random(seed)) else text


def turned_caption(text: str) -> str | None:
    """Returns a caption with another relation or count; None where it has none."""
    padded = f" {text} "
    return next((padded.replace(old, new, 1).strip() for old, new in TURNED.items() if old in padded), None)


def truth_and_wrongs(thing: Thing, scene: Scene, seed: int) -> tuple[str, tuple[str, ...]]:
    """Writes a caption of a thing, and others with another colour, kind or part, relation or count.

    Returns:
        The caption, and up to `WRONG` others, any of the sorts.
    """
    truth = caption(thing, scene, Random(seed))
    tries = [*(changed_caption(thing, scene, seed, change) for change in CHANGES), turned_caption(truth)]
    wrongs = [text for text in tries if text is not None]
    return truth, tuple(Random(seed + 2).sample(wrongs, min(WRONG, len(wrongs))))


def named_colour(thing: Thing, text: str) -> int:
    """Returns the number of a thing's colour if its caption says it, else `ANY_COLOUR`."""
    return COLOUR_IDS[thing.colour] if any(spelling in text for spelling in SPELLINGS[thing.colour]) else ANY_COLOUR


@dataclass(frozen=True)
class Pairs(Dataset[dict[str, Tensor]]):
    """Pairs of window and caption as tensors.

    x0 (3, size, size) in [-1, 1]; hole (1, size, size), 1 = to be painted; tokens int64 (1 + WRONG, L) and lengths
    int64 (1 + WRONG,) of the true caption and the wrong ones; there bool (WRONG,), which of those there are; kind and
    colour int64 (): what stands in the hole; named int64 (): the colour, if the true caption says it.
    """

    tokenizer: TextTokenizer
    size: int  # side of a window in pixels

    def __len__(self) -> int:
        return 2**62

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        shown, truth, wrongs = pair(index, self.size)
        missing = WRONG - len(wrongs)
        texts = [self.tokenizer.encode(text) for text in (truth, *wrongs, *[""] * missing)]
        thing = shown.thing
        kind, colour = (NO_KIND, ANY_COLOUR) if thing is None else (KIND_IDS[thing.kind], COLOUR_IDS[thing.colour])
        return {
            "x0": to_tensor(shown.image),
            "hole": torch.from_numpy(shown.mask > 127)[None].float(),
            "tokens": torch.stack([ids for ids, _ in texts]),
            "lengths": torch.tensor([length for _, length in texts]),
            "there": torch.tensor([True] * len(wrongs) + [False] * missing),
            "kind": torch.tensor(kind),
            "colour": torch.tensor(colour),
            "named": torch.tensor(ANY_COLOUR if thing is None else named_colour(thing, truth)),
        }


def pair(seed: int, size: int) -> tuple[Example, str, tuple[str, ...]]:
    """Draws a window with a hole, its true caption, and up to `WRONG` others."""
    random = Random(~seed)
    shown = example(seed, size, 0.0, hole=random.choices(list(SORTS), list(SORTS.values()))[0])
    if shown.thing is not None:
        return shown, *truth_and_wrongs(shown.thing, shown.scene, random.getrandbits(32))
    if shown.prompt:
        return shown, shown.prompt, ()
    return pair(seed + (1 << 31), size)  # a bare surface without a caption: its stage has scenes enough
