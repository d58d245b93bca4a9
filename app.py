"""Palimpsest: what the words of the command line do, and where the parts are put together."""

import argparse
import logging
import os
import secrets
import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cache
from hashlib import blake2b
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # nothing heavy before the options are read
    from editor.formats.images import Opened
    from editor.imaging.picture import Picture
    from editor.imaging.raster import Patch, Pixels
    from editor.recipes.recipe import Recipe
    from editor.session import Session
    from editor.store.store import Node
    from pipelines.base import Pipeline

HERE = Path(__file__).parent
SAMPLES = HERE / "assets" / "samples"
DEFAULT_PIPELINE = "glide-mini"


def serve(options: argparse.Namespace) -> None:
    from editor.web.listening import check
    from pipelines.models import missing, offered

    check(options.host, options.port)

    models = offered(options.pipeline, _models_file(options))
    if trouble := missing(options.pipeline):
        raise ValueError(trouble)
    if options.mcp and find_spec("mcp") is None:
        raise ValueError("--mcp needs one package more: pip install mcp==1.30.0")
    from editor.models_process import ModelsProcess
    from editor.session import Session
    from editor.store.store import Store
    from editor.web.page import start

    if options.compile:
        print("The first run of each network compiles it, which takes minutes.", file=sys.stderr)
    store = Store(options.data)
    process = ModelsProcess(store, [sys.executable, str(HERE / "app.py"), *sys.argv[1:], "work"])
    process.start()
    try:
        with suppress(ValueError):  # the first Generate should not wait for the model to be loaded
            process.info(options.pipeline)
        with TemporaryDirectory(prefix="palimpsest-", ignore_cleanup_errors=True) as pictures:
            os.environ["GRADIO_TEMP_DIR"] = pictures  # where Gradio keeps those in the API's answers
            page = start(
                Session(store), process, list(models), options.pipeline, SAMPLES, options.host, options.port,
                options.mcp, models, options.public_host, options.root_path,
            )  # fmt: skip
            print(f"Palimpsest is at {page.local_url}  (Ctrl+C ends it)", flush=True)
            signal.signal(signal.SIGTERM, lambda *_: sys.exit())
            page.block_thread()
    finally:
        process.stop()
        store.close()


def work(options: argparse.Namespace) -> None:
    """What `serve` starts: the process in which models run."""
    from editor.models_process import run_models
    from editor.store.store import Store

    store = Store(options.data)
    try:
        run_models(store, _loader(options), _made_with)
    finally:
        store.close()


def _loader(options: argparse.Namespace) -> Callable[[str], "Pipeline"]:
    """How pipelines are loaded, by their names. Those alone that the user offers, whatever a document or a recipe says:
    a name may be a file that somebody else put there.
    """
    from pipelines import PIPELINES, load
    from pipelines.base import Setup
    from pipelines.models import offered

    adapters = frozenset(name for name, _ in options.adapter)
    setup = Setup(options.compile, options.memory, options.quantise, adapters)

    def offered_one(name: str) -> "Pipeline":
        own = (options.pipeline, *PIPELINES)
        if name not in own and name not in offered(options.pipeline, _models_file(options)):
            raise ValueError(
                f"The model {name} is none of those offered here. To use it, name it with --pipeline, or list it in "
                "models.toml."
            )
        # a model is downloaded for who typed its name, never because a recipe or a document has it
        return load(name, setup, fetch=name == options.pipeline)

    return offered_one


def _models_file(options: argparse.Namespace) -> Path | None:
    """The TOML with the user's own models; None where there is none."""
    usual = HERE / "models.toml"
    return options.models or (usual if usual.exists() else None)


