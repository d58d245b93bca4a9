"""The judge and the report: a model that painted the truth would score what the judge scores on the truth."""

from pathlib import Path

import numpy as np
import pytest
import torch

from pipelines.base import Request, Run, Step
from pipelines.evaluation.__main__ import JUDGE
from pipelines.evaluation.judge import JUDGE_ROOMS, NOTHING, Judge, load_judge, whole
from pipelines.evaluation.rooms.edits import HELD_OUT
from pipelines.evaluation.world import Outcome, evaluate, report, sheet, write_report
from pipelines.training.config import STAGES
from pipelines.training.trainer import ROOMS


class Prophet:
    """Paints the truth of the evaluation's edits, in their order; or, `blind`, flat grey."""

    name, size = "prophet", 64

    def __init__(self, empty: float, blind: bool = False) -> None:
        self.empty, self.blind = empty, blind

    def hint(self, prompt: str) -> str:
        return ""

    def inpaint(self, request: Request) -> Run:
        asked = whole(HELD_OUT + request.seeds[0], self.size, self.empty)
        assert np.array_equal(asked.mask, request.mask) and asked.prompt == request.prompt
        yield Step(1, 1, None)
        return np.full_like(asked.image, 128)[None] if self.blind else asked.image[None]


@pytest.mark.parametrize("empty", [0.0, 1.0])
def test_the_truth_scores_as_the_truth(empty: float) -> None:
    torch.manual_seed(0)
    outcomes = evaluate(Prophet(empty), Judge().eval(), 12, empty, sampler="ddim", steps=1, guidance=1.0)
    for outcome in outcomes:
        assert np.array_equal(outcome.image, outcome.asked.image)
        assert outcome.verdict == outcome.of_truth
        assert bool(outcome.asked.prompt) != bool(empty)


def test_the_shipped_judge_knows_the_world() -> None:
    judge = load_judge(JUDGE)
    fills = evaluate(Prophet(0.0), judge, 100, 0.0, sampler="ddim", steps=1, guidance=1.0)
    removals = evaluate(Prophet(1.0), judge, 50, 1.0, sampler="ddim", steps=1, guidance=1.0)
    assert np.mean([outcome.kind for outcome in fills]) >= 0.9
    assert np.mean([outcome.colour for outcome in fills]) >= 0.9
    assert np.mean([outcome.kind for outcome in removals]) >= 0.9
    blind = evaluate(Prophet(0.0, blind=True), judge, 50, 0.0, sampler="ddim", steps=1, guidance=1.0)
    assert np.mean([outcome.kind and outcome.colour for outcome in blind]) <= 0.2


def test_rooms_of_training_evaluation_and_judge_are_apart() -> None:
    trained_on = max((stage.seed + 1) * ROOMS for stage in STAGES.values())
    assert trained_on < HELD_OUT < JUDGE_ROOMS
    assert whole(HELD_OUT + 3, 64, 0.0).prompt and not whole(HELD_OUT + 3, 64, 1.0).prompt


def test_the_report_counts_and_the_sheets_are_written(tmp_path: Path) -> None:
    torch.manual_seed(0)
    fills, removals = (
        evaluate(Prophet(empty), Judge().eval(), 5, empty, sampler="ddim", steps=1, guidance=1.0)
        for empty in (0.0, 1.0)
    )
    table = report(fills, removals)
    right = 100 * np.mean([outcome.kind for outcome in fills])
    assert f"| kind right | {right:.1f} % | {right:.1f} % |" in table
    assert all(outcome.verdict.kind == NOTHING or not outcome.kind for outcome in removals)
    assert write_report(tmp_path, fills, removals) == table
    assert {file.name for file in tmp_path.iterdir()} == {"world.md", "fills.webp", "removals.webp"}
    assert sheet(fills, 4).width > 4 * 2 * 100


def test_a_colour_left_open_is_no_miss() -> None:
    asked = whole(HELD_OUT, 64, 0.0)
    other = asked._replace(prompt=f"a {asked.thing.kind}")
    verdict = Judge().eval().verdict(asked.image, asked.mask)
    wrong = verdict._replace(colour="black" if asked.thing.colour != "black" else "white")
    assert Outcome(other, asked.image, wrong, wrong).colour
    named = asked._replace(prompt=f"a {asked.thing.colour} {asked.thing.kind}")
    assert not Outcome(named, asked.image, wrong, wrong).colour
