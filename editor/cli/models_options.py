"""The options of the commands `models` and `convert`."""

import argparse
from typing import TYPE_CHECKING

from editor.cli.path_options import a_path

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]

MODELS_HELP = "TOML file with your own models and their names (default: models.toml beside the default data folder)"
ACTIONS = ("list", "download", "add", "remove")


def add_models(commands: "Commands") -> None:
    """Adds the commands to those that there are."""
    models = commands.add_parser(
        "models",
        help="list the installed models; download, add and remove some",
        description="List the models on this machine: the name for --pipeline, where each is, what it needs and what it"
        " is good for. These are the embedded ones, those in the Hugging Face cache, those added, and your own in"
        " --models. A running server offers what comes and goes at once.",
    )
    models.set_defaults(run="models.manage")
    models.add_argument(
        "action", nargs="?", choices=ACTIONS, default="list",
        help="`list` them (default); `download` one from the Hugging Face hub; `add` a folder or a file; `remove` one:"
        " from the list what was added, from the disk what was downloaded",
    )  # fmt: skip
    models.add_argument(
        "name", nargs="?", default="", metavar="NAME", help="OWNER/MODEL on the hub, a folder, a file, or a full name"
    )
    models.add_argument(
        "--licence", metavar="ID", help="accept this licence of the download, which is asked for otherwise"
    )
    models.add_argument("--models", type=a_path, default=argparse.SUPPRESS, metavar="FILE", help=MODELS_HELP)
    models.add_argument("--json", action="store_true", help="as JSON, for programs")
    convert = commands.add_parser(
        "convert",
        help="convert OpenAI's released GLIDE for --pipeline glide:FOLDER, once",
        description="Check each of OpenAI's released GLIDE checkpoints in FOLDER (base_inpaint.pt, upsample_inpaint.pt,"
        " ...) and write it as .safetensors beside it, with its SHA-256 in digests.json. Then the .pt may be deleted.",
    )
    convert.set_defaults(run="models.convert")
    convert.add_argument("folder", type=a_path, metavar="FOLDER", help="folder of the files")
    convert.add_argument(
        "--download",
        action="store_true",
        help="first download what FOLDER lacks from OpenAI's servers, 7 GB in all; an interrupted download continues",
    )
