"""The options of the command `export`."""

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING

from editor.cli.path_options import a_path
from editor.cli.signing_options import add_signing
from pipelines.errors import InvalidInput

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]


def add_export(commands: "Commands") -> None:
    """Adds the command to the parser."""
    export = commands.add_parser(
        "export",
        help="write a document to a file",
        description="The ending sets the format: .png, .jpg, .webp, .tiff and .avif contain the picture, with its"
        " recipe in the metadata; .ora has every step as a layer for Krita and GIMP; .palimpsest is the document with"
        " its whole history, for `open`. --sheet writes several steps side by side as one picture, --timelapse all"
        " steps one after another as an animation, .webp or .mp4.",
    )
    export.set_defaults(run="documents.export")
    export.add_argument("document", help="its id: what follows ?doc= in the browser's address")
    export.add_argument("--revision", metavar="ID", help="a step of its history (default: the one that is shown)")
    export.add_argument(
        "--size", type=_share, metavar="SIDE",
        help="longest side in pixels, such as 1600, or a share of the picture's, such as 50%%; nothing is enlarged."
        " Of a picture (default: its own), of each on a --sheet (default: 512), of a --timelapse (default: 1024)",
    )  # fmt: skip
    export.add_argument(
        "--dpi", type=float, help="resolution for print in pixels per inch (default: that of the file that was opened)"
    )
    export.add_argument("--quality", type=int, help="1 to 100, of .jpg, .webp and .avif")
    export.add_argument(
        "--sheet", nargs="*", metavar="ID",
        help="a contact sheet of these steps with their prompts (default: from the opened picture to the shown one)",
    )  # fmt: skip
    export.add_argument(
        "--timelapse", action="store_true", help="an animation of the steps from the opened picture to the shown one"
    )
    export.add_argument("--seconds", type=float, help="how long a --timelapse shows each step, 0.1 to 10 (default: 1)")
    export.add_argument("--no-recipe", action="store_true", help="do not embed the recipe in the file")
    add_signing(export, inherited=True)
    export.add_argument("-o", "--output", type=a_path, required=True, metavar="FILE", help="file to write")


def check_export(options: argparse.Namespace) -> None:
    """Raises InvalidInput when options of `export` do not go together."""
    if options.sheet is not None and options.timelapse:
        raise InvalidInput("--sheet and --timelapse are two files. Write one at a time.")
    kind = "--sheet" if options.sheet is not None else "--timelapse" if options.timelapse else ""
    unfit = {
        "--sheet": {
            "revision": "list its steps after --sheet",
            "dpi": "it is for a picture",
            "seconds": "it stands still",
        },
        "--timelapse": {"dpi": "it is for a picture", "quality": "it has one of its own"},
        "": {"seconds": "it is for --timelapse"},
    }[kind]
    for name, reason in unfit.items():
        if getattr(options, name) is not None:
            raise InvalidInput(f"{kind or 'A picture'} takes no --{name}: {reason}.")


def _share(text: str) -> Callable[[int], int]:
    """Returns a function from a picture's longest side to the wanted one, in pixels."""
    try:
        if not text.endswith("%"):
            side = int(text)
            return lambda longest: side
        share = float(text.removesuffix("%")) / 100
        if not 0 < share <= 1:  # NaN compares false
            raise ValueError
    except ValueError:
        expected = "a number of pixels, such as 1600, or a share up to 100%, such as 50%"
        raise argparse.ArgumentTypeError(f"{text!r} is not {expected}") from None
    return lambda longest: max(1, round(longest * share))
