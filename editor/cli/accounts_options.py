"""The options about who may use the server, and how much."""

import argparse
import re

from editor.cli.path_options import a_path
from editor.store.quota import Quota

UNITS = {"": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12}


def add_accounts(parser: argparse.ArgumentParser) -> None:
    """Adds the options to a parser."""
    group = parser.add_argument_group("accounts", "who may use the server; see docs/accounts.md")
    group.add_argument(
        "--token", type=a_path, metavar="FILE",
        help="let in only who knows the secret in this file: at a sign-in page, by ?token= in the address, or by the"
        " header Authorization: Bearer",
    )  # fmt: skip
    group.add_argument(
        "--user-header", metavar="NAME",
        help="let in whom a proxy has signed in and names in this header, such as X-Forwarded-User; documents belong to"
        " them then",
    )  # fmt: skip
    group.add_argument(
        "--user-header-secret", type=a_path, metavar="FILE",
        help="the secret that the proxy sends in the header Palimpsest-Proxy-Secret; without it no name is believed",
    )  # fmt: skip
    group.add_argument(
        "--quota", type=quota, default=Quota(), metavar="NAME=N,...",
        help="the most that each user may have: documents, bytes (such as 20GB), jobs that wait, and uploads a minute;"
        " such as documents=200,bytes=20GB,jobs=50,uploads=60",
    )  # fmt: skip
    group.add_argument(
        "--audit", type=a_path, metavar="FILE", help="append a line of JSON for each change, export and sign-in"
    )
    group.add_argument("--audit-prompts", action="store_true", help="with --audit: log prompts too")


def quota(text: str) -> Quota:
    """Reads a quota such as `documents=200,bytes=20GB`.

    Raises:
        argparse.ArgumentTypeError: it is none.
    """
    limits: dict[str, int] = {}
    for part in text.split(","):
        name, _, value = (each.strip() for each in part.partition("="))
        found = re.fullmatch(r"(\d{1,15})([kmgt]?b)?", value.lower())
        if name not in Quota._fields or name in limits or not found or (found[2] and name != "bytes"):
            raise argparse.ArgumentTypeError(
                f"{part!r} is no limit: expected documents=N, bytes=N (such as 20GB), jobs=N and uploads=N, each at"
                " most once, separated by commas"
            )
        limits[name] = int(found[1]) * UNITS[found[2] or ""]
    return Quota(**limits)
