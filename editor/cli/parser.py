"""The options of the command line."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from editor.cli.accounts_options import add_accounts
from editor.cli.address_options import add_addresses
from editor.cli.export_options import add_export
from editor.cli.models_options import MODELS_HELP, add_models
from editor.cli.operation_options import add_operation
from editor.cli.path_options import a_path
from editor.cli.signing_options import add_credentials, add_signing, add_trust
from editor.cli.study_options import add_study
from editor.cli.work_options import add_work
from pipelines.base import Adapter

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]

DESCRIPTION = """Palimpsest: paint a mask, describe what to add, and a diffusion model repaints the region.

Without a command it serves the editor to a browser. `edit` makes one edit and exits, `draw` a picture from a prompt;
`open`, `history` and `export` open files in the editor's store, list its documents, and write them to files; `recipe`
writes a document's edits to a file, `run` applies them to other pictures, `verify` checks that they give the same
result; `credentials` shows what signed pictures say of their origin; `store` checks and compacts the store; `models`
lists, downloads, adds and removes models; `convert` converts OpenAI's GLIDE; `study` has people compare the pictures
of two folders.
"""
DEFAULT_PIPELINE = "glide-mini"
ADJUST_HELP = (
    "change colours under the mask, or everywhere without one, by no model: exposure (stops, -3 to 3), contrast,"
    " saturation, temperature (-1 to 1), sharpness (0 to 1), blur (pixels, 0 to 64) and curve, such as"
    " exposure=0.5,contrast=0.2,curve=0:0/0.5:0.6/1:1"
)


def arguments(pipelines: str, data: Path) -> argparse.Namespace:
    """Parses the command line.

    Args:
        pipelines: the names of the pipelines, for the help.
        data: the default data folder.

    Returns:
        The options. Their `run` names the function of the command, a module of this folder and a function, such as
        "documents.amend".
    """
    return parser_of(
        "python app.py" if Path(sys.argv[0]).name == "app.py" else "palimpsest", pipelines, data
    ).parse_args()


def parser_of(program: str, pipelines: str, data: Path) -> argparse.ArgumentParser:
    """Builds the parser; `program` is its name in the help, the rest is as in `arguments`."""
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
        "--adapter", type=Adapter.from_text, action="append", default=[], metavar="NAME",
        help="let documents use this LoRA, IP-Adapter or ControlNet; may be given several times",
    )  # fmt: skip
    commands = parser.add_subparsers(dest="command", title="commands", metavar="")
    _add_edit_and_draw(commands, pipelines)
    _add_documents(commands)
    _add_store(commands)
    _add_recipes(commands)
    add_models(commands)
    add_study(commands)
    add_credentials(commands)
    add_work(commands)
    for command in commands.choices.values():  # it may stand before the command or behind it
        _add_data(command, argparse.SUPPRESS)
    return parser


def _add_server_options(parser: argparse.ArgumentParser, data: Path) -> None:
    add_addresses(parser)
    add_signing(parser)
    add_operation(parser)
    add_accounts(parser)
    _add_data(parser, data)
    parser.add_argument(
        "--mcp", action="store_true",
        help="also serve the editor's tools to language models by the Model Context Protocol; needs the package `mcp`",
    )  # fmt: skip

    parser.add_argument(
        "--no-work", action="store_true",
        help="leave the jobs to `palimpsest work`, here or on other machines; the models here only paint live",
    )  # fmt: skip


def _add_data(parser: argparse.ArgumentParser, default: Path | str) -> None:
    shown = "" if default == argparse.SUPPRESS else " (default: %(default)s)"
    parser.add_argument(
        "--data", type=_path_or_url, default=default, metavar="FOLDER",
        help=f"folder for pictures and their history{shown}; or the URL of a PostgreSQL database,"
        " postgresql://user@host/name",
    )  # fmt: skip


def _add_model_options(parser: argparse.ArgumentParser, pipelines: str, inherited: bool = False) -> None:
    """Adds the options about models; inherited: they default to the values given before the command."""

    def add(name: str, default: object, **options: Any) -> None:
        parser.add_argument(name, default=argparse.SUPPRESS if inherited else default, **options)

    add(
        "--pipeline", None, metavar="NAME",
        help=f"model to use: {pipelines} (default: {DEFAULT_PIPELINE}; with --remove it is chosen by the picture)",
    )  # fmt: skip
    add("--models", None, type=a_path, metavar="FILE", help=MODELS_HELP)
    add(
        "--compile", False, action="store_true",
        help="compile the networks: the first run takes minutes, later ones are faster (for a GPU)",
    )  # fmt: skip
    add(
        "--memory", "auto", metavar="PLAN",
        help="how to keep an hf: model in memory: whole, tiled, offload or sequential, each slower and smaller than the"
        " one before (default: auto, what fits)",
    )  # fmt: skip
    add(
        "--quantise", "", metavar="NUMBERS",
        help="round the weights of an hf: model to fp8, int8 or int4: smaller, slightly worse; needs torchao",
    )  # fmt: skip


def _add_edit_and_draw(commands: "Commands", pipelines: str) -> None:
    edit = commands.add_parser(
        "edit",
        help="make one edit and exit",
        description="Repaint the masked part of a picture. Every other pixel stays the same.",
    )
    edit.set_defaults(run="edit.edit")
    edit.add_argument("picture", type=a_path, metavar="PICTURE", help="the picture to edit: PNG, JPEG, WebP, ...")
    edit.add_argument("--mask", type=a_path, help="a picture of the same size: white = repaint, black = keep")
    edit.add_argument(
        "--mask-by",
        choices=("brightness", "transparency"),
        default="",
        help="read the mask by this (default: by its transparency where it has strokes on transparency)",
    )
    edit.add_argument(
        "--remove", action="store_true",
        help="remove what is masked and fill it from its surroundings; the mask grows past the soft edge of the object;"
        " takes no prompt, sketch or strength",
    )  # fmt: skip
    edit.add_argument("--adjust", metavar="NAME=VALUE,...", help=ADJUST_HELP)
    edit.add_argument(
        "--grow", type=int, metavar="PIXELS",
        help="with --remove: grow the mask by so many pixels (default: as far as the object's edge needs)",
    )  # fmt: skip
    edit.add_argument(
        "--keep-specks", action="store_true",
        help="repaint specks too: spots of the mask of at most 16 pixels, far from the rest of it",
    )  # fmt: skip
    edit.add_argument(
        "--sketch",
        type=a_path,
        help="strokes to start from, a transparent picture of the same size; the default strength is then 0.7",
    )
    edit.add_argument(
        "--expand", type=_margins, metavar="L,T,R,B",
        help="pixels to add and fill at the left, top, right and bottom; negative numbers crop: --expand=-64,0,0,0",
    )  # fmt: skip
    edit.add_argument("--aspect", type=_aspect, metavar="W:H", help="expand the picture to this aspect ratio")
    edit.add_argument(
        "--strength",
        type=float,
        help="0 to 1: 1 ignores what is there (default; 0.7 with a sketch), lower values stay closer to it",
    )
    edit.add_argument("--feather", type=int, help="pixels over which the result fades out around the mask (default: 8)")
    edit.add_argument("--edge", type=int, help="pixels by which it extends beyond the mask before (default: 0)")
    edit.add_argument("--opacity", type=float, help="opacity of the result, 0 to 1 (default: 1)")
    draw = commands.add_parser(
        "draw",
        help="generate a picture from a prompt, or one from each line of a file, and exit",
        description="Generate a picture from a prompt; with --prompts, one from each line of a file, into a folder.",
    )
    draw.set_defaults(run="draw.draw")
    draw.add_argument("--size", type=_size, metavar="WxH", help="in pixels (default: the pipeline's own)")
    draw.add_argument(
        "--prompts", type=a_path, metavar="FILE",
        help="a text file with a prompt a line: OUT is a folder then, and gets 0001.png with its prompt in 0001.txt,"
        " and so on; seeds count from --seed (default: 0); started again, it draws what is missing",
    )  # fmt: skip
    for command in (edit, draw):
        add_signing(command, inherited=True)
        command.add_argument("--prompt", default="", help="what to add; empty fills from the surroundings")
        command.add_argument(
            "--exact-words", action="store_true",
            help="give the embedded model the prompt as it is, and not in words that it was taught",
        )  # fmt: skip
        command.add_argument("--negative", dest="negative_prompt", metavar="PROMPT", help="what to avoid")
        command.add_argument("--seed", type=int, help="same seed, same pixels (default: a random one, printed)")
        command.add_argument("--steps", type=int, help="denoising steps; more is finer and slower")
        command.add_argument("--sampler", metavar="NAME", help="dpmpp_2m (default), dpmpp_sde, heun, ddim or ddpm")
        command.add_argument(
            "--guidance", type=float, help="how closely to follow the prompt; 1 = no guidance, 2 is usual"
        )
        command.add_argument(
            "--clip-guidance", type=float, help="weight of CLIP guidance, for models with CLIP; 3 is usual"
        )
        command.add_argument(
            "--adapter", type=Adapter.from_text, action="append", default=[], metavar="NAME[=WEIGHT]",
            help="add a LoRA, an IP-Adapter or a ControlNet to an hf: model: a .safetensors file, a folder,"
            " OWNER/MODEL or OWNER/MODEL/FILE on the hub; weight 0 to 2 (default: 1); may be given several times",
        )  # fmt: skip
        command.add_argument("--reference", type=a_path, metavar="PICTURE", help="picture for an IP-Adapter to imitate")
        _add_model_options(command, pipelines, inherited=True)
        command.add_argument(
            "--variations",
            type=int,
            default=1,
            metavar="N",
            help="1 to 8 results, each with its own seed: OUT-1.png, ..., the best match with the prompt first",
        )
        command.add_argument(
            "--best-of", type=int, metavar="N",
            help="try N seeds, 1 to 8, and write the best match with the prompt alone",
        )  # fmt: skip
        command.add_argument("--no-recipe", action="store_true", help="do not embed the recipe in the file")
        command.add_argument(
            "-o", "--output", type=a_path, required=True, metavar="OUT.png",
            help="file for the result; .png, .jpg, .webp, .tiff or .avif",
        )  # fmt: skip


def _add_documents(commands: "Commands") -> None:
    opening = commands.add_parser(
        "open", help="open files in the store: pictures, or documents with their history (.palimpsest)"
    )
    opening.set_defaults(run="documents.open_files")
    opening.add_argument("files", type=a_path, nargs="+", metavar="FILE")
    add_trust(opening)
    history = commands.add_parser(
        "history", help="list the store's documents, or a document's steps with their prompts and ids"
    )
    history.set_defaults(run="documents.history")
    history.add_argument("document", nargs="?", help="its id: what follows ?doc= in the browser's address")
    add_export(commands)
    for name, summary in (
        ("undo", "go back to the previous step of a document"),
        ("redo", "go forward to the next step of a document"),
        ("checkout", "go to any step of a document"),
        ("name", "name a step; without a name, remove its name"),
        ("discard", "delete a step and all after it from the history"),
        ("recover", "restore a deleted step and those deleted with it"),
    ):
        command = commands.add_parser(name, help=summary)
        command.set_defaults(run="documents.walk")
        command.add_argument("document", help="its id")
        if name not in ("undo", "redo"):
            command.add_argument("revision", help="the step's id, as `history` lists it")
        if name == "name":
            command.add_argument("name", nargs="?", default="")
    amend = commands.add_parser(
        "amend",
        help="change a step of a document and replay the later ones",
        description="Only the given settings change. The old branch stays; a step whose input did not change runs no"
        " model.",
    )
    amend.set_defaults(run="documents.amend")
    amend.add_argument("document", help="its id")
    amend.add_argument("revision", help="the step's id, as `history` lists it")
    amend.add_argument("--prompt", help="what to add")
    amend.add_argument("--negative", dest="negative_prompt", metavar="PROMPT", help="what to avoid")
    amend.add_argument("--seed", type=int)
    amend.add_argument("--steps", type=int)
    amend.add_argument("--strength", type=float)
    amend.add_argument("--guidance", type=float)
    amend.add_argument(
        "--grow", type=int, metavar="PIXELS", help="grow the mask by so many pixels; negative: shrink it"
    )
    amend.add_argument("--feather", type=int, help="this, --edge and --opacity only change the blend; no model runs")
    amend.add_argument("--edge", type=int)
    amend.add_argument("--opacity", type=float)
    amend.add_argument("--adjust", metavar="NAME=VALUE,...", help="of an adjusted step: its new values, see `edit`")

    layers = commands.add_parser(
        "layers",
        help="list the steps to what a document shows as layers; hide, show, fade or move one",
        description="Every step from the opened picture to the one on show is a layer, listed with the topmost first. A"
        " change makes a new branch; a step whose input did not change runs no model. Layers that overlap cannot change"
        " places.",
    )
    layers.set_defaults(run="layers.arrange")
    layers.add_argument("document", help="its id")
    layers.add_argument("revision", nargs="?", help="the id of the layer to change")
    eye = layers.add_mutually_exclusive_group()
    eye.add_argument("--hide", action="store_true", help="hide it")
    eye.add_argument("--show", action="store_true", help="show it again")
    layers.add_argument("--opacity", type=float, help="0 to 1")
    layers.add_argument("--place", type=int, metavar="N", help="make it the Nth from below")


def _add_store(commands: "Commands") -> None:
    store = commands.add_parser("store", help="show the size of the store, check, compact or back it up")
    store.set_defaults(run="store.care")
    store.add_argument("--check", action="store_true", help="check all stored pixels")
    store.add_argument("--compact", action="store_true", help="remove deleted and unused data for good")
    store.add_argument(
        "--backup", type=a_path, metavar="FILE", help="write a copy of the store, even while it is in use"
    )


def _add_recipes(commands: "Commands") -> None:
    recipe = commands.add_parser(
        "recipe",
        help="write the recipe of a document to a file",
        description="Write all edits between the opened picture of a document and the one that it shows now.",
    )
    recipe.set_defaults(run="recipes.write")
    recipe.add_argument("document", help="its id: what follows ?doc= in the browser's address")
    recipe.add_argument("-o", "--output", type=a_path, required=True, metavar="RECIPE.json", help="file to write")
    run = commands.add_parser(
        "run",
        help="run a recipe on pictures",
        description="Apply a recipe's edits to each picture and write the results as PNG. An interrupted run continues"
        " when you start it again.",
    )
    run.set_defaults(run="recipes.follow_on_pictures")
    run.add_argument("recipe", type=a_path, metavar="RECIPE", help="file of `recipe`, or a picture with a recipe in it")
    run.add_argument("pictures", type=a_path, nargs="+", metavar="PICTURE", help="files, or folders of them")
    run.add_argument("-o", "--output", type=a_path, required=True, metavar="FOLDER", help="folder for the results")
    run.add_argument(
        "--place", choices=("scaled", "same"), default="scaled",
        help="for pictures of another size than the recipe's: scale masks, sketches, margins and soft edges with the"
        " picture (default), or keep their pixel coordinates",
    )  # fmt: skip
    verify = commands.add_parser(
        "verify",
        help="check that a recipe makes a result from a picture, to the byte",
        description="Run a recipe and compare: identical, or the first step that differs and why.",
    )
    verify.set_defaults(run="recipes.verify")
    verify.add_argument(
        "recipe", type=a_path, metavar="RECIPE", help="file of `recipe`, or a picture with a recipe in it"
    )
    verify.add_argument("picture", type=a_path, metavar="PICTURE", help="picture that the recipe was made on")
    verify.add_argument("result", type=a_path, metavar="RESULT", help="its result")
    add_signing(run, inherited=True)
    add_trust(verify)
    for command in (run, verify):
        command.add_argument(
            "--pipeline", default=argparse.SUPPRESS, metavar="NAME",
            help="a model of the recipe on this machine: hf:FOLDER, glide:FOLDER or lama:FILE; list more in --models",
        )  # fmt: skip
        command.add_argument("--models", type=a_path, default=argparse.SUPPRESS, metavar="FILE", help=MODELS_HELP)
        command.add_argument(
            "--adapter", type=Adapter.from_text, action="append", default=[], metavar="FILE",
            help="an adapter of the recipe on this machine; may be given several times",
        )  # fmt: skip


def _path_or_url(text: str) -> Path | str:
    return text if "://" in text else a_path(text)


def _numbers(text: str, separator: str, count: int, expected: str) -> list[int]:
    try:
        numbers = [int(part) for part in text.split(separator)]
        if len(numbers) != count:
            raise ValueError
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not {expected}") from None
    return numbers


def _margins(text: str) -> list[int]:
    return _numbers(text, ",", 4, "four whole numbers, left, top, right and bottom, such as 0,0,128,0")


def _size(text: str) -> list[int]:
    return _numbers(text.lower(), "x", 2, "a width and a height, such as 512x256")


def _aspect(text: str) -> float:
    wide, high = _numbers(text, ":", 2, "a width and a height, such as 16:9")
    if wide < 1 or high < 1:
        raise argparse.ArgumentTypeError("an aspect ratio needs numbers above 0, such as 16:9")
    return wide / high
