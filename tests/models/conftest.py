"""What several tests of models are given."""

import sys
from collections.abc import Callable
from contextlib import redirect_stdout
from io import StringIO

import pytest

from pipelines.training.command import main

Train = Callable[..., str]


@pytest.fixture(scope="session")
def trained() -> Train:
    """`python -m pipelines.training` in this process; what it says, its last sentence if it gives up."""

    def command(*options: object) -> str:
        with pytest.MonkeyPatch.context() as here, redirect_stdout(StringIO()) as said:
            here.setattr(sys, "argv", ["training", *map(str, options)])
            try:
                main()
            except SystemExit as end:
                return str(end)
        return said.getvalue()

    return command
