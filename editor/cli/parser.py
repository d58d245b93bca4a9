"""The options of the command line."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]

DESCRIPTION = """Palimpsest: paint a mask, say what belongs there, and a diffusion model repaints the place.

Without a command it serves the editor to a browser; `edit` makes one edit and exits, `draw` a picture from words alone;
`open`, `history` and `export` take files into the editor's store, tell what is there, and write it out; `recipe` writes
down what was done, `run` does it on other pictures, `verify` says whether it comes out the same; `store` takes care of
the store; `models` lists the models that are installed; `convert` readies OpenAI's GLIDE.
"""
DEFAULT_PIPELINE = "glide-mini"
MODELS_HELP = (
    "TOML file with models of yours and their names (default: models.toml beside the usual data folder, if it is there)"
)


def arguments(pipelines: str, data: Path) -> argparse.Namespace:
    """What was typed. pipelines: which there are, in words. data: the usual folder.

    `run` of it is what carries the command out: a module of this folder and a function, "documents.amend".
    """
    return parser_of(
        "python app.py" if Path(sys.argv[0]).name == "app.py" else "palimpsest", pipelines, data
    ).parse_args()


def parser_of(program: str, pipelines: str, data: Path) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=program,
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog=f"example: {program} edit room.png --mask mask.png --prompt 'a red couch' -o out.png",
    )
    parser.set_defaults(run="server.serve")
    _add_server_options(parser, data)
    _add_model_options(parser, pipelines)
    parser.add_argument(
        "--adapter", type=_adapter, action="append", default=[], metavar="NAME",
        help="let documents use this LoRA, IP-Adapter or ControlNet; may be given several times",
    )  # fmt: skip
    commands = parser.add_subparsers(dest="command", title="commands", metavar="")
    _add_edit_and_draw(commands, pipelines)
    _add_documents(commands)
    _add_store(commands)
    _add_recipes(commands)
    _add_models(commands)
    commands.add_parser("work").set_defaults(run="server.work")  # what the server starts
    return parser


def _add_server_options(parser: argparse.ArgumentParser, data: Path) -> None:
    parser.add_argument(
        "--host",
        default="127.0.0.1",
        help="address to listen on; 0.0.0.0 lets other machines in (default: %(default)s)",
    )
    parser.add_argument("--port", type=int, default=7860, help="port to listen on (default: %(default)s)")
    parser.add_argument(
        "--public-host", action="append", default=[], metavar="NAME[:PORT]",
        help="what the browser calls the server where that is another name than this machine's, as behind a proxy; may"
        " be given several times",
    )  # fmt: skip
    parser.add_argument(
        "--root-path", default="", metavar="/PATH", help="the path that a proxy has the server under, if there is one"
    )
    parser.add_argument(
        "--data", type=_place, default=data, metavar="FOLDER",
        help="where pictures and their history are kept (default: %(default)s); or the address of a PostgreSQL"
        " database, postgresql://user@host/name",
    )  # fmt: skip
    parser.add_argument(
        "--mcp", action="store_true",
        help="serve the verbs to language models too, by the Model Context Protocol; needs the package `mcp`",
    )  # fmt: skip


def _add_model_options(parser: argparse.ArgumentParser, pipelines: str, inherited: bool = False) -> None:
    """inherited: whether what is not given here is as it was given before the command."""

    def add(name: str, default: object, **options: Any) -> None:
        parser.add_argument(name, default=argparse.SUPPRESS if inherited else default, **options)

    painters = f"what paints: {pipelines} (default: {DEFAULT_PIPELINE})"
    add("--pipeline", DEFAULT_PIPELINE, metavar="NAME", help=painters)
    add("--models", None, type=Path, metavar="FILE", help=MODELS_HELP)
    add(
        "--compile", False, action="store_true",
        help="compile the networks: the first run takes minutes, every later one less (for a GPU)",
    )  # fmt: skip
    add(
        "--memory", "auto", metavar="PLAN",
        help="how a model of hf: lies in memory: whole, tiled, offload or sequential, each slower and smaller than the"
        " one before (default: auto, what fits)",
    )  # fmt: skip
    add(
        "--quantise", "", metavar="NUMBERS",
        help="round the weights of a model of hf: to fp8, int8 or int4: smaller, a little worse; needs torchao",
    )  # fmt: skip


def _add_edit_and_draw(commands: "Commands", pipelines: str) -> None:
    edit = commands.add_parser(
        "edit",
        help="make one edit and exit",
        description="Repaint the masked part of a picture. Every other pixel stays the same.",
    )
    edit.set_defaults(run="edit.edit")
    edit.add_argument("picture", type=Path, metavar="PICTURE", help="the picture to edit: PNG, JPEG, WebP, ...")
    edit.add_argument("--mask", type=Path, help="a picture of the same size: white = repaint, black = keep")
    edit.add_argument(
        "--remove", action="store_true",
        help="have what is masked give way to its surroundings: the mask grows past the soft edge of what it covers;"
        " takes no prompt, sketch or strength",
    )  # fmt: skip
    edit.add_argument(
        "--keep-specks", action="store_true",
        help="repaint specks too: spots of the mask of at most 16 pixels, far from the rest of it",
    )  # fmt: skip
    edit.add_argument(
        "--sketch",
        type=Path,
        help="strokes to begin from, a transparent picture of the same size; the strength is 0.7 then",
    )
    edit.add_argument(
        "--expand", type=_margins, metavar="L,T,R,B",
        help="paint so many pixels more at the left, top, right and bottom; negative ones cut off: --expand=-64,0,0,0",
    )  # fmt: skip
    edit.add_argument("--aspect", type=_aspect, metavar="W:H", help="paint as much more as makes it this wide and high")
    edit.add_argument(
        "--strength",
        type=float,
        help="how far to go from what is there: 1 = from nothing (default; 0.7 with a sketch), 0 = nowhere",
    )
    edit.add_argument("--feather", type=int, help="pixels over which the result fades out around the mask (default: 8)")
    edit.add_argument("--edge", type=int, help="pixels by which it reaches over the mask before that (default: 0)")
    edit.add_argument("--opacity", type=float, help="share of the result in the mask (default: 1)")
    draw = commands.add_parser(
        "draw",
        help="draw one picture from words alone and exit",
        description="Draw a picture from a prompt.",
    )
    draw.set_defaults(run="edit.draw")
    draw.add_argument("--size", type=_size, metavar="WxH", help="in pixels (default: the pipeline's own)")
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
        command.add_argument(
            "--adapter", type=_adapter, action="append", default=[], metavar="NAME[=WEIGHT]",
            help="add a LoRA, an IP-Adapter or a ControlNet to a model of hf: a .safetensors file, a folder,"
            " OWNER/MODEL or OWNER/MODEL/FILE on the hub; weight 0 to 2 (default: 1); may be given several times",
        )  # fmt: skip
        command.add_argument("--reference", type=Path, metavar="PICTURE", help="what an IP-Adapter makes it alike")
        _add_model_options(command, pipelines, inherited=True)
        command.add_argument(
            "--variations", type=int, default=1, metavar="N", help="1 to 8 results, of as many seeds: OUT-1.png, ..."
        )
        command.add_argument("--no-recipe", action="store_true", help="leave out of the file how it was made")
        command.add_argument(
            "-o", "--output", type=Path, required=True, metavar="OUT.png",
            help="where the result goes; .png, .jpg, .webp, .tiff or .avif",
        )  # fmt: skip


def _add_documents(commands: "Commands") -> None:
    opening = commands.add_parser(
        "open", help="take files into the store: pictures, or documents with their history (.palimpsest)"
    )
    opening.set_defaults(run="documents.open_files")
    opening.add_argument("files", type=Path, nargs="+", metavar="FILE")
    history = commands.add_parser(
        "history", help="list the store's documents, or a document's states with their prompts and ids"
    )
    history.set_defaults(run="documents.history")
    history.add_argument("document", nargs="?", help="its id: what follows ?doc= in the browser's address")
    export = commands.add_parser(
        "export",
        help="write a document to a file",
        description="The ending says as what: .png, .jpg, .webp, .tiff, .avif hold the picture, and the recipe that led"
        " to it in their metadata; .ora has every step as a layer for Krita and GIMP; .palimpsest is the document with"
        " all its history, for `open`.",
    )
    export.set_defaults(run="documents.export")
    export.add_argument("document", help="its id: what follows ?doc= in the browser's address")
    export.add_argument("--revision", metavar="ID", help="a state of its history (default: what it shows)")
    export.add_argument("--quality", type=int, help="1 to 100, of .jpg, .webp and .avif")
    export.add_argument("--no-recipe", action="store_true", help="leave the way that led there out of the file")
    export.add_argument("-o", "--output", type=Path, required=True, metavar="FILE", help="where it goes")
    for verb, summary in (
        ("undo", "show the state before the one that a document shows"),
        ("redo", "show the state after it"),
        ("checkout", "show any state of a document"),
        ("name", "call a state something; without a name: take it away"),
        ("discard", "take a state and what was made on it out of the history"),
        ("recover", "have back what was discarded with a state"),
    ):
        command = commands.add_parser(verb, help=summary)
        command.set_defaults(run="documents.walk")
        command.add_argument("document", help="its id")
        if verb not in ("undo", "redo"):
            command.add_argument("revision", help="the state's id, as `history` has it")
        if verb == "name":
            command.add_argument("name", nargs="?", default="")
    amend = commands.add_parser(
        "amend",
        help="change a step of a document, and make the later ones again on top",
        description="Only what is given changes. The old branch stays; a step that saw no changed pixel runs no model.",
    )
    amend.set_defaults(run="documents.amend")
    amend.add_argument("document", help="its id")
    amend.add_argument("revision", help="the step's id, as `history` has it")
    amend.add_argument("--prompt", help="what belongs there")
    amend.add_argument("--negative", dest="negative_prompt", metavar="PROMPT", help="what does not belong there")
    amend.add_argument("--seed", type=int)
    amend.add_argument("--steps", type=int)
    amend.add_argument("--strength", type=float)
    amend.add_argument("--guidance", type=float)
    amend.add_argument("--grow", type=int, metavar="PIXELS", help="make the mask so much larger; negative: smaller")
    amend.add_argument("--feather", type=int, help="with --edge and --opacity: laid in otherwise, with no model run")
    amend.add_argument("--edge", type=int)
    amend.add_argument("--opacity", type=float)


def _add_store(commands: "Commands") -> None:
    care = commands.add_parser("store", help="show the size of the store, check, compact or back it up")
    care.set_defaults(run="store.care")
    care.add_argument("--check", action="store_true", help="look at every pixel that is stored")
    care.add_argument("--compact", action="store_true", help="remove for good what was deleted, and what nothing needs")
    care.add_argument("--backup", type=Path, metavar="FILE", help="write a copy, while others work on it")


def _add_recipes(commands: "Commands") -> None:
    recipe = commands.add_parser(
        "recipe",
        help="write the way to what a document shows as one file",
        description="Write every edit between the picture that a document was opened with and what it shows now.",
    )
    recipe.set_defaults(run="recipes.write")
    recipe.add_argument("document", help="its id: what follows ?doc= in the browser's address")
    recipe.add_argument("-o", "--output", type=Path, required=True, metavar="RECIPE.json", help="where it goes")
    run = commands.add_parser(
        "run",
        help="follow a recipe on pictures",
        description="Make a recipe's edits on each picture and write the results as PNG. Run again, it goes on.",
    )
    run.set_defaults(run="recipes.follow_on_pictures")
    run.add_argument("recipe", type=Path, metavar="RECIPE", help="as `recipe` writes it, or a picture with one in it")
    run.add_argument("pictures", type=Path, nargs="+", metavar="PICTURE", help="files, or folders of them")
    run.add_argument("-o", "--output", type=Path, required=True, metavar="FOLDER", help="where the results go")
    run.add_argument(
        "--place", choices=("scaled", "same"), default="scaled",
        help="on a picture of another size than the recipe was made on: masks, sketches, margins and soft edges are"
        " scaled with it (default), or stay the same pixels",
    )  # fmt: skip
    verify = commands.add_parser(
        "verify",
        help="see whether a recipe makes a result of a picture, to the byte",
        description="Follow a recipe and compare: identical, or the first step that differs and why.",
    )
    verify.set_defaults(run="recipes.verify")
    verify.add_argument(
        "recipe", type=Path, metavar="RECIPE", help="as `recipe` writes it, or a picture with one in it"
    )
    verify.add_argument("picture", type=Path, metavar="PICTURE", help="what it was made on")
    verify.add_argument("result", type=Path, metavar="RESULT", help="what it made")
    for command in (run, verify):
        command.add_argument(
            "--pipeline", default=argparse.SUPPRESS, metavar="NAME",
            help="where a model of the recipe lies on this machine: hf:FOLDER, glide:FOLDER or lama:FILE; several go"
            " into --models",
        )  # fmt: skip
        command.add_argument("--models", type=Path, default=argparse.SUPPRESS, metavar="FILE", help=MODELS_HELP)
        command.add_argument(
            "--adapter", type=_adapter, action="append", default=[], metavar="FILE",
            help="where an adapter of the recipe lies on this machine; may be given several times",
        )  # fmt: skip


def _add_models(commands: "Commands") -> None:
    models = commands.add_parser(
        "models",
        help="list the models that are installed",
        description="List the models on this machine: what to type after --pipeline, where each lies, what it needs and"
        " is good for. Those are the embedded ones, those in the Hugging Face cache, and yours in --models.",
    )
    models.set_defaults(run="models.installed")
    models.add_argument("--models", type=Path, default=argparse.SUPPRESS, metavar="FILE", help=MODELS_HELP)
    models.add_argument("--json", action="store_true", help="as JSON, for programs")
    convert = commands.add_parser(
        "convert",
        help="ready OpenAI's released GLIDE for --pipeline glide:FOLDER, once",
        description="Write each of OpenAI's released GLIDE checkpoints in FOLDER (base_inpaint.pt, upsample_inpaint.pt,"
        " ...) as .safetensors beside it, checked, with its SHA-256 in digests.json. The .pt may be deleted then.",
    )
    convert.set_defaults(run="models.convert")
    convert.add_argument("folder", type=Path, metavar="FOLDER", help="where the files lie")
    convert.add_argument(
        "--download",
        action="store_true",
        help="first fetch what FOLDER lacks from OpenAI's servers, 7 GB in all; goes on where it was interrupted",
    )


def _place(text: str) -> Path | str:
    return text if "://" in text else Path(text)


def _numbers(text: str, between: str, count: int, what: str) -> list[int]:
    try:
        numbers = [int(part) for part in text.split(between)]
        if len(numbers) != count:
            raise ValueError
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not {what}") from None
    return numbers


def _margins(text: str) -> list[int]:
    return _numbers(text, ",", 4, "four whole numbers, left, top, right and bottom, as 0,0,128,0")


def _size(text: str) -> list[int]:
    return _numbers(text.lower(), "x", 2, "a width and a height, as 512x256")


def _adapter(text: str) -> tuple[str, float]:
    """A name and its weight; the last = is between them, if what follows is a number."""
    name, _, weight = text.rpartition("=")
    try:
        return name, float(weight)
    except ValueError:
        return text, 1.0


def _aspect(text: str) -> float:
    wide, high = _numbers(text, ":", 2, "a width and a height, as 16:9")
    if wide < 1 or high < 1:
        raise argparse.ArgumentTypeError("an aspect ratio is of numbers above 0, as 16:9")
    return wide / high
