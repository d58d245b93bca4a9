"""The command `draw`: a picture from a prompt, or one from each line of a file of prompts, without the store."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from editor.cli.context import CommandContext
from editor.cli.edit import chosen_settings, make_and_write, write_result
from editor.edits.apply import apply_all
from editor.edits.edit import Edit
from editor.edits.intents import complete
from editor.edits.plan import plan
from editor.formats.atomic_write import atomic_write
from editor.formats.export import recipe_of
from editor.formats.targets import make_folder
from editor.imaging.limits import MAX_PIXELS
from editor.imaging.picture import Picture
from editor.imaging.raster import Mask
from editor.recipes.recipe import Recipe
from pipelines.base import run
from pipelines.errors import InvalidInput, reason

MOST_PROMPTS, MOST_BYTES = 10_000, 2**24  # of a file


def draw(context: CommandContext) -> None:
    """Runs the command `draw`."""
    options = context.options
    _ = context.signing  # refuses a certificate before a model is loaded
    picture = blank(context, options.pipeline, options.size)
    if options.prompts is None:
        make_and_write(context, picture, "fill", _everywhere(picture), {})
        return
    if options.prompt or options.variations != 1 or options.best_of is not None or options.no_recipe:
        raise InvalidInput(
            "--prompts makes one picture of each line, with its recipe: leave --prompt, --variations, --best-of and "
            "--no-recipe out."
        )
    prompts = read_prompts(options.prompts)
    settings = chosen_settings(options, options.pipeline) | {"seed": options.seed or 0}
    draw_prompts(context, prompts, options.output, picture, settings)
    print(options.output)


def blank(context: CommandContext, name: str, size: tuple[int, int] | None) -> Picture:
    """Returns the picture that a model draws on, as large as wanted, or as the model draws at its best."""
    side = context.load(name).size
    width, height = size or (side, side)
    if width * height > MAX_PIXELS:
        raise InvalidInput(f"A picture can have at most {MAX_PIXELS:,} pixels, not {width:,} x {height:,}.")
    return Picture.blank(width, height)


def _everywhere(picture: Picture) -> Mask:
    return Mask(picture.box, np.full(picture.box.shape, 255, np.uint8))


def read_prompts(file: Path) -> list[str]:
    """Reads the prompts of a text file, one a line; empty lines are none.

    Raises:
        InvalidInput: it is missing, no text, empty or too long.
    """
    try:
        if file.stat().st_size > MOST_BYTES:
            raise InvalidInput(f"{file} is too long: at most {MOST_BYTES:,} bytes.")
        text = file.read_text("utf-8-sig")
    except UnicodeDecodeError:
        raise InvalidInput(f"{file} is no text in UTF-8. Save it as UTF-8.") from None
    except OSError as error:
        raise InvalidInput(f"{file}: {reason(error, 'a text file with a prompt a line')}") from None
    prompts = [prompt for line in text.splitlines() if (prompt := " ".join(line.split()))]
    if not 0 < len(prompts) <= MOST_PROMPTS:
        raise InvalidInput(f"{file} has {len(prompts):,} prompts, one a line. Give it 1 to {MOST_PROMPTS:,}.")
    return prompts


def draw_prompts(
    context: CommandContext, prompts: Sequence[str], folder: Path, picture: Picture, settings: dict[str, Any]
) -> None:
    """Draws what a folder of samples lacks: `0001.png` with its prompt in `0001.txt`, and so on.

    Args:
        context: loads the model.
        prompts: of the pictures, in order.
        folder: where they go; it is made.
        picture: what is drawn on, a blank.
        settings: of all edits, with the model's name, and the seed of the first picture.

    Raises:
        InvalidInput: the folder has a picture that was drawn otherwise.
    """
    model = context.load(settings["pipeline"])
    edits = [
        complete("fill", _everywhere(picture), {**settings, "prompt": prompt, "seed": settings["seed"] + at}, model,
                 lambda: picture).edit
        for at, prompt in enumerate(prompts)
    ]  # fmt: skip
    make_folder(folder)
    files = [folder / f"{number:04}.png" for number in range(1, len(edits) + 1)]
    missing = [at for at, file in enumerate(files) if not _drawn(file, edits[at])]
    if missing and model.host:
        pixels = plan(edits[0], picture.box, model).pixels * len(missing)
        print(f"Up to {pixels:,} pixels are sent to {model.host}.", file=sys.stderr)
    for at in tqdm(missing, folder.name, unit=" pictures", leave=False, disable=not missing):
        result = run(apply_all([edits[at]], picture, context.load))[0].picture
        with atomic_write(files[at].with_suffix(".txt")) as part:
            part.write_text(prompts[at] + "\n", "utf-8")
        write_result(context, files[at], edits[at], picture, result)  # last: where it is, all of a sample is


def _drawn(file: Path, edit: Edit) -> bool:
    """Whether a file is there already, by the recipe in it.

    Raises:
        InvalidInput: it is there, and of another edit or none.
    """
    if not file.exists():
        return False
    text = recipe_of(file.read_bytes())
    # as the file has it: without this machine's folders
    own = Recipe((edit,), "", ("",), "")
    if text is None or Recipe.from_json(text).digest != Recipe.from_json(own.to_json()).digest:
        raise InvalidInput(f"{file} was drawn with another prompt, model or setting. Use another folder, or delete it.")
    return True
