"""Sample folders for studies, and people who answer."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np

from editor.formats.images import encode_png
from editor.imaging.raster import Pixels
from editor.store.store import Store
from editor.store.studies import Answer
from editor.study.comparisons import Comparison, plan
from editor.study.samples import paired, read_samples
from editor.study.study import Pair, Picture, Study, open_study, pair_of

NOUNS = ("couch", "vase", "lamp", "corgi", "chair", "cat", "boat", "umbrella")
COLOURS = ("red", "blue", "green", "yellow", "white", "black")


def prompt(number: int) -> str:
    return f"a {COLOURS[number % len(COLOURS)]} {NOUNS[number % len(NOUNS)]} of kind {number}"


def picture(number: int, arm: int, side: int = 48) -> Pixels:
    """uint8 (side, side, 3), another for each pair and arm."""
    random = np.random.default_rng([number, arm])
    small = random.integers(0, 256, (4, 4, 3), np.uint8)
    return np.asarray(cv2.resize(small, (side, side), interpolation=cv2.INTER_CUBIC), np.uint8)


def write_folders(folder: Path, count: int = 24, prompts: bool = True) -> tuple[Path, Path]:
    """Two folders of `count` pairs."""
    folders = folder / "base", folder / "lora"
    for arm, each in enumerate(folders):
        each.mkdir()
        for number in range(count):
            (each / f"{number:03}.png").write_bytes(encode_png(picture(number, arm)))
            if prompts:
                (each / f"{number:03}.txt").write_text(prompt(number), "utf-8")
    return folders


def begun(store: Store, folders: tuple[Path, Path], name: str | None = None, questions: int = 24) -> Study:
    """The study of two folders, as the command begins it."""
    pairs = [pair_of(*each) for each in paired(*map(read_samples, folders))]
    return open_study(store, folders, pairs, name, questions)


def unstored(pairs: int = 24, secret: int = 0, questions: int = 24, id: str = "study") -> Study:
    """A study of pictures that nobody reads."""
    every = tuple(Pair(prompt(n), (Picture(f"{n}.png", "a"), Picture(f"{n}.png", "b")), (48, 48)) for n in range(pairs))
    return Study(id, "A study", False, f"{secret:032x}", ("/base", "/lora"), questions, every)


Choose = Callable[[Comparison], str]


def answers_of(study: Study, rater: str, choose: Choose, first: int = 0, last: int | None = None) -> Iterator[Answer]:
    """The answers of a person to the comparisons from `first` on, before `last`."""
    comparisons: Sequence[Comparison] = plan(study, rater)
    for number in range(first, len(comparisons) if last is None else last):
        each = comparisons[number]
        yield Answer(
            f"{rater}-{number}", study.id, rater, number, each.question, each.kind, each.pair, each.left.arm,
            each.expected, choose(each), 1500,
        )  # fmt: skip


def prefers(arm: int) -> Choose:
    """Who always sees this arm ahead, and has every check right."""
    return lambda each: each.expected or ("left" if each.left.arm == arm else "right")
