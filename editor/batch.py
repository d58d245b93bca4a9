"""A recipe on a row of picture files: what was interrupted goes on where it stopped."""

import json
from collections.abc import Callable, Generator, Sequence
from pathlib import Path

from editor.following import Stage, follow
from editor.formats.images import read_image
from editor.formats.recipe import Recipe
from editor.formats.replacing import replacing
from editor.formats.saving import SUFFIXES, encode, format_of
from editor.picture import Picture
from pipelines.base import Pipeline

ENDINGS = (*SUFFIXES, ".gif", ".bmp", ".ppm")  # of what is taken for a picture in a folder
RECORD = "done.json"  # in the folder of the results: which are there, and of which recipe


def results_of(pictures: Sequence[Path], out: Path) -> dict[Path, Path]:
    """Where each picture's result goes. ValueError when two would be one, or one would take its picture's place."""
    results = {picture: out / f"{picture.stem}.png" for picture in pictures}
    if len(set(results.values())) < len(results):
        raise ValueError("Two of the pictures have the same name: their results would be one file. Rename one.")
    if clash := next((picture for picture, result in results.items() if picture.resolve() == result.resolve()), None):
        raise ValueError(f"The result would take the place of {clash}: choose another folder for -o.")
    return results


def pictures_in(named: Sequence[Path], out: Path) -> list[Path]:
    """The files named, and the pictures in the folders named, each once. ValueError for what is not there, and for the
    results' own folder.
    """
    found: dict[Path, Path] = {}
    for each in named:
        if not each.exists():
            raise ValueError(f"There is no picture {each}.")
        if each.is_dir() and each.resolve() == out.resolve():
            raise ValueError(f"The results would lie among the pictures in {each}: choose another folder for -o.")
        inside = (
            [file for file in sorted(each.iterdir()) if file.suffix.lower() in ENDINGS] if each.is_dir() else [each]
        )
        found |= {file.resolve(): file for file in inside}
    return list(found.values())


def run_on(
    recipe: Recipe, picture: Path, result: Path, pipelines: Callable[[str], Pipeline]
) -> Generator[Stage, None, tuple[str, ...] | None]:
    """Follow a recipe on one picture file and write the result as PNG, whole or not at all; yields the progress.

    Returns sentences on what was lost as the picture was read; None when all was done before, with the same recipe and
    picture. ValueError or OSError, with a sentence, when it
    cannot be done; nothing is written then.
    """
    opened = read_image(picture.read_bytes())
    before = Picture.from_pixels(opened.pixels)
    record = _record(result.parent, recipe)
    if result.exists() and record.get(result.name) == before.digest:
        return None
    (*_, after) = yield from follow(recipe, before, pipelines)
    with replacing(result) as part:
        part.write_bytes(encode(after.pixels(), format_of(result.suffix), icc=opened.icc).data)
    with replacing(result.with_name(RECORD)) as part:
        pictures = {**record, result.name: before.digest}
        part.write_text(json.dumps({"recipe": recipe.digest, "pictures": pictures}, indent=1) + "\n")
    return opened.notes


def _record(out: Path, recipe: Recipe) -> dict[str, str]:
    """The results in a folder that are this recipe's, and the digests of the pictures that they were made of."""
    try:
        record = json.loads((out / RECORD).read_text())
        return dict(record["pictures"]) if record["recipe"] == recipe.digest else {}
    except (OSError, ValueError, KeyError, TypeError):
        return {}  # none, or nothing to be trusted: all are made again
