"""The options of the command `study`."""

import argparse
from typing import TYPE_CHECKING

from editor.cli.address_options import add_addresses
from editor.cli.path_options import a_path

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]

QUESTIONS = 24  # pairs that one person compares for each question, in about five minutes for both


def add_study(commands: "Commands") -> None:
    """Adds the command to those that there are."""
    study = commands.add_parser(
        "study",
        help="have people compare the pictures of two folders without knowing which is which; show the results",
        description="`study A B` serves a page on which people compare the pictures of the folders A and B, PNG files"
        " each with its prompt in a .txt file of the same name: blind, in pairs, for realism and for the match with the"
        " prompt. Send them the link that it prints. Started again, it goes on. `study results [NAME]` prints what they"
        " decided, `study close [NAME]` ends a study, and `study` alone lists all. See docs/study.md.",
    )
    study.set_defaults(run="study.study")
    study.add_argument(
        "words", nargs="*", metavar="A B",
        help="two folders, or models with --prompts; or `results` or `close`, and the name of a study (default: the"
        " newest, or the open one). A folder of that name is ./results",
    )  # fmt: skip
    study.add_argument(
        "--prompts", type=a_path, metavar="FILE",
        help="a text file with a prompt a line, which the models named as A or B draw first; a folder has its own."
        " For other steps, guidance or LoRAs use `draw --prompts` once each, and compare the folders",
    )  # fmt: skip
    study.add_argument("--name", help="name of a new study, which people do not see (default: the folders' names)")
    study.add_argument(
        "--questions", type=int, default=QUESTIONS, metavar="N",
        help="pairs that each person compares for each of the two questions (default: %(default)s)",
    )  # fmt: skip
    study.add_argument(
        "-o", "--output", type=a_path, metavar="FILE.csv",
        help="with `results`, of a closed study: write every answer to a file, with what was on which side",
    )  # fmt: skip
    add_addresses(study, inherited=True)
