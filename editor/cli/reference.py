"""Generates docs/cli.md from the parser: python -m editor.cli.reference > docs/cli.md"""

import argparse
from collections.abc import Iterator
from pathlib import Path

from editor.cli.parser import parser_of
from pipelines import NAMES


def reference() -> str:
    """Returns the content of docs/cli.md."""
    parser = parser_of("python app.py", NAMES, Path("palimpsest-data"))
    return "\n".join(["# The command line", "", *_lines(parser)]) + "\n"


def _lines(parser: argparse.ArgumentParser) -> Iterator[str]:
    """Yields the lines about a parser and each of its commands."""
    yield (parser.description or "").strip()
    commands: dict[str, argparse.ArgumentParser] = {}
    helps: dict[str, str] = {}
    rows = []
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            commands = dict(action.choices)
            helps = {each.dest: each.help or "" for each in action._choices_actions}
        elif not isinstance(action, argparse._HelpAction):
            rows.append((_name(action), _cell(parser, action)))
    if rows:
        yield from ("", "| option | means |", "|---|---|")
        yield from (f"| `{name}` | {text} |" for name, text in rows)
    for name, command in commands.items():
        if name in helps:  # `work` has no help, since only the server uses it
            yield from ("", f"## {name}", "")
            command.description = command.description or f"{helps[name][0].upper()}{helps[name][1:]}."
            yield from _lines(command)


def _name(action: argparse.Action) -> str:
    shown = action.metavar if isinstance(action.metavar, str) else action.dest.upper()
    if action.choices is not None:
        shown = " or ".join(map(str, action.choices))
    if not action.option_strings:
        return shown
    return ", ".join(action.option_strings) + ("" if action.nargs == 0 else f" {shown}")


def _cell(parser: argparse.ArgumentParser, action: argparse.Action) -> str:
    text = (action.help or "") % {**vars(action), "prog": parser.prog}
    return " ".join(text.split()).replace("|", "\\|")


if __name__ == "__main__":
    print(reference(), end="")