def edit(options: argparse.Namespace) -> None:
    from editor.edits.edit import NOWHERE, Blend
    from editor.formats.images import READINGS, open_mask, read_image
    from editor.imaging.edge_growth import grown_past_edge
    from editor.imaging.geometry import Margins
    from editor.imaging.mask_cleaning import SPECK, cleaned
    from editor.imaging.picture import Picture
    from editor.imaging.raster import Mask, Patch

    opened = read_image(options.picture.read_bytes())
    for note in opened.notes:
        print(note, file=sys.stderr)
    picture = Picture.from_pixels(opened.pixels)
    wish: dict[str, Any] = {"mask": NOWHERE}
    if options.mask is not None:
        alpha, reading = open_mask(options.mask.read_bytes())
        if READINGS[reading]:
            print(READINGS[reading], file=sys.stderr)
        _alike("mask", alpha, opened.pixels)
        wish["mask"], specks = cleaned(Mask(picture.box, alpha), options.keep_specks)
        if specks:
            noun, them = ("speck", "it") if specks == 1 else ("specks", "them")
            print(f"Ignored {specks} {noun} of at most {SPECK} pixels; --keep-specks keeps {them}.", file=sys.stderr)
    if options.remove:
        if options.prompt or options.mask is None:
            raise ValueError("--remove needs a --mask of what is to go, and no --prompt.")
        wish["mask"] = grown_past_edge(picture, wish["mask"])
    if options.sketch is not None:
        strokes = read_image(options.sketch.read_bytes()).pixels
        _alike("sketch", strokes, opened.pixels)
        wish["sketch"] = Patch(picture.box, strokes)
    if options.expand is not None and options.aspect is not None:
        raise ValueError("--expand and --aspect both say how large the picture is to be: give one of them.")
    if options.expand is not None:
        wish["margins"] = Margins(*options.expand)
    if options.aspect is not None:
        wish["margins"] = picture.box.widened_to(options.aspect)
    names = ("feather", "edge", "opacity")
    wish["blend"] = Blend(**{name: value for name in names if (value := getattr(options, name)) is not None})
    _paint(options, picture, wish, _loader(options), opened)


def _alike(what: str, one: "Pixels", picture: "Pixels") -> None:
    if one.shape[:2] != picture.shape[:2]:
        sizes = [f"{width}x{height}" for height, width in (one.shape[:2], picture.shape[:2])]
        raise ValueError(f"The {what} is {sizes[0]} pixels, the picture {sizes[1]}: make them the same size.")


def draw(options: argparse.Namespace) -> None:
    import numpy as np

    from editor.imaging.limits import MAX_PIXELS
    from editor.imaging.picture import Picture
    from editor.imaging.raster import Mask

    load = _loader(options)
    side = load(options.pipeline).size
    width, height = options.size or (side, side)
    if width * height > MAX_PIXELS:
        raise ValueError(f"A picture has at most {MAX_PIXELS:,} pixels, not {width:,} x {height:,}.")
    picture = Picture.blank(width, height)
    everywhere = Mask(picture.box, np.full(picture.box.shape, 255, np.uint8))
    _paint(options, picture, {"mask": everywhere}, load)


def _paint(
    options: argparse.Namespace,
    picture: "Picture",
    wish: dict[str, object],
    load: Callable[[str], "Pipeline"],
    opened: "Opened | None" = None,
) -> None:
    """Fulfil the wish that it and the options tell of, and write the results, with the opened file's metadata."""
    from tqdm import tqdm

    from editor.edits.apply import apply_all
    from editor.edits.edit import Edit
    from editor.formats.atomic_write import replacing
    from editor.formats.export import encode, format_of
    from editor.imaging.limits import MAX_IMAGES
    from editor.recipes.recipe import Recipe
    from pipelines import HUB

    out, count = options.output, options.variations
    if not out.parent.is_dir():
        raise ValueError(f"There is no folder {out.parent} to write {out.name} into: make it first.")
    format = format_of(out.suffix)
    if not 1 <= count <= MAX_IMAGES:
        raise ValueError(f"There can be 1 to {MAX_IMAGES} variations at a time, not {count}.")
    names = ("negative_prompt", "steps", "sampler", "guidance", "clip_guidance", "strength")
    wish |= {name: value for name in names if (value := getattr(options, name, None)) is not None}
    first = secrets.randbelow(2**32) if options.seed is None else options.seed
    seeds = [first, *((first + n) % 2**32 for n in range(1, count))]
    pipeline = load(options.pipeline)
    if options.adapter:
        from pipelines.hf.adapter_files import adapter_file, canonical_adapter

        wish["adapters"] = [(canonical_adapter(name), weight) for name, weight in options.adapter]
        if options.pipeline.startswith(HUB):  # others say that they take none
            for name, _ in wish["adapters"]:
                adapter_file(name, fetch=True)  # for who typed it, as a model is
    if options.reference is not None:
        wish["reference"] = likeness(options.reference)
    wish = {**pipeline.usual, **wish}  # what its model is best asked for, where nobody said otherwise
    edits = [Edit(**wish, prompt=options.prompt, seed=seed, pipeline=options.pipeline) for seed in seeds]
    if hint := pipeline.hint(options.prompt):
        print(hint, file=sys.stderr)
    steps = apply_all(edits, picture, load)
    with tqdm(unit="step", desc="Painting", leave=False, delay=0.1) as bar:
        while True:
            try:
                (step, *_) = next(steps)
            except StopIteration as done:
                results = done.value
                break
            bar.total = step.total
            bar.update(step.index - bar.n)
    for number, (edit, applied) in enumerate(zip(edits, results, strict=True), 1):
        file = out if count == 1 else out.with_name(f"{out.stem}-{number}{out.suffix}")
        made = Recipe((edit,), picture.digest, (applied.picture.digest,), _made_with(), picture.box)
        recipe = None if options.no_recipe else made.to_json()
        said = {} if opened is None else {"icc": opened.icc, "metadata": opened.metadata}
        data, notes = encode(applied.picture.pixels(), format, recipe=recipe, **said)
        with replacing(file) as part:
            part.write_bytes(data)
        for note in notes:
            print(note, file=sys.stderr)
        print(f"{file} (seed {edit.seed})")


