"""Study: which pairs of pictures people compare. It is stored once, and the pictures stay in their folders."""

import json
import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NamedTuple

from editor.formats.colours import to_profile
from editor.formats.images import read_image
from editor.imaging.compositing import on_white
from editor.imaging.digest import digest_of
from editor.imaging.limits import MAX_NAME, MAX_STUDY_PAIRS, MAX_STUDY_QUESTIONS, MAX_STUDY_SIDE
from editor.imaging.raster import Pixels
from editor.imaging.scaling import scaled_size
from editor.store.database import storable
from editor.store.store import Store
from editor.store.studies import StudyRow
from editor.study.samples import Sample
from pipelines.errors import InvalidInput, UserError

SAME_ASPECT = 0.01  # relative difference of two aspect ratios up to which both pictures are scaled to one size


class Picture(NamedTuple):
    """A picture of a pair, as it lies in its folder."""

    file: str  # its name in the folder
    digest: str  # of the file


@dataclass(frozen=True)
class Pair:
    """Two pictures to be compared, the first arm's and the second's."""

    prompt: str | None
    pictures: tuple[Picture, Picture]
    size: tuple[int, int]  # width and height at which both are shown


@dataclass(frozen=True, eq=False)
class Study:
    """A study. Everything that decides what a person is shown is in it and in the person's token."""

    id: str  # the unguessable part of its link
    name: str
    closed: bool
    secret: str  # decides order and sides; never sent
    folders: tuple[str, str]  # of the two arms
    questions: int  # pairs that one person compares for each question
    pairs: tuple[Pair, ...]

    @property
    def arms(self) -> tuple[str, str]:
        """The arms' names: those of their folders, or their paths where these are equal."""
        first, second = (Path(folder).name for folder in self.folders)
        return (first, second) if first != second else self.folders

    @property
    def has_prompts(self) -> bool:
        """Whether people can be asked which picture matches its prompt."""
        return self.pairs[0].prompt is not None


def open_study(
    store: Store, folders: tuple[Path, Path], pairs: Sequence[Pair], name: str | None, questions: int
) -> Study:
    """Creates a study of two sample folders, or returns the open one of that name, to go on with.

    Args:
        store: where it is stored.
        folders: of the two arms.
        pairs: their pairs.
        name: of the study; None for the folders' names.
        questions: how many pairs each person compares for each question.

    Raises:
        InvalidInput: a value is out of range, or there is a study of that name that is closed or differs.
    """
    if not 1 <= questions <= MAX_STUDY_QUESTIONS:
        raise InvalidInput(f"--questions must be a number from 1 to {MAX_STUDY_QUESTIONS}, not {questions}.")
    if len(pairs) > MAX_STUDY_PAIRS:
        raise InvalidInput(f"There are {len(pairs):,} pairs; a study takes at most {MAX_STUDY_PAIRS:,}.")
    name = storable(name or " and ".join(folder.name for folder in folders))[:MAX_NAME]
    paths = str(folders[0].resolve()), str(folders[1].resolve())
    row = next((row for row in store.studies.all() if row.name == name), None)
    if row is None:
        setup = {"folders": paths, "questions": questions, "pairs": [asdict(pair) for pair in pairs]}
        row = store.studies.create(name, json.dumps({**setup, "secret": secrets.token_hex(16)}))
    study = study_of(row)
    if study.closed:
        raise InvalidInput(f"The study {name!r} is closed. Choose another name with --name.")
    if difference := _difference(study, paths, questions, pairs):
        raise InvalidInput(
            f"There is an open study {name!r}, and {difference}. To go on with it, ask for what it was begun with."
            " Otherwise close it with `palimpsest study close`, or choose another name with --name."
        )
    return study


def _difference(study: Study, folders: tuple[str, str], questions: int, pairs: Sequence[Pair]) -> str:
    """Says how what is asked for differs from a study that there is; "" when it does not."""
    if study.folders != folders:
        return f"it compares {' with '.join(study.folders)}"
    if study.questions != questions:
        return f"each person compares {study.questions} pairs in it, not {questions}"
    if study.pairs != tuple(pairs):
        old = {picture for pair in study.pairs for picture in pair.pictures}
        changed = sorted(picture.file for pair in pairs for picture in pair.pictures if picture not in old)
        return f"its folders have changed since, at {changed[0]}" if changed else "its folders or prompts have changed"
    return ""


def study_of(row: StudyRow) -> Study:
    """Reads a stored study."""
    setup = json.loads(row.setup)
    pairs = tuple(
        Pair(each["prompt"], (Picture(*each["pictures"][0]), Picture(*each["pictures"][1])), tuple(each["size"]))
        for each in setup["pairs"]
    )
    first, second = setup["folders"]
    closed = row.closed is not None
    return Study(row.id, row.name, closed, setup["secret"], (first, second), setup["questions"], pairs)


def find_study(store: Store, name: str | None, only_open: bool = False) -> Study:
    """Returns the study of a name, or the newest; with `only_open` that of a name, or the only open one.

    Raises:
        InvalidInput: there is none, or without a name there are several open ones.
    """
    rows = [row for row in store.studies.all() if not only_open or row.closed is None]
    open_ones = "open studies" if only_open else "studies"
    if not rows:
        raise InvalidInput(f"There are no {open_ones}. Begin one with `palimpsest study FOLDER FOLDER`.")
    found = [row for row in rows if name is None or row.name == name]
    if not found or (only_open and len(found) > 1):
        names = ", ".join(repr(row.name) for row in rows)
        problem = f"There is no {'open ' if only_open else ''}study {name!r}." if name else "There are several."
        raise InvalidInput(f"{problem} The {open_ones} are: {names}.")
    return study_of(found[0])


def pair_of(one: Sample, two: Sample) -> Pair:
    """Reads a pair's pictures, and returns what a study keeps of them.

    Raises:
        InvalidInput: one is damaged, or they have other proportions.
        OSError: one cannot be read.
    """
    pictures, sizes = [], []
    for sample in (one, two):
        data = sample.file.read_bytes()
        try:
            height, width = read_image(data).pixels.shape[:2]
        except UserError as error:
            raise InvalidInput(f"{sample.file} cannot be shown. {error}") from None
        pictures.append(Picture(sample.file.name, digest_of(data)))
        sizes.append((width, height))
    (w1, h1), (w2, h2) = sizes
    if abs(w1 * h2 - w2 * h1) > SAME_ASPECT * w1 * h2:
        raise InvalidInput(
            f"{one.file} has {w1} x {h1} pixels and {two.file} {w2} x {h2}: other proportions tell them apart. Crop"
            " both alike."
        )
    prompt = one.prompt if one.prompt is not None else two.prompt
    return Pair(prompt, (pictures[0], pictures[1]), scaled_size(min(w1, w2), min(h1, h2), MAX_STUDY_SIDE))


def read_picture(study: Study, pair: int, arm: int) -> Pixels:
    """Reads a picture of a study from its folder.

    Args:
        study: the study.
        pair: which pair.
        arm: 0 or 1.

    Returns:
        uint8 (H, W, 3), sRGB, without transparency, at its own size.

    Raises:
        OSError: the file is gone.
        InvalidInput: it is not the one that the study was begun with.
    """
    picture = study.pairs[pair].pictures[arm]
    file = Path(study.folders[arm]) / picture.file
    data = file.read_bytes()
    if digest_of(data) != picture.digest:
        raise InvalidInput(f"{file} has changed since the study {study.name!r} was begun. Put the old one back.")
    opened = read_image(data)
    return on_white(to_profile(opened.pixels, opened.icc, None))
