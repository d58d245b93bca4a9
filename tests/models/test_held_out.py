"""The scenes of measurements: none that anything is trained on, none that another measurement takes."""

from itertools import pairwise

from pipelines.evaluation import held_out
from pipelines.evaluation.fills import MOST
from pipelines.evaluation.held_out import BLOCK, FILL_SCENES, SEEDS, SPACE, TRUTH_SCENES
from pipelines.training.dataset import HELD_OUT

FIRST = sorted(value for name, value in vars(held_out).items() if name.endswith("_SCENES"))
SEARCH = 16 << 20  # how far `whole` may go on from a scene that will not do


def test_every_measurement_has_a_block_of_its_own() -> None:
    assert len(FIRST) > 10 and FIRST[0] == HELD_OUT  # below it lies what is trained on
    assert all(following - first >= BLOCK for first, following in pairwise(FIRST))
    for first in (FILL_SCENES, TRUTH_SCENES):
        following = min(other for other in FIRST if other > first)
        assert first + SEEDS * SPACE <= following and MOST + SEARCH < SPACE
