"""DALL-E's three arms: whose pairs are compared, by what, and that each handicap does what it says."""

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
import torch

from pipelines.base import Pixels, Request, Run, Step
from pipelines.evaluation.edits import thing_of, whole
from pipelines.evaluation.experiments import margins
from pipelines.evaluation.experiments.arms import Arm, Number, Row, measured
from pipelines.evaluation.experiments.margins import (
    BLURRED,
    CANDIDATES,
    MATCH,
    NONE,
    REALISM,
    RERANKED,
    Margins,
    Model,
    wins,
)
from pipelines.evaluation.experiments.samples import images_of
from pipelines.evaluation.experiments.sections.margins import margins_section
from pipelines.evaluation.experiments.verdicts import FAILS, HOLDS, UNDECIDED
from pipelines.evaluation.held_out import MARGIN_SCENES
from pipelines.evaluation.judge import SIDE, Judge, Verdict
from pipelines.evaluation.metrics.features import JudgeExtractor
from pipelines.evaluation.metrics.precision_recall import realism
from pipelines.evaluation.sample_sets import SampleFolder
from tests.fakes import Plain

PROMPTS = 5


class Truthful(Plain):
    """Paints what is true, or with some seeds nothing."""

    size = SIDE

    def __init__(self, name: str, right: set[int] | None = None) -> None:
        self.name, self.right = name, right  # the seeds with which it is right; None for all
        self.asked: list[Request] = []

    def inpaint(self, request: Request) -> Run:
        self.asked.append(request)
        edit = next(one for one in EDITS if one.prompt == request.prompt and np.array_equal(one.mask, request.mask))
        right = self.right is None or request.seeds[0] in self.right
        image = (edit.image if right else request.image)[None]
        for index in range(request.steps):
            yield Step(index + 1, request.steps + 1, image if index == request.steps - 1 else None)
        return image


class Seeing(Judge):
    """Sees whether a window is the true one."""

    def look(self, image: Pixels, mask: Pixels) -> tuple[Verdict, np.ndarray]:  # type: ignore[override]
        edit = next(one for one in EDITS if np.array_equal(one.mask, mask))
        there = np.abs(image.astype(int) - edit.image).mean() < 3
        return Verdict(thing_of(edit).kind if there else "nothing", thing_of(edit).colour), np.zeros(1, np.float32)


class Knowing:
    """Scores windows by how near the true one they are."""

    photographs = False

    def probabilities(self, windows: Pixels, holes: Pixels, prompt: str) -> np.ndarray:
        truths = [next(one.image for one in EDITS if np.array_equal(one.mask, hole)) for hole in holes]
        return np.array([-np.abs(image.astype(int) - true).mean() for image, true in zip(windows, truths, strict=True)])

    def word(self, probability: float) -> str:
        raise AssertionError("no word is asked for")


EDITS = [whole(MARGIN_SCENES + index, SIDE, empty=0.0) for index in range(PROMPTS)]


