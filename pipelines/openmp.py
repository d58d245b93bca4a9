"""How the threads of a network wait for each other. Known before torch is imported, which reads it once."""

import os

# OpenMP's threads spin at every barrier as it comes: beside another program that does, a run takes five to ten times as
# long as alone. A short spin costs nothing that could be measured alone, and leaves the processor to others (`make
# bench ARGS=waiting`).
WAITING = {"OMP_WAIT_POLICY": "PASSIVE", "GOMP_SPINCOUNT": "1000"}


def wait_politely() -> None:
    """Sets WAITING for this process and those it starts; what is set already stays."""
    for name, value in WAITING.items():
        os.environ.setdefault(name, value)
