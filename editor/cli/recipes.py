"""Recipes: written from a document, followed on pictures, and verified."""

import sys

from tqdm import tqdm

from editor.cli.context import CommandContext
from editor.formats.atomic_write import replacing
from editor.formats.export import format_of, recipe_of, size_of
from editor.formats.images import read_image
from editor.imaging.picture import Picture
from editor.recipes.batch import pictures_in, results_of, run_on
from editor.recipes.recipe import Recipe
from editor.recipes.replay import Stage, difference, follow, other_picture
from editor.recipes.scaling import made_on
from pipelines.base import run
from pipelines.errors import InvalidInput, UserError
from pipelines.models import listed as read_models
from pipelines.models import located


def write(context: CommandContext) -> None:
    options = context.options
    with context.session() as session:
        written = session.recipe(options.document, context.made_with())
    with replacing(options.output) as part:
        part.write_text(written.to_json())
    print(f"{options.output}: {len(written.steps)} steps")


def _recipe_in(context: CommandContext) -> Recipe:
    """The recipe that a file is, or that a picture holds; its models by where they lie on this machine."""
    options = context.options
    file, data = options.recipe, options.recipe.read_bytes()
    text = recipe_of(data)
    try:
        recipe = Recipe.from_json(data.decode() if text is None else text)
    except UnicodeDecodeError:
        raise InvalidInput(f"{file} holds no recipe.") from None
    if text is not None:
        recipe = made_on(recipe, *size_of(data))
    listed = [] if (models := context.models_file) is None else [model.pipeline for model in read_models(models)]
    pipelines = [options.pipeline, *listed]
    return recipe.located(
        lambda name: located(name, pipelines, "--pipeline"),
        lambda name: located(name, [name for name, _ in options.adapter], "--adapter"),
    )


def follow_on_pictures(context: CommandContext) -> None:
    options = context.options
    followed, load = _recipe_in(context), context.load
    found = pictures_in(options.pictures, options.output)
    for sentence in found.skipped:
        print(sentence, file=sys.stderr)
    results = results_of(found.pictures, options.output)
    options.output.mkdir(parents=True, exist_ok=True)
    failed = 0
    with tqdm(results.items(), unit=" pictures") as bar:

        def show(stage: Stage) -> None:
            step, progress = stage
            bar.set_postfix_str(f"step {step + 1} of {len(followed.steps)}, {progress.index}/{progress.total}")

        for picture, result in bar:
            try:
                notes = run(run_on(followed, picture, result, load, scale=options.place == "scaled"), show)
                bar.write(f"{result} is there already" if notes is None else f"{result}", file=sys.stdout)
                for note in notes or ():
                    bar.write(f"{picture}: {note}", file=sys.stderr)
            except (UserError, OSError) as error:
                bar.write(f"{picture}: {error}", file=sys.stderr)
                failed += 1
    if found.skipped:
        print(f"{len(results)} pictures; {len(found.skipped)} other files and folders were left out.", file=sys.stderr)
    if failed:
        raise InvalidInput(f"{failed} of {len(results)} pictures could not be made; the others are in {options.output}")


def verify(context: CommandContext) -> None:
    options = context.options
    followed, load = _recipe_in(context), context.load
    before = Picture.from_pixels(read_image(options.picture.read_bytes()).pixels)
    result = read_image(options.result.read_bytes()).pixels
    if problem := other_picture(followed, before):
        raise InvalidInput(problem)
    with tqdm(total=len(followed.steps), unit=" steps", leave=False) as bar:
        after = run(follow(followed, before, load), lambda stage: bar.update(stage.step - bar.n))
    if problem := difference(followed, before, after, result, context.made_with()):
        lossy = format_of(options.result.suffix).quality is not None
        raise InvalidInput(
            f"{problem} {options.result.suffix} loses some of it: keep a .png to verify." if lossy else problem
        )
    print(f"identical: {len(followed.steps)} steps")
