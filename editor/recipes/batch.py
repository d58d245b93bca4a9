"""Runs a recipe on many picture files; an interrupted run continues where it stopped."""

import json
from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from typing import NamedTuple

from editor.formats.atomic_write import atomic_write
from editor.formats.credentials import ingredient_of
from editor.formats.decoding import is_picture, readable
from editor.formats.export import encode, format_of
from editor.formats.images import read_image
from editor.imaging.picture import Picture
from editor.recipes.provenance import Signing
from editor.recipes.recipe import Recipe
from editor.recipes.replay import Stage, replay
from editor.recipes.scaling import placement_note, scaled_recipe
from pipelines.base import Pipeline
from pipelines.errors import InvalidInput

SYSTEM_FILES = ("thumbs.db", "desktop.ini")
LONGEST_START = 2**20  # bytes at the start of a file to read to tell whether it is a picture
RECORD = "done.json"  # in the results' folder: which results are there, and of which recipe


def results_of(pictures: Sequence[Path], out: Path) -> dict[Path, Path]:
    """Returns where each picture's result goes.

    Raises:
        InvalidInput: two results would be the same file, or a result would replace its picture.
    """
    results = {picture: out / f"{picture.stem}.png" for picture in pictures}
    if len(set(results.values())) < len(results):
        raise InvalidInput("Two of the pictures have the same name, so their results would be one file. Rename one.")
    if clash := next((picture for picture, result in results.items() if picture.resolve() == result.resolve()), None):
        raise InvalidInput(f"The result would replace {clash}. Choose another folder for -o.")
    return results


class PictureFiles(NamedTuple):
    """The picture files among paths."""

    pictures: list[Path]  # each once
    skipped: list[str]  # sentences about what else the folders contain


def pictures_in(paths: Sequence[Path], out: Path) -> PictureFiles:
    """Finds picture files.

    Files in `paths` are taken as they are. Files in folders count if their ending is a picture's, or if it is unknown
    or missing and the content is a picture's. Hidden files (macOS puts one beside each picture) and Windows's system
    files are left out.

    Args:
        paths: files and folders.
        out: the folder of the results.

    Raises:
        InvalidInput: a path does not exist, is the folder of the results, or there is no picture at all.
    """
    pictures: dict[Path, Path] = {}
    skipped: list[str] = []
    for path in paths:
        if not path.exists():
            raise InvalidInput(f"There is no picture {path}.")
        if not path.is_dir():
            pictures[path.resolve()] = path  # the user listed it explicitly
            continue
        if path.resolve() == out.resolve():
            raise InvalidInput(f"The results would end up among the pictures in {path}. Choose another folder for -o.")
        for file in sorted(path.iterdir()):
            if file.name.startswith(".") or file.name.lower() in SYSTEM_FILES:
                continue
            if file.is_dir():
                skipped.append(f"{file} is a folder. To include its pictures, list it too.")
            elif file.suffix.lower() in readable() or _has_picture_content(file):
                pictures[file.resolve()] = file
            else:
                skipped.append(f"{file} is not a picture.")
    if not pictures:
        raise InvalidInput(" ".join([f"There is no picture in {', '.join(map(str, paths))}.", *skipped]))
    return PictureFiles(list(pictures.values()), skipped)


def _has_picture_content(file: Path) -> bool:
    with file.open("rb") as start:
        return is_picture(start.read(LONGEST_START))


def run_on(
    recipe: Recipe,
    picture: Path,
    result: Path,
    pipelines: Callable[[str], Pipeline],
    scale: bool = True,
    signing: Signing | None = None,
    anchors: str = "",
) -> Generator[Stage, None, tuple[str, ...] | None]:
    """Runs a recipe on one picture file and writes the result as PNG.

    Args:
        recipe: the recipe.
        picture: the picture file.
        result: the file to write, which is complete or not there at all.
        pipelines: returns the pipeline of a name.
        scale: whether to scale the recipe to a picture of another size, see `scaled_recipe`; False: its pixel
            coordinates stay the same.
        signing: how results are signed; None: they are not.
        anchors: as in `Session`, for the content credentials of the picture.

    Yields:
        The progress.

    Returns:
        Sentences about the scale, and about what the result leaves out; None when it was finished by an earlier run,
        with the same recipe and picture.

    Raises:
        InvalidInput: the recipe cannot be applied to the picture.
        OSError: a file cannot be read or written.
    """
    file = picture.read_bytes()
    opened = read_image(file)
    before = Picture.from_pixels(opened.pixels)
    record = _record(result.parent, recipe)
    adapted = scaled_recipe(recipe, before.box) if scale else recipe
    key = before.digest if adapted is recipe else f"{before.digest} {adapted.digest}"
    if result.exists() and record.get(result.name) == key:
        return None
    (*_, after) = yield from replay(adapted, before, pipelines)
    data, notes = encode(after.pixels(), format_of(result.suffix), icc=opened.icc, metadata=opened.metadata)
    if signing is not None:
        ingredient = ingredient_of(file, anchors)
        edits = [json.loads(edit.to_json()) for edit in adapted.steps]
        data, notes = signing.sign(data, edits, created=False, opened=ingredient.archive), (*notes, *ingredient.notes)
    with atomic_write(result) as part:
        part.write_bytes(data)
    with atomic_write(result.with_name(RECORD)) as part:
        pictures = {**record, result.name: key}
        part.write_text(json.dumps({"recipe": recipe.digest, "pictures": pictures}, indent=1) + "\n")
    placement = "" if before.digest == recipe.before else placement_note(recipe, before.box, scale)
    return (*opened.notes, *filter(None, [placement]), *notes)


def _record(out: Path, recipe: Recipe) -> dict[str, str]:
    """Returns the keys of the results of a recipe in a folder, by file name."""
    try:
        record = json.loads((out / RECORD).read_text())
        return dict(record["pictures"]) if record["recipe"] == recipe.digest else {}
    except (OSError, ValueError, KeyError, TypeError):
        return {}  # there is no record, or it is damaged: all results are made again