def likeness(file: Path) -> "Patch":
    """A picture to be like, as an edit keeps it: small, and opaque."""
    import numpy as np
    from PIL import Image

    from editor.formats.images import read_image
    from editor.imaging.geometry import Box
    from editor.imaging.limits import MAX_REFERENCE_SIDE
    from editor.imaging.raster import Patch

    image = Image.fromarray(read_image(file.read_bytes()).pixels)
    white = Image.new("RGBA", image.size, "white")
    image = Image.alpha_composite(white, image.convert("RGBA")).convert("RGB")
    image.thumbnail((MAX_REFERENCE_SIDE, MAX_REFERENCE_SIDE), Image.Resampling.LANCZOS)
    return Patch(Box(0, 0, *image.size), np.asarray(image))


@contextmanager
def _session(options: argparse.Namespace) -> Iterator["Session"]:
    from editor.session import Session
    from editor.store.store import Store

    store = Store(options.data)
    try:
        yield Session(store)
    finally:
        store.close()


def open_files(options: argparse.Namespace) -> None:
    from editor.formats.images import read_image
    from editor.store.document_file import SUFFIX

    unread = 0
    with _session(options) as session:
        for file in options.files:
            try:
                if file.suffix.lower() == SUFFIX:
                    document = session.open_document(file)
                else:
                    opened = read_image(file.read_bytes())
                    for note in opened.notes:
                        print(f"{file}: {note}", file=sys.stderr)
                    document = session.open(opened.pixels, file.stem, opened.icc, opened.metadata)
            except (ValueError, OSError) as error:
                print(f"{file}: {error}", file=sys.stderr)
                unread += 1
            else:
                print(f"{document.id}  {document.name}")
    if unread:
        raise ValueError(f"{unread} of {len(options.files)} files could not be opened: see above.")


def _plain(text: str) -> str:
    """On one line, and nothing that tells a terminal what to do."""
    return "".join(letter if letter.isprintable() else " " for letter in text)


def history(options: argparse.Namespace) -> None:
    with _session(options) as session:
        if options.document is None:
            for document in session.documents():
                print(f"{document.id}  {_plain(document.name)}")
            return
        document = session.document(options.document)
        tree = session.tree(document.id)
        below: dict[str | None, list[Node]] = {}
        for node in tree:
            below.setdefault(node.parent, []).append(node)
        waiting = [(node, 0) for node in below.get(None, [])]
        first: dict[str, Mapping[str, Any]] = {}  # edit of each prompt and seed
        while waiting:  # each state is told under the one it was made on
            node, deep = waiting.pop()
            waiting += [(child, deep + 1) for child in reversed(below.get(node.id, []))]
            words = document.name if node.wish is None else _summary(node.wish, first)
            state = "" if node.finished else f"  ({node.error or 'waiting'})"
            shown = "  <- shown" if node.id == document.head else ""
            print(f"{node.id}  {'  ' * deep}{_plain(node.name or words)}{state}{shown}")


def _summary(edit: Mapping[str, Any], first: dict[str, Mapping[str, Any]]) -> str:
    """An edit's prompt and seed, and in what it differs from the first edit with the same."""
    words = f"“{edit['prompt']}” seed {edit['seed']}"
    earlier = first.setdefault(words, edit)
    now, before = ({**one, **one["blend"], "blend": None} for one in (edit, earlier))
    changes = []
    for name in sorted(now.keys() | before.keys()):
        if (value := now.get(name)) != before.get(name):
            shown = isinstance(value, int | float | str)  # no mask
            changes.append(name.replace("_", " ") + (f" {value}" if shown else ""))
    return f"{words} ({', '.join(changes)})" if changes else words


