"""Palimpsest: paint a mask, say what belongs there, and a diffusion model repaints the place.

Without a command it serves the editor to a browser; `edit` makes one edit and exits, `draw` a picture from words alone;
`recipe` writes down what was done, `run` does it on other pictures, `verify` says whether it comes out the same;
`convert` readies OpenAI's GLIDE.
"""

import argparse
import os
import secrets
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from hashlib import blake2b
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # nothing heavy before the options are read
    from editor.raster import Pixels
    from pipelines.base import Pipeline

HERE = Path(__file__).parent
SAMPLES = HERE / "assets" / "samples"
DEFAULT_PIPELINE = "glide-mini"


def arguments() -> argparse.Namespace:
    from pipelines import NAMES

    pipeline_help = f"what paints: {NAMES} (default: {DEFAULT_PIPELINE})"
    parser = argparse.ArgumentParser(
        prog="python app.py",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="example: python app.py edit room.png --mask mask.png --prompt 'a red couch' -o out.png",
    )
    parser.add_argument(
        "--host",
        default="127.0.0.1",
        help="address to listen on; 0.0.0.0 lets other machines in (default: %(default)s)",
    )
    parser.add_argument("--port", type=int, default=7860, help="port to listen on (default: %(default)s)")
    parser.add_argument(
        "--data", type=Path, default=HERE / "palimpsest-data", metavar="FOLDER",
        help="where pictures and their history are kept (default: palimpsest-data beside this file)",
    )  # fmt: skip
    parser.add_argument("--pipeline", default=DEFAULT_PIPELINE, metavar="NAME", help=pipeline_help)
    compile_help = "compile the networks: the first run takes minutes, every later one less (for a GPU)"
    parser.add_argument("--compile", action="store_true", help=compile_help)
    commands = parser.add_subparsers(dest="command", title="commands", metavar="")
    edit = commands.add_parser(
        "edit",
        help="make one edit and exit",
        description="Repaint the masked part of a picture and write it as PNG. Every other pixel stays the same.",
    )
    edit.add_argument("picture", type=Path, metavar="PICTURE", help="the picture to edit: PNG, JPEG, WebP, ...")
    edit.add_argument(
        "--mask", type=Path, required=True, help="a picture of the same size: white = repaint, black = keep"
    )
    edit.add_argument(
        "--strength", type=float, help="how far to go from what is there: 1 = from nothing (default), 0 = nowhere"
    )
    draw = commands.add_parser(
        "draw",
        help="draw one picture from words alone and exit",
        description="Draw a picture of the pipeline's own size from a prompt and write it as PNG.",
    )
    for command in (edit, draw):
        command.add_argument("--prompt", default="", help="what belongs there; empty fills from the surroundings")
        command.add_argument("--negative", dest="negative_prompt", metavar="PROMPT", help="what does not belong there")
        command.add_argument("--seed", type=int, help="same seed, same pixels (default: a new one each time, printed)")
        command.add_argument("--steps", type=int, help="how often the model is asked; more is finer and slower")
        command.add_argument("--sampler", metavar="NAME", help="dpmpp_2m (default), dpmpp_sde, heun, ddim or ddpm")
        command.add_argument(
            "--guidance", type=float, help="how firmly the words are followed; 1 = the model alone, 2 is usual"
        )
        command.add_argument(
            "--clip-guidance", type=float, help="how much CLIP's opinion counts, where there is one; 3 is usual"
        )
        command.add_argument("--pipeline", default=argparse.SUPPRESS, metavar="NAME", help=pipeline_help)
        command.add_argument("--compile", default=argparse.SUPPRESS, action="store_true", help=compile_help)
        command.add_argument(
            "-o", "--output", type=Path, required=True, metavar="OUT.png", help="where the result goes"
        )
    recipe = commands.add_parser(
        "recipe",
        help="write the way to what a document shows as one file",
        description="Write every edit between the picture that a document was opened with and what it shows now.",
    )
    recipe.add_argument("document", help="its id: what follows ?doc= in the browser's address")
    recipe.add_argument("-o", "--output", type=Path, required=True, metavar="RECIPE.json", help="where it goes")
    run = commands.add_parser(
        "run",
        help="follow a recipe on pictures",
        description="Make a recipe's edits on each picture and write the results as PNG. Run again, it goes on.",
    )
    run.add_argument("recipe", type=Path, metavar="RECIPE", help="as `recipe` writes it")
    run.add_argument("pictures", type=Path, nargs="+", metavar="PICTURE", help="files, or folders of them")
    run.add_argument("-o", "--output", type=Path, required=True, metavar="FOLDER", help="where the results go")
    verify = commands.add_parser(
        "verify",
        help="see whether a recipe makes a result of a picture, to the byte",
        description="Follow a recipe and compare: identical, or the first step that differs and why.",
    )
    verify.add_argument("recipe", type=Path, metavar="RECIPE")
    verify.add_argument("picture", type=Path, metavar="PICTURE", help="what it was made on")
    verify.add_argument("result", type=Path, metavar="RESULT", help="what it made")
    convert = commands.add_parser(
        "convert",
        help="ready OpenAI's released GLIDE for --pipeline glide:FOLDER, once",
        description="Write each of OpenAI's released GLIDE checkpoints in FOLDER (base_inpaint.pt, upsample_inpaint.pt,"
        " ...) as .safetensors beside it, checked, with its SHA-256 in digests.json. The .pt may be deleted then.",
    )
    convert.add_argument("folder", type=Path, metavar="FOLDER", help="where the files lie")
    convert.add_argument(
        "--download",
        action="store_true",
        help="first fetch what FOLDER lacks from OpenAI's servers, 7 GB in all; goes on where it was interrupted",
    )
    return parser.parse_args()


