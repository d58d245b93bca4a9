"""The commands about recipes: write one from a document, run it on pictures, verify a result."""

import sys
from pathlib import Path

from tqdm import tqdm

from editor.cli.context import CommandContext
from editor.cli.credentials import credentials_sentence
from editor.formats.atomic_write import atomic_write
from editor.formats.export import format_of, recipe_of, size_of
from editor.formats.images import read_image
from editor.formats.targets import make_folder
from editor.imaging.picture import Picture
from editor.recipes.batch import pictures_in, results_of, run_on
from editor.recipes.recipe import Recipe
from editor.recipes.replay import Stage, difference, other_picture, replay
from editor.recipes.scaling import made_on
from pipelines.base import run
from pipelines.errors import InvalidInput, UserError, reason
from pipelines.models import listed as read_models
from pipelines.models import located

RECIPE_FILE = "a file that `recipe` wrote, or a picture with a recipe in it"


def write(context: CommandContext) -> None:
    """Runs the command `recipe`: writes the recipe of a document."""
    options = context.options
    with context.session() as session:
        recipe = session.exports.recipe(options.document, context.made_with())
    with atomic_write(options.output) as part:
        part.write_text(recipe.to_json())
    print(f"{options.output}: {len(recipe.steps)} steps")


def _recipe_in(context: CommandContext) -> Recipe:
    """Reads a recipe from its file, or from the picture that it is embedded in, with this machine's names of models."""
    options = context.options
    file: Path = options.recipe
    try:
        data = file.read_bytes()
    except OSError as error:
        raise InvalidInput(f"{file}: {reason(error, RECIPE_FILE)}") from None
    text = recipe_of(data)
    try:
        recipe = Recipe.from_json(data.decode() if text is None else text)
    except UnicodeDecodeError:
        raise InvalidInput(f"{file} contains no recipe. Give {RECIPE_FILE}.") from None
    except InvalidInput as error:
        raise InvalidInput(f"{file}: {error}") from None
    if text is not None:
        recipe = made_on(recipe, *size_of(data))
    listed = [] if (models := context.models_file) is None else [model.pipeline for model in read_models(models)]
    pipelines = [options.pipeline, *listed]
    return recipe.located(
        lambda name: located(name, pipelines, "--pipeline"),
        lambda name: located(name, [name for name, _ in options.adapter], "--adapter"),
    )


def follow_on_pictures(context: CommandContext) -> None:
    """Runs the command `run`: runs a recipe on picture files."""
    options = context.options
    recipe, load, signing = _recipe_in(context), context.load, context.signing
    files = pictures_in(options.pictures, options.output)
    for note in files.skipped:
        print(note, file=sys.stderr)
    results = results_of(files.pictures, options.output)
    make_folder(options.output)
    failed = 0
    with tqdm(results.items(), unit=" pictures") as bar:

        def show(stage: Stage) -> None:
            step, progress = stage
            bar.set_postfix_str(f"step {step + 1} of {len(recipe.steps)}, {progress.index}/{progress.total}")

        for picture, result in bar:
            try:
                scale = options.place == "scaled"
                notes = run(run_on(recipe, picture, result, load, scale, signing, context.anchors), show)
                bar.write(f"{result} exists already" if notes is None else f"{result}", file=sys.stdout)
                for note in notes or ():
                    bar.write(f"{picture}: {note}", file=sys.stderr)
            except (UserError, OSError) as error:
                bar.write(f"{picture}: {reason(error, 'a picture')}", file=sys.stderr)
                failed += 1
    if files.skipped:
        print(f"{len(results)} pictures; {len(files.skipped)} other files and folders were left out.", file=sys.stderr)
    if failed:
        others = f"the results of the others are in {options.output}" if failed < len(results) else "there is no result"
        raise InvalidInput(f"{failed} of {len(results)} pictures failed: see above; {others}.")


def verify(context: CommandContext) -> None:
    """Runs the command `verify`: compares a result with what a recipe makes of a picture."""
    options = context.options
    recipe, load = _recipe_in(context), context.load
    before = Picture.from_pixels(read_image(options.picture.read_bytes()).pixels)
    result = read_image(options.result.read_bytes()).pixels
    for file in (options.picture, options.result):
        if sentence := credentials_sentence(file, context.anchors):
            print(f"{file}: {sentence}", file=sys.stderr)
    if problem := other_picture(recipe, before):
        raise InvalidInput(problem)
    with tqdm(total=len(recipe.steps), unit=" steps", leave=False) as bar:
        after = run(replay(recipe, before, load), lambda stage: bar.update(stage.step - bar.n))
    if problem := difference(recipe, before, after, result, context.made_with()):
        lossy = format_of(options.result.suffix).quality is not None
        raise InvalidInput(
            f"{problem} {options.result.suffix} is lossy; to verify a result, keep a .png." if lossy else problem
        )
    print(f"identical: {len(recipe.steps)} steps")