def walk(options: argparse.Namespace) -> None:
    """undo, redo, checkout, name, discard, recover."""
    with _session(options) as session:
        document, revision = session.document(options.document), getattr(options, "revision", "")
        if options.command == "undo" and not session.can_undo(document.id):
            print("There is nothing to undo: the picture that was opened is shown.", file=sys.stderr)
        if options.command == "redo" and not session.can_redo(document.id):
            print("There is nothing to redo: the newest state of its branch is shown.", file=sys.stderr)
        if revision and session.revision(revision).document != document.id:
            raise ValueError(f"The state {revision!r} is another document's.")
        {
            "undo": lambda: session.undo(document.id),
            "redo": lambda: session.redo(document.id),
            "checkout": lambda: session.checkout(document.id, revision),
            "name": lambda: session.rename(revision, options.name),
            "discard": lambda: session.discard(revision),
            "recover": lambda: session.recover(revision),
        }[options.command]()
    history(options)


def amend(options: argparse.Namespace) -> None:
    from dataclasses import replace

    from tqdm import tqdm

    from editor.worker import Worker

    with _session(options) as session:
        edit = session.revision(options.revision).edit
        if edit is None:
            raise ValueError("The picture that was opened is no step: there is nothing in it to change.")

        def given(*names: str) -> dict[str, object]:
            return {name: value for name in names if (value := getattr(options, name)) is not None}

        blend = replace(edit.blend, **given("feather", "edge", "opacity"))
        changes = given("prompt", "negative_prompt", "seed", "steps", "strength", "guidance")
        if options.grow is not None:
            frame = session.store.picture(options.revision).box
            mask = edit.mask
            changes["mask"] = now = mask.grown(options.grow) if options.grow > 0 else mask.shrunk(-options.grow, frame)
            if now.bounds.empty and not mask.bounds.empty:
                raise ValueError(f"Nothing is left of the mask when it shrinks by {-options.grow} px: choose fewer.")
        changed = replace(edit, blend=blend, **changes)
        logging.getLogger("editor.worker").setLevel(logging.CRITICAL)  # why a step failed is said once, at the end
        promises = session.amend(options.document, options.revision, changed)
        worker = Worker(session.store, _loader(options))
        with tqdm(total=len(promises), unit=" steps", leave=False) as bar:
            for promise in promises:
                while session.revision(promise.id).promised and worker.run_one():
                    pass  # what others wished for before this, too
                if error := session.revision(promise.id).error:
                    raise ValueError(error)
                bar.update()
    history(options)


def export(options: argparse.Namespace) -> None:
    with _session(options) as session:
        made_with = None if options.no_recipe else _made_with()
        notes = session.export(
            options.document, options.output, options.revision, quality=options.quality, made_with=made_with
        )
    for note in notes:
        print(note, file=sys.stderr)
    print(options.output)


def care(options: argparse.Namespace) -> None:
    from tqdm import tqdm

    from editor.store import maintenance

    with _session(options) as session:
        store, complaints = session.store, []
        if options.check:
            with tqdm(unit=" pixels", leave=False, delay=0.1) as bar:
                for checked in maintenance.check(store):
                    bar.total = checked.total
                    bar.update(checked.done - bar.n)
                    complaints += [checked.complaint] if checked.complaint else []
            for complaint in complaints:
                print(complaint)
        if options.compact:
            gone = maintenance.compact(store)
            print(f"Removed {gone.revisions} states and {gone.blobs} pieces of pixels, {gone.bytes / 1e6:.1f} MB.")
            if not gone.shrunk:
                print("The file becomes smaller when nobody else has it open.")
        if options.backup:
            maintenance.backup(store, options.backup)
            print(options.backup)
        size = maintenance.size(store)
        print(f"{size.documents} documents, {size.revisions} states, {size.bytes / 1e6:.1f} MB in {size.blobs} pieces.")
        if complaints:
            raise ValueError(f"{len(complaints)} pieces of pixels are not what was stored; everything else is sound.")
        if options.check:
            print("Everything is what was stored.")


def recipe(options: argparse.Namespace) -> None:
    from editor.formats.atomic_write import replacing

    with _session(options) as session:
        written = session.recipe(options.document, _made_with())
    with replacing(options.output) as part:
        part.write_text(written.to_json())
    print(f"{options.output}: {len(written.steps)} steps")


