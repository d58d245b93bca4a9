"""The options about where a server listens and how it is reached."""

import argparse
from typing import Any

from editor.web.listening import PORT


def add_addresses(parser: argparse.ArgumentParser, inherited: bool = False) -> None:
    """Adds the options to a parser; inherited: they default to the values given before the command."""

    def add(name: str, default: object, **options: Any) -> None:
        parser.add_argument(name, default=argparse.SUPPRESS if inherited else default, **options)

    shown = "" if inherited else " (default: %(default)s)"
    add("--host", "127.0.0.1", help=f"address to listen on; 0.0.0.0 also serves other machines{shown}")
    add("--port", PORT, type=int, help=f"port to listen on{shown}")
    add(
        "--public-host", [], action="append", metavar="NAME[:PORT]",
        help="name that the browser shows for the server, if it is not this machine's, as behind a proxy; may be given"
        " several times",
    )  # fmt: skip
    add("--root-path", "", metavar="/PATH", help="path at which a proxy serves the pages, if there is one")