def serve(options: argparse.Namespace) -> None:
    from pipelines import PIPELINES

    load = _loader(options)
    if options.pipeline not in PIPELINES:
        load(options.pipeline)  # says which there are, or what its folder lacks
    from editor.session import Session
    from editor.store import Store
    from editor.ui.page import start
    from editor.worker import Worker

    store = Store(options.data)
    worker = Worker(store, load)
    worker.start()
    # the first Generate should not wait for the model to be read; if it cannot be, that edit says why
    Thread(target=_warm, args=(load, options.pipeline), daemon=True).start()
    try:
        names, address = list(dict.fromkeys([*PIPELINES, options.pipeline])), (options.host, options.port)
        page = start(Session(store), worker, names, load, options.pipeline, SAMPLES, *address)
        print(f"Palimpsest is at {page.local_url}  (Ctrl+C ends it)", flush=True)
        page.block_thread()
    finally:
        worker.stop()
        store.close()


def _loader(options: argparse.Namespace) -> Callable[[str], "Pipeline"]:
    """How pipelines are loaded, by their names."""
    from pipelines import load

    if options.compile:
        print("The first run of each network compiles it, which takes minutes.", file=sys.stderr)
    return partial(load, compiled=options.compile)


def _warm(load: Callable[[str], "Pipeline"], name: str) -> None:
    with suppress(ValueError):
        load(name)


def edit(options: argparse.Namespace) -> None:
    from editor.formats.images import read_image, read_mask

    opened, mask = read_image(options.picture.read_bytes()), read_mask(options.mask.read_bytes())
    for note in opened.notes:
        print(note, file=sys.stderr)
    if mask.shape != opened.pixels.shape[:2]:
        sizes = [f"{width}x{height}" for height, width in (mask.shape, opened.pixels.shape[:2])]
        raise ValueError(f"The mask is {sizes[0]} pixels, the picture {sizes[1]}: make them the same size.")
    _paint(options, opened.pixels, mask, _loader(options))


def draw(options: argparse.Namespace) -> None:
    import numpy as np

    load = _loader(options)
    side = load(options.pipeline).size
    _paint(options, np.full((side, side, 3), 255, np.uint8), np.full((side, side), 255, np.uint8), load)


