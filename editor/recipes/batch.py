"""A recipe on a row of picture files: what was interrupted goes on where it stopped."""

import json
from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from typing import NamedTuple

from editor.formats.atomic_write import replacing
from editor.formats.decoding import is_picture, readable
from editor.formats.export import encode, format_of
from editor.formats.images import read_image
from editor.imaging.picture import Picture
from editor.recipes.recipe import Recipe
from editor.recipes.replay import Stage, follow
from editor.recipes.scaling import placement_note, scaled
from pipelines.base import Pipeline
from pipelines.errors import InvalidInput

SYSTEM_FILES = ("thumbs.db", "desktop.ini")
LONGEST_START = 2**20  # bytes of a file that are looked at to see whether it is a picture
RECORD = "done.json"  # in the folder of the results: which are there, and of which recipe


def results_of(pictures: Sequence[Path], out: Path) -> dict[Path, Path]:
    """Where each picture's result goes. InvalidInput when two would be one, or one would take its picture's place."""
    results = {picture: out / f"{picture.stem}.png" for picture in pictures}
    if len(set(results.values())) < len(results):
        raise InvalidInput("Two of the pictures have the same name: their results would be one file. Rename one.")
    if clash := next((picture for picture, result in results.items() if picture.resolve() == result.resolve()), None):
        raise InvalidInput(f"The result would take the place of {clash}: choose another folder for -o.")
    return results


class Found(NamedTuple):
    """pictures: the files to work on, each once. skipped: what else was in the folders, as sentences."""

    pictures: list[Path]
    skipped: list[str]


def pictures_in(named: Sequence[Path], out: Path) -> Found:
    """The files named, and the pictures in the folders named: those with a picture's ending, and those with an ending
    that nobody knows, or none, which begin as a picture does. Hidden files (macOS has one beside each picture) and what
    Windows puts into folders are none. InvalidInput for what is not there, for the results' own folder, and for none.
    """
    found: dict[Path, Path] = {}
    skipped: list[str] = []
    for each in named:
        if not each.exists():
            raise InvalidInput(f"There is no picture {each}.")
        if not each.is_dir():
            found[each.resolve()] = each  # who names it means it
            continue
        if each.resolve() == out.resolve():
            raise InvalidInput(f"The results would lie among the pictures in {each}: choose another folder for -o.")
        for file in sorted(each.iterdir()):
            if file.name.startswith(".") or file.name.lower() in SYSTEM_FILES:
                continue
            if file.is_dir():
                skipped.append(f"{file} is a folder: name it too if its pictures are meant.")
            elif file.suffix.lower() in readable() or _begins_as_picture(file):
                found[file.resolve()] = file
            else:
                skipped.append(f"{file} is no picture.")
    if not found:
        raise InvalidInput(" ".join([f"There is no picture in {', '.join(map(str, named))}.", *skipped]))
    return Found(list(found.values()), skipped)


def _begins_as_picture(file: Path) -> bool:
    with file.open("rb") as start:
        return is_picture(start.read(LONGEST_START))


def run_on(
    recipe: Recipe, picture: Path, result: Path, pipelines: Callable[[str], Pipeline], scale: bool = True
) -> Generator[Stage, None, tuple[str, ...] | None]:
    """Follow a recipe on one picture file and write the result as PNG, whole or not at all; yields the progress.

    scale: whether the recipe's places are scaled to a picture of another size than it was made on, see `placement`;
    otherwise they are the same pixels. Returns sentences on that, and on what the result does not hold; None when all
    was done before, with the same recipe and picture. InvalidInput or OSError, with a sentence, when it cannot be done;
    nothing is written then.
    """
    opened = read_image(picture.read_bytes())
    before = Picture.from_pixels(opened.pixels)
    record = _record(result.parent, recipe)
    placed = scaled(recipe, before.box) if scale else recipe
    done = before.digest if placed is recipe else f"{before.digest} {placed.digest}"
    if result.exists() and record.get(result.name) == done:
        return None
    (*_, after) = yield from follow(placed, before, pipelines)
    data, notes = encode(after.pixels(), format_of(result.suffix), icc=opened.icc, metadata=opened.metadata)
    with replacing(result) as part:
        part.write_bytes(data)
    with replacing(result.with_name(RECORD)) as part:
        pictures = {**record, result.name: done}
        part.write_text(json.dumps({"recipe": recipe.digest, "pictures": pictures}, indent=1) + "\n")
    placement = "" if before.digest == recipe.before else placement_note(recipe, before.box, scale)
    return (*opened.notes, *filter(None, [placement]), *notes)


def _record(out: Path, recipe: Recipe) -> dict[str, str]:
    """The results in a folder that are this recipe's, and the digests of the pictures that they were made of."""
    try:
        record = json.loads((out / RECORD).read_text())
        return dict(record["pictures"]) if record["recipe"] == recipe.digest else {}
    except (OSError, ValueError, KeyError, TypeError):
        return {}  # none, or nothing to be trusted: all are made again
