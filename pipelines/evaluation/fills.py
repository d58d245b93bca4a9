"""Held-out fills of the drawn world as folders of samples: a model's, and the true windows; each made once.

Edit i of a seed is the same for every model. A folder keeps the settings that it was made with, so that the next run
goes on where one ended and never mixes two models.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from PIL import Image
from tqdm import tqdm

from pipelines.base import Pipeline, Pixels, Request, run
from pipelines.errors import InvalidInput
from pipelines.evaluation.edits import before, whole
from pipelines.evaluation.held_out import FILL_SCENES, SEEDS, SPACE, TRUTH_SCENES
from pipelines.evaluation.measures import composed
from pipelines.evaluation.sample_sets import HOLES, SETTINGS, SampleFolder, read_settings
from pipelines.glide.digests import sha256
from pipelines.installed import described
from pipelines.training.dataset import Example
from pipelines.whole_file import write_whole

MOST = 10_000  # edits of a seed
NOISES = {FILL_SCENES: 0, TRUTH_SCENES: MOST * SEEDS}  # the first seed of a model's noise, by what it paints
WEIGHTS_FILES = (".safetensors", ".pt", ".ckpt", ".bin")


class Sample(NamedTuple):
    """One picture of a folder."""

    image: Pixels  # (S, S, 3)
    hole: Pixels | None  # (S, S), 255 = the hole; None for a whole picture
    prompt: str


def fill(first: int, seed: int, index: int, size: int) -> Example:
    """Draws an edit with a prompt: number `index` of a seed, in the scenes from `first` on."""
    return whole(first + seed * SPACE + index, size, empty=0)


def usual_steps(pipeline: Pipeline) -> int:
    """Returns how many steps of its base model are usual with a pipeline."""
    return int(pipeline.defaults.get("steps", 20))


def paint_fills(
    folder: Path,
    pipeline: Pipeline,
    weights: str | None,
    count: int,
    seed: int,
    first: int,
    *,
    sampler: str,
    steps: int,
    guidance: float,
) -> SampleFolder:
    """Has a model paint the first fills of a seed; what is in the folder already is not painted again.

    Args:
        folder: where they go.
        pipeline: what paints.
        weights: SHA-256 of its weights, see `weights_digest`.
        count: how many.
        seed: which edits, 0 to SEEDS - 1.
        first: scenes from here on: FILL_SCENES, or TRUTH_SCENES for what these are compared with, which has noise of
            its own as well. Edit i is painted with seed NOISES[first] + MOST * seed + i.
        sampler: as in a Request.
        steps: as in a Request.
        guidance: as in a Request.

    Raises:
        InvalidInput: the folder holds fills of other settings.
    """

    def make(index: int) -> Sample:
        edit, noise = fill(first, seed, index, pipeline.size), NOISES[first] + MOST * seed + index
        original = before(edit)
        request = Request(original, edit.mask, edit.prompt, "", guidance, 0.0, 1.0, steps, sampler, (noise,))
        return Sample(composed(run(pipeline.inpaint(request))[0], edit.mask, original), edit.mask, edit.prompt)

    settings = {
        "model": pipeline.name,
        "weights": weights,
        "sampler": sampler,
        "steps": steps,
        "guidance": guidance,
        "size": pipeline.size,
        "seed": seed,
        "first": first,
    }
    return complete(folder, settings, count, make)


def draw_truth(folder: Path, size: int, count: int, seed: int, first: int) -> SampleFolder:
    """Draws true windows of fills; what is in the folder already is not drawn again.

    Args:
        folder: where they go.
        size: side in pixels.
        count: how many.
        seed: which edits.
        first: scenes from here on: TRUTH_SCENES, or FILL_SCENES for those that models paint.

    Raises:
        InvalidInput: the folder holds windows of other settings.
    """

    def make(index: int) -> Sample:
        edit = fill(first, seed, index, size)
        return Sample(edit.image, edit.mask, edit.prompt)

    return complete(folder, {"model": "truth", "size": size, "seed": seed, "first": first}, count, make)


def complete(folder: Path, settings: Mapping[str, Any], count: int, make: Callable[[int], Sample]) -> SampleFolder:
    """Makes what a folder of samples lacks of the first `count`.

    Args:
        folder: where they go.
        settings: all that decides what `make` makes.
        count: how many.
        make: makes one by its number.

    Returns:
        The first `count` of the folder.

    Raises:
        InvalidInput: the folder holds samples of other settings, or others' files.
    """
    there = read_settings(folder)
    if not there and folder.is_dir() and any(folder.iterdir()):
        raise InvalidInput(f"{folder} holds files, but no {SETTINGS} that says of what: take another --out.")
    if there and there != settings:
        key = next(key for key in {**there, **settings} if there.get(key) != settings.get(key))
        raise InvalidInput(
            f"{folder} holds samples made otherwise ({key} {there.get(key)}, now {settings.get(key)}): "
            "take another --out, or delete that folder."
        )
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(folder / SETTINGS, json.dumps(settings, indent=1) + "\n")
    missing = [index for index in range(count) if not (folder / f"{_stem(index)}.png").exists()]
    for index in tqdm(missing, folder.name, unit=" samples", disable=not missing):
        sample, stem = make(index), _stem(index)
        write_whole(folder / f"{stem}.txt", sample.prompt + "\n")
        if sample.hole is not None:
            (folder / HOLES).mkdir(exist_ok=True)
            _save(sample.hole, folder / HOLES / f"{stem}.png")
        _save(sample.image, folder / f"{stem}.png")  # last: where it is, all of a sample is
    return SampleFolder.opened(folder).first(count)


def _stem(index: int) -> str:
    return f"{index:05d}"


def _save(pixels: Pixels, file: Path) -> None:
    """Writes a picture at once, so that one that is there is whole."""
    part = file.with_suffix(".part")
    Image.fromarray(pixels).save(part, "PNG")
    part.replace(file)


def weights_digest(name: str) -> str | None:
    """Computes the SHA-256 of a model's weights: of its only file, or of the digests of all.

    Args:
        name: the model's full name.

    Returns:
        In hexadecimal; None for what has no weights here.
    """
    place = described(name, name).place
    if place is None:
        return None
    files = [place] if place.is_file() else sorted(each for each in place.rglob("*") if each.suffix in WEIGHTS_FILES)
    if len(files) == 1:
        return sha256(files[0])
    return hashlib.sha256("".join(f"{file.name} {sha256(file)}\n" for file in files).encode()).hexdigest()
