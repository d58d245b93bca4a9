"""The paths that options and commands take."""

import argparse
from pathlib import Path


def a_path(text: str) -> Path:
    """Reads a path; an empty one, as of a variable of the shell that is not set, would be the folder one is in."""
    if not text:
        raise argparse.ArgumentTypeError("a name is expected, and this is empty")
    return Path(text)
