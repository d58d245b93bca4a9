"""The command `edit`: makes one edit of a picture file, without the store."""

import json
import secrets
import sys
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tqdm import tqdm

from editor.cli.context import CommandContext
from editor.edits.adjustment import Adjustment
from editor.edits.apply import apply_all
from editor.edits.edit import NOWHERE, Blend, Edit
from editor.edits.generation import Progress
from editor.edits.intents import complete, prompt_hint, variations
from editor.edits.plan import plan
from editor.edits.removal import Removers
from editor.exports import LOST
from editor.formats.atomic_write import atomic_write
from editor.formats.credentials import Ingredient, has_credentials, ingredient_of
from editor.formats.export import encode, format_of
from editor.formats.images import READINGS, Opened, open_mask, read_image, read_reference
from editor.formats.targets import check_target
from editor.imaging.geometry import Margins
from editor.imaging.mask_cleaning import SPECK
from editor.imaging.picture import Picture
from editor.imaging.raster import Mask, Patch, Pixels
from editor.ranking import ranked
from editor.recipes.recipe import Recipe
from pipelines import HUB
from pipelines.base import Pipeline, run
from pipelines.errors import InvalidInput
from pipelines.ranking import best_first


def edit(context: CommandContext) -> None:
    """Runs the command `edit`: edits a picture file."""
    options, signing = context.options, context.signing
    file = options.picture.read_bytes()
    opened = read_image(file)
    ingredient = Ingredient(None, ()) if signing is None else ingredient_of(file, context.anchors)
    for note in (*opened.notes, *ingredient.notes):
        print(note, file=sys.stderr)
    if signing is None and has_credentials(file):
        print(LOST, file=sys.stderr)
    picture = Picture.from_pixels(opened.pixels)
    mask, intent, settings = NOWHERE, "fill", dict[str, Any]()
    if options.mask is not None:
        alpha, reading = open_mask(options.mask.read_bytes(), by=options.mask_by)
        if READINGS[reading]:
            print(READINGS[reading], file=sys.stderr)
        _check_size("mask", alpha, opened.pixels)
        mask = Mask(picture.box, alpha)
    if options.sketch is not None:
        strokes = read_image(options.sketch.read_bytes()).pixels
        _check_size("sketch", strokes, opened.pixels)
        intent, settings["sketch"] = "sketch", Patch(picture.box, strokes)
    if options.remove:
        if (
            options.mask is None
            or options.prompt
            or options.negative_prompt
            or settings
            or options.strength is not None
        ):
            raise InvalidInput(
                "--remove needs a --mask of what to remove, and no --prompt, --negative, --sketch or --strength."
            )
        intent = "remove"
    if options.expand is not None and options.aspect is not None:
        raise InvalidInput("--expand and --aspect both set the picture's size. Use only one of them.")
    if options.expand is not None:
        settings["margins"] = Margins(*options.expand)
    if options.aspect is not None:
        settings["margins"] = picture.box.widened_to(options.aspect)
    names = ("feather", "edge", "opacity")
    settings["blend"] = Blend(**{name: value for name in names if (value := getattr(options, name)) is not None})
    if options.adjust is not None:
        _check_adjust(options, settings)
        settings["adjustment"] = Adjustment.from_text(options.adjust)
        _check_output(options.output)
        edit = complete("adjust", mask, settings, None, lambda: picture).edit
        _write(context, picture, [edit], opened, credentials=ingredient.archive)
        return
    make_and_write(context, picture, intent, mask, settings, opened, ingredient.archive)


def _check_adjust(options: Namespace, settings: dict[str, Any]) -> None:
    """Raises InvalidInput when options of a model or of another frame come with --adjust."""
    names = ("strength", "seed", "steps", "sampler", "guidance", "clip_guidance", "negative_prompt", "reference")
    chosen = options.prompt or options.adapter or options.remove or settings.keys() > {"blend"}
    if chosen or any(getattr(options, name) is not None for name in names):
        raise InvalidInput(
            "--adjust takes a --mask, --feather, --edge and --opacity, and no other option of an edit: no model runs."
        )
    if options.variations != 1 or options.best_of is not None:
        raise InvalidInput("An adjustment has one result. Leave --variations and --best-of out.")


def _check_size(name: str, pixels: Pixels, picture: Pixels) -> None:
    if pixels.shape[:2] != picture.shape[:2]:
        sizes = [f"{width}x{height}" for height, width in (pixels.shape[:2], picture.shape[:2])]
        raise InvalidInput(f"The {name} is {sizes[0]} pixels, the picture {sizes[1]}. They must have the same size.")


