"""Palimpsest: reads the command line, and hands each command what it stands on."""

import logging
import os
import sys
from importlib import import_module
from pathlib import Path

HERE = Path(__file__).parent


def main() -> int:
    from editor.cli.logs import set_up
    from editor.cli.parser import arguments
    from pipelines import NAMES
    from pipelines.errors import UserError
    from pipelines.openmp import wait_politely

    wait_politely()
    where = home()
    options = arguments(NAMES, where / "palimpsest-data")
    set_up(options.log_json)
    try:
        from editor.cli.context import CommandContext  # nothing heavy before the options are read

        module, function = options.run.split(".")
        getattr(import_module(f"editor.cli.{module}"), function)(CommandContext(options, HERE, where))
    except (UserError, OSError) as error:
        if os.environ.get("PALIMPSEST_TRACEBACK"):
            raise
        if options.log_json:
            logging.getLogger("palimpsest").error("%s", in_words(error))
        else:
            print(f"palimpsest: {in_words(error)}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def in_words(error: Exception) -> str:
    """What an error says to the user; of a file that the system refuses, which one and why."""
    from pipelines.errors import reason

    if isinstance(error, OSError) and error.filename and error.strerror:
        return f"{error.filename}: {reason(error)}"
    return reason(error)


def home() -> Path:
    """Where the user's pictures and list of models lie: beside this file in a copy of the project, else where this
    system has programs keep what is a user's.
    """
    if (HERE / "pyproject.toml").exists():
        return HERE
    from platformdirs import user_data_path

    return user_data_path("palimpsest", appauthor=False)


if __name__ == "__main__":
    sys.exit(main())