def _recipe_in(options: argparse.Namespace) -> "Recipe":
    """The recipe that a file is, or that a picture holds; its models by where they lie on this machine."""
    from editor.formats.export import recipe_of, size_of
    from editor.recipes.recipe import Recipe
    from editor.recipes.scaling import made_on
    from pipelines.models import listed as read_models
    from pipelines.models import located

    file, data = options.recipe, options.recipe.read_bytes()
    text = recipe_of(data)
    try:
        recipe = Recipe.from_json(data.decode() if text is None else text)
    except UnicodeDecodeError:
        raise ValueError(f"{file} holds no recipe.") from None
    if text is not None:
        recipe = made_on(recipe, *size_of(data))
    listed = [] if (models := _models_file(options)) is None else [model.pipeline for model in read_models(models)]
    pipelines = [options.pipeline, *listed]
    return recipe.located(
        lambda name: located(name, pipelines, "--pipeline"),
        lambda name: located(name, [name for name, _ in options.adapter], "--adapter"),
    )


def run(options: argparse.Namespace) -> None:
    from tqdm import tqdm

    from editor.recipes.batch import pictures_in, results_of, run_on

    followed, load = _recipe_in(options), _loader(options)
    found = pictures_in(options.pictures, options.output)
    for sentence in found.skipped:
        print(sentence, file=sys.stderr)
    results = results_of(found.pictures, options.output)
    options.output.mkdir(parents=True, exist_ok=True)
    failed = 0
    with tqdm(results.items(), unit=" pictures") as bar:
        for picture, result in bar:
            try:
                following = run_on(followed, picture, result, load, scale=options.place == "scaled")
                while True:
                    try:
                        step, progress = next(following)
                    except StopIteration as done:
                        bar.write(f"{result} is there already" if done.value is None else f"{result}", file=sys.stdout)
                        for note in done.value or ():
                            bar.write(f"{picture}: {note}", file=sys.stderr)
                        break
                    bar.set_postfix_str(f"step {step + 1} of {len(followed.steps)}, {progress.index}/{progress.total}")
            except (ValueError, OSError) as error:
                bar.write(f"{picture}: {error}", file=sys.stderr)
                failed += 1
    if found.skipped:
        print(f"{len(results)} pictures; {len(found.skipped)} other files and folders were left out.", file=sys.stderr)
    if failed:
        raise ValueError(f"{failed} of {len(results)} pictures could not be made; the others are in {options.output}")


def verify(options: argparse.Namespace) -> None:
    from tqdm import tqdm

    from editor.formats.export import format_of
    from editor.formats.images import read_image
    from editor.imaging.picture import Picture
    from editor.recipes.replay import difference, follow, other_picture

    followed, load = _recipe_in(options), _loader(options)
    before = Picture.from_pixels(read_image(options.picture.read_bytes()).pixels)
    result = read_image(options.result.read_bytes()).pixels
    if told := other_picture(followed, before):
        raise ValueError(told)
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
        lossy = format_of(options.result.suffix).quality is not None
        raise ValueError(f"{told} {options.result.suffix} loses some of it: keep a .png to verify." if lossy else told)
    print(f"identical: {len(followed.steps)} steps")


@cache
def _made_with() -> str:
    """What decides the pixels of an edit here, beside the edit."""
    import cv2
    import torch

    from pipelines import WEIGHTS

    device = torch.cuda.get_device_name() if torch.cuda.is_available() else torch.backends.cpu.get_cpu_capability()
    weights = blake2b(digest_size=4)
    for file in sorted((WEIGHTS / "glide-mini").glob("*.safetensors")):
        weights.update(file.read_bytes())
    return f"torch {torch.__version__}, OpenCV {cv2.__version__} on {device}, embedded weights {weights.hexdigest()}"


def models(options: argparse.Namespace) -> None:
    import json
    from dataclasses import asdict

    from pipelines.models import installed, told

    found = installed(_models_file(options))
    print(json.dumps([asdict(model) for model in found], indent=2, default=str) if options.json else told(found))


def convert(options: argparse.Namespace) -> None:
    from pipelines.glide import download, released

    if options.download:
        download.download(options.folder)
    for line in released.convert(options.folder):
        print(line, flush=True)


def main() -> int:
    from editor.cli.parser import arguments
    from pipelines import NAMES
    from pipelines.models import full_name
    from pipelines.openmp import wait_politely

    wait_politely()
    options = arguments(NAMES, DEFAULT_PIPELINE, HERE / "palimpsest-data")
    logging.basicConfig(format="%(message)s")
    logging.getLogger("pipelines").setLevel(logging.INFO)  # how a model lies in memory
    try:
        options.pipeline = full_name(options.pipeline, _models_file(options))
        verbs = {
            "edit": edit, "draw": draw, "open": open_files, "history": history, "export": export, "recipe": recipe,
            "run": run, "verify": verify, "store": care, "convert": convert, "amend": amend, "models": models,
            "work": work,
            **dict.fromkeys(("undo", "redo", "checkout", "name", "discard", "recover"), walk),
        }  # fmt: skip
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