def make_and_write(
    context: CommandContext,
    picture: Picture,
    intent: str,
    mask: Mask,
    settings: dict[str, Any],
    opened: Opened | None = None,
    credentials: bytes | None = None,
) -> None:
    """Makes the edit of these settings and the options, and writes the results; `credentials`: the opened file's."""
    options = context.options
    _check_output(options.output)
    name = options.pipeline if context.pipeline_chosen else context.library.default(intent)
    if not name:
        choice = Removers(context.library.names(), options.pipeline, context.load).choose(picture, mask)
        print(f"Removing with {choice.sentence}; --pipeline sets another.", file=sys.stderr)
        name = choice.model
    model = context.load(name)
    settings |= chosen_settings(options, name)
    settings["seed"] = secrets.randbelow(2**32) if options.seed is None else options.seed
    keep_specks, grow = (getattr(options, name, None) for name in ("keep_specks", "grow"))
    edit, specks = complete(intent, mask, settings, model, lambda: picture, bool(keep_specks), grow)
    if specks:
        noun, them = ("speck", "it") if specks == 1 else ("specks", "them")
        print(f"Ignored {specks} {noun} of at most {SPECK} pixels; --keep-specks keeps {them}.", file=sys.stderr)
    if options.best_of is not None and options.variations != 1:
        raise InvalidInput("--best-of and --variations both say how many results are made. Use only one of them.")
    edits = variations(edit, options.variations if options.best_of is None else options.best_of)
    if model.host:
        pixels = plan(edit, picture.box, model).pixels * len(edits)
        print(f"Up to {pixels:,} pixels of the picture are sent to {model.host}.", file=sys.stderr)
    own = model.hint(edit.painted_as or edit.prompt)
    if hint := prompt_hint(edit.prompt, own, model, getattr(options, "exact_words", False)):
        print(hint, file=sys.stderr)
    _write(context, picture, edits, opened, model, credentials)


def chosen_settings(options: Namespace, name: str) -> dict[str, Any]:
    """Returns the settings of an edit that the options choose, for the model of this name; no seed."""
    settings = dict[str, Any]()
    if options.adapter:
        from pipelines.hf.adapter_files import adapter_file, canonical_adapter

        settings["adapters"] = [(canonical_adapter(name), weight) for name, weight in options.adapter]
        if name.startswith(HUB):  # other pipelines raise an error about adapters
            for adapter, _ in settings["adapters"]:
                adapter_file(adapter, fetch=True)  # the user typed its name, as for a model
    if options.reference is not None:
        settings["reference"] = read_reference(options.reference.read_bytes())
    names = ("prompt", "negative_prompt", "steps", "sampler", "guidance", "clip_guidance", "strength", "exact_words")
    return settings | {name: getattr(options, name, None) for name in names} | {"pipeline": name}


def _write(
    context: CommandContext,
    picture: Picture,
    edits: Sequence[Edit],
    opened: Opened | None,
    model: Pipeline | None = None,
    credentials: bytes | None = None,
) -> None:
    """Makes edits that differ only in their seed, and writes the results with the opened file's metadata.

    With a model, the best match with the prompt comes first, where that can be said; with --best-of, it is all that is
    written.
    """
    options, out = context.options, context.options.output
    with tqdm(unit="step", desc="Painting", leave=False, delay=0.1) as bar:

        def show(progress: list[Progress]) -> None:
            bar.total = progress[0].total
            bar.update(progress[0].index - bar.n)

        results = run(apply_all(edits, picture, context.load), show)
    pictures = [each.picture for each in results]
    found = None if model is None else ranked(edits[0], picture, pictures, model, context.ranker)
    order = best_first(found, len(edits))
    labels = [
        f"seed {edit.seed}" + (f", {found[n].word}" if found and found[n].word else "") for n, edit in enumerate(edits)
    ]
    best_of = options.best_of is not None
    if best_of and found is None and len(edits) > 1:
        print("Which one matches the prompt best cannot be told here: the first is written.", file=sys.stderr)
    elif best_of and len(edits) > 1:
        print(f"The others: {'; '.join(labels[n] for n in order[1:])}. --seed makes one of them.", file=sys.stderr)
    for number, n in enumerate(order[:1] if best_of else order, 1):
        edit, applied = edits[n], results[n]
        file = out if best_of or len(edits) == 1 else out.with_name(f"{out.stem}-{number}{out.suffix}")
        write_result(context, file, edit, picture, applied.picture, not options.no_recipe, opened, credentials)
        print(file if edit.adjustment is not None else f"{file} ({labels[n]})")


def write_result(
    context: CommandContext,
    file: Path,
    edit: Edit,
    picture: Picture,
    result: Picture,
    with_recipe: bool = True,
    opened: Opened | None = None,
    credentials: bytes | None = None,
) -> None:
    """Writes what an edit made of a picture, with the opened file's metadata, and signed where that is wanted."""
    recipe = Recipe((edit,), picture.digest, (result.digest,), context.made_with(), picture.box)
    text = recipe.to_json() if with_recipe else None
    file_info: dict[str, Any] = {} if opened is None else {"icc": opened.icc, "metadata": opened.metadata}
    data, notes = encode(result.pixels(), format_of(file.suffix), recipe=text, **file_info)
    if context.signing is not None:  # last: nothing may change after it
        step = json.loads(edit.to_json())
        data = context.signing.sign(data, [step], created=opened is None, opened=credentials)
    with atomic_write(file) as part:
        part.write_bytes(data)
    for note in notes:
        print(note, file=sys.stderr)


def _check_output(out: Path) -> None:
    """Raises UserError when no picture can be written to a file, before a model runs."""
    check_target(out)
    format_of(out.suffix)