def _paint(options: argparse.Namespace, pixels: "Pixels", mask: "Pixels", load: Callable[[str], "Pipeline"]) -> None:
    """Fulfil the wish that the options tell of, on uint8 (H, W, 3) and where the mask, uint8 (H, W), is 255."""
    from tqdm import tqdm

    from editor.apply import apply
    from editor.edit import Edit
    from editor.formats.images import encode_png
    from editor.geometry import Box
    from editor.picture import Picture
    from editor.raster import Mask

    if options.output.suffix.lower() != ".png":
        raise ValueError(f"The result is written as PNG: -o must end in .png, not {options.output.name!r}.")
    names = ("negative_prompt", "steps", "sampler", "guidance", "clip_guidance", "strength")
    given = {name: value for name in names if (value := getattr(options, name, None)) is not None}
    seed = secrets.randbelow(2**32) if options.seed is None else options.seed
    wish = Edit(
        Mask(Box(0, 0, mask.shape[1], mask.shape[0]), mask),
        prompt=options.prompt,
        seed=seed,
        pipeline=options.pipeline,
        **given,
    )
    if hint := load(options.pipeline).hint(options.prompt):
        print(hint, file=sys.stderr)
    steps = apply(wish, Picture.from_pixels(pixels), load)
    with tqdm(unit="step", desc="Painting", leave=False, delay=0.1) as bar:
        while True:
            try:
                step = next(steps)
            except StopIteration as done:
                applied = done.value
                break
            bar.total = step.total
            bar.update(step.index - bar.n)
    part = options.output.with_name(options.output.name + ".part")
    part.write_bytes(encode_png(applied.picture.pixels()))
    part.replace(options.output)  # never half a picture under the final name
    print(f"{options.output} (seed {seed})")


def recipe(options: argparse.Namespace) -> None:
    from editor.session import Session
    from editor.store import Store

    store = Store(options.data)
    try:
        written = Session(store).recipe(options.document, _made_with())
    finally:
        store.close()
    options.output.write_text(written.to_json())
    print(f"{options.output}: {len(written.steps)} steps")


def run(options: argparse.Namespace) -> None:
    from tqdm import tqdm

    from editor.batch import results_of, run_on
    from editor.formats.recipe import Recipe

    followed, load = Recipe.from_json(options.recipe.read_text()), _loader(options)
    folders = [sorted(each.iterdir()) if each.is_dir() else [each] for each in options.pictures]
    results = results_of([file for files in folders for file in files if file.is_file()], options.output)
    options.output.mkdir(parents=True, exist_ok=True)
    failed = 0
    with tqdm(results.items(), unit=" pictures") as bar:
        for picture, result in bar:
            try:
                following = run_on(followed, picture, result, load)
                while True:
                    try:
                        step, progress = next(following)
                    except StopIteration as done:
                        bar.write(f"{result}" if done.value else f"{result} is there already", file=sys.stdout)
                        break
                    bar.set_postfix_str(f"step {step + 1} of {len(followed.steps)}, {progress.index}/{progress.total}")
            except (ValueError, OSError) as error:
                bar.write(f"{picture}: {error}", file=sys.stderr)
                failed += 1
    if failed:
        raise ValueError(f"{failed} of {len(results)} pictures could not be made; the others are in {options.output}")


def verify(options: argparse.Namespace) -> None:
    from tqdm import tqdm

    from editor.following import difference, follow
    from editor.formats.images import read_image
    from editor.formats.recipe import Recipe
    from editor.picture import Picture

    followed, load = Recipe.from_json(options.recipe.read_text()), _loader(options)
    before = Picture.from_pixels(read_image(options.picture.read_bytes()).pixels)
    result = read_image(options.result.read_bytes()).pixels
    following = follow(followed, before, load)
    with tqdm(total=len(followed.steps), unit=" steps", leave=False) as bar:
        while True:
            try:
                stage = next(following)
            except StopIteration as done:
                after = done.value
                break
            bar.update(stage.step - bar.n)
    if told := difference(followed, before, after, result, _made_with()):
        raise ValueError(told)
    print(f"identical: {len(followed.steps)} steps")


def _made_with() -> str:
    """What decides the pixels of an edit here, beside the edit."""
    import torch

    from pipelines import WEIGHTS

    device = torch.cuda.get_device_name() if torch.cuda.is_available() else torch.backends.cpu.get_cpu_capability()
    weights = blake2b(digest_size=4)
    for file in sorted((WEIGHTS / "glide-mini").glob("*.safetensors")):
        weights.update(file.read_bytes())
    return f"torch {torch.__version__} on {device}, embedded weights {weights.hexdigest()}"


def convert(options: argparse.Namespace) -> None:
    from pipelines.glide import download, released

    if options.download:
        download.download(options.folder)
    for line in released.convert(options.folder):
        print(line, flush=True)


def main() -> int:
    options = arguments()
    try:
        verbs = {"edit": edit, "draw": draw, "recipe": recipe, "run": run, "verify": verify, "convert": convert}
        verbs.get(options.command, serve)(options)
    except (ValueError, LookupError, OSError) as error:
        if os.environ.get("PALIMPSEST_TRACEBACK"):
            raise
        print(f"palimpsest: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