def experiment(out: Path, weak: Truthful, blurred: object = None) -> Margins:
    torch.manual_seed(0)
    extractor = JudgeExtractor(Judge().eval(), "0", None)
    models = Model(Truthful("strong"), "a", 2), Model(weak, "b", 2)
    blur = blurred or (lambda images: images)
    return Margins(out, *models, blur, "c", Seeing(), extractor, Knowing(), "d", PROMPTS, "ddim")  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def few_truths(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(margins, "TRUTHS", 12)


def test_the_weaker_is_reranked_and_the_stronger_blurred(tmp_path: Path) -> None:
    """The weaker is right with the third candidate of each prompt alone, which only reranking finds."""
    weak = Truthful("weak", {index + 2 * margins.SPREAD for index in range(PROMPTS)})
    grey = np.full((1, SIDE, SIDE, 3), 128, np.uint8)
    ours = experiment(tmp_path, weak, lambda images: np.broadcast_to(grey, images.shape))
    rows = {row.arm: row.values for row in measured(tmp_path / "rows", ours.arms())}
    assert [*rows] == [f"{handicap}-{guidance}" for guidance in (1, 2) for handicap in (NONE, RERANKED, BLURRED)]
    assert [rows[f"{name}-1"][MATCH].value for name in (NONE, RERANKED, BLURRED)] == [1.0, 0.5, 0.0]
    assert rows["reranked-1"]["weaker right"].value == 1 and rows["none-1"]["weaker right"].value == 0
    assert rows["blurred-1"][REALISM].value != 0.5 == rows["reranked-1"][REALISM].value
    assert {request.guidance for request in weak.asked} == {1.0, 2.0}
    assert len(weak.asked) == 2 * PROMPTS * (1 + CANDIDATES + 1)
    folders = {folder.name for folder in (tmp_path / "samples").iterdir()}
    weaker = {f"weak-{guidance}{ranked}" for guidance in (1, 2) for ranked in ("", "-reranked")}
    assert folders == {"strong", "strong-blurred", "truth"} | weaker


def test_all_arms_ask_for_the_same_with_the_same_seeds(tmp_path: Path) -> None:
    weak = Truthful("weak")
    arms: list[Arm] = [*experiment(tmp_path, weak).arms()]
    assert {arm.settings["ranking"] for arm in arms} == {"d"}
    arms[0].measure()
    unranked = [(request.prompt, request.seeds) for request in weak.asked]
    weak.asked.clear()
    arms[1].measure()
    candidates = [(request.prompt, request.seeds) for request in weak.asked]
    assert set(unranked) <= set(candidates)  # what is reranked has the unranked one among it
    assert {prompt for prompt, _ in candidates} == {edit.prompt for edit in EDITS}


def test_only_the_hole_is_blurred(tmp_path: Path) -> None:
    ours = experiment(tmp_path, Truthful("weak"), lambda images: 255 - images)
    [*ours.arms()][2].measure()
    images = images_of(SampleFolder.opened(tmp_path / "samples" / "strong-blurred"))
    for edit, image in zip(EDITS, images, strict=True):
        hole = edit.mask > 0
        assert np.array_equal(image[~hole], edit.image[~hole])
        assert np.abs(image[hole].astype(int) - edit.image[hole]).max() > 50


def test_models_of_other_sizes_are_refused(tmp_path: Path) -> None:
    small = Truthful("weak")
    small.size = 64
    with pytest.raises(ValueError, match="128 and 64 pixels a side: pairs must be alike"):
        experiment(tmp_path, small)


def test_wins_count_a_tie_as_half() -> None:
    assert wins(np.array([1.0, 0, 0, 1]), np.array([0.0, 0, 1, 1])).value == 0.5
    assert wins(np.ones(4), np.zeros(4)) == Number(1.0, 0.0)
    one, other = np.random.default_rng(0).random((2, 50))
    assert wins(one, other).value == pytest.approx(1 - wins(other, one).value)


def test_realism_is_above_one_within_the_dense_half() -> None:
    random = np.random.default_rng(0)
    true = random.normal(size=(200, 4))
    scores = realism(np.concatenate([true[:50] + 1e-9, 20 + true[:50]]), true)
    assert np.median(scores[:50]) > 1 and scores[50:].max() < 0.2
    further = [float(realism(np.full((1, 4), distance), true)[0]) for distance in (3.0, 6.0, 12.0)]
    assert further == sorted(further, reverse=True)
    assert np.allclose(realism(5 * true[:9] + 1, 5 * true), realism(true[:9] + 0.2, true))  # of no unit


def rows_with(shares: Mapping[str, float], folder: Path) -> None:
    folder.mkdir(parents=True)
    for handicap, value in shares.items():
        settings = {"weak_guidance": 1.0, "handicap": handicap, "prompts": 100, "model": "m", "weights": "abc"}
        values = {name: Number(value, 0.05) for name in (MATCH, REALISM)}
        row = Row(f"{handicap}-1", settings, {"torch": "2"}, 1.0, values)
        numbers = {name: number._asdict() for name, number in values.items()}
        (folder / f"{handicap}-1.json").write_text(json.dumps({**row._asdict(), "values": numbers}))


def test_the_verdicts_follow_from_the_shares(tmp_path: Path) -> None:
    for name, shares, verdicts in (
        ("as expected", {"none": 0.9, "reranked": 0.75, "blurred": 0.6}, [HOLDS, HOLDS, HOLDS]),
        ("reversed", {"none": 0.9, "reranked": 0.75, "blurred": 0.4}, [HOLDS, HOLDS, FAILS]),
        ("no help", {"none": 0.8, "reranked": 0.8, "blurred": 0.9}, [UNDECIDED, FAILS, HOLDS]),
    ):
        rows_with(shares, tmp_path / name)
        lines = margins_section(tmp_path / name, tmp_path)
        assert [line.split(" | ")[-1].strip(" |") for line in lines if line.startswith("| weaker")][:3] == verdicts
        assert "| both as they are |" in "\n".join(lines)
