"""The papers' experiments: arms are measured once, numbers mean what they say, the report follows from rows alone."""

import json
import xml.etree.ElementTree as ElementTree
from collections.abc import Collection, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from pipelines.base import Request, Run, Step
from pipelines.errors import InvalidInput
from pipelines.evaluation.edits import thing_of, whole
from pipelines.evaluation.experiments import guidance, reranking
from pipelines.evaluation.experiments.arms import Arm, Number, Row, measured, share
from pipelines.evaluation.experiments.guidance import FILLS, Frontier, base_guess
from pipelines.evaluation.experiments.report import write_report
from pipelines.evaluation.experiments.reranking import (
    COUNTS,
    SETS,
    Drawn,
    Reranking,
    best_of,
    edits_of,
    likely,
    oracle,
    recovered,
)
from pipelines.evaluation.experiments.verdicts import FAILS, HOLDS, UNDECIDED, decided, minus
from pipelines.evaluation.held_out import GUIDANCE_SCENES, RERANKING_SCENES
from pipelines.evaluation.judge import SIDE, Judge, Verdict
from pipelines.evaluation.metrics.clip_scorer import ClipScorer
from pipelines.evaluation.metrics.features import JudgeExtractor
from pipelines.glide.clip import Clip, ClipImage, ClipText
from pipelines.glide.config import ClipConfig
from pipelines.training.dataset import Example
from pipelines.training.scenes.worlds import FAMILIAR
from tests.fakes import Plain

CONFIG = ClipConfig(64, 16, 16, 8, 97, 11, text_heads=2, text_blocks=1, image_heads=2, image_blocks=1, hole=True)
SETTINGS = {"sampler": "ddim", "steps": 2}


class Words:
    """Byte pairs that tell prompts apart by their letters."""

    def encode(self, prompt: str) -> tuple[torch.Tensor, int]:
        letters = [ord(letter) % 97 for letter in prompt[:11]]
        return torch.tensor(letters + [0] * (11 - len(letters))), max(len(letters), 1)

    def unread(self, prompt: str) -> str:
        return prompt[11:]


def a_clip() -> Clip:
    torch.manual_seed(0)
    return Clip(ClipText(CONFIG), ClipImage(CONFIG), Words())


def a_judge() -> Judge:
    torch.manual_seed(0)
    return Judge().eval()


class Painter(Plain):
    """Paints noise of its seed, the louder the more it is guided; counts what it is asked."""

    name, size = "painter", SIDE
    unsupported: Collection[str] = ()

    def __init__(self) -> None:
        self.asked: list[Request] = []
        self.upsampled = 0

    def inpaint(self, request: Request) -> Run:
        self.asked.append(request)
        noise = np.random.default_rng(request.seeds[0]).normal(0, 20 * request.guidance, request.image.shape)
        guess = np.clip(128 + noise, 0, 255).astype(np.uint8)[None]
        for index in range(request.steps):
            yield Step(index + 1, request.steps + 2, guess if index == request.steps - 1 else None)
        self.upsampled += 1
        yield Step(request.steps + 1, request.steps + 2, None)
        return guess


def frontier(out: Path, painter: Painter, count: int = 12) -> Frontier:
    extractor, scorers = (
        JudgeExtractor(a_judge(), "0", None),
        {guidance.OWN: ClipScorer(a_clip(), 64)},
    )
    return Frontier(out, painter, "abc", a_judge(), extractor, scorers, count, **SETTINGS)  # type: ignore[arg-type]


# --- arms ---


def test_an_arm_is_measured_once(tmp_path: Path) -> None:
    calls = []

    def arm(name: str, **settings: Any) -> Arm:
        return Arm(name, settings, lambda: calls.append(name) or {"right": Number(0.5, 0.1)})

    first = measured(tmp_path, [arm("a", n=3), arm("b", n=3)])
    assert calls == ["a", "b"] and [row.arm for row in first] == calls
    assert measured(tmp_path, [arm("a", n=3), arm("b", n=3)]) == first and calls == ["a", "b"]
    (tmp_path / "b.json").unlink()
    measured(tmp_path, [arm("a", n=3), arm("b", n=3)])
    assert calls == ["a", "b", "b"]
    with pytest.raises(ValueError, match=r"measured otherwise \(n 3, now 4\)"):
        measured(tmp_path, [arm("a", n=4)])
    (tmp_path / "a.json").write_text((tmp_path / "a.json").read_text()[:40])
    with pytest.raises(ValueError, match="delete it, and it is measured again"):
        measured(tmp_path, [arm("a", n=3)])


def test_an_arm_that_fails_leaves_no_row(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError):
        measured(tmp_path, [Arm("a", {}, lambda: {"right": share([])})])
    assert not list(tmp_path.glob("*.json"))


# --- guidance ---


def test_only_the_base_is_asked() -> None:
    painter = Painter()
    request = Request(
        np.zeros((SIDE, SIDE, 3), np.uint8),
        np.full((SIDE, SIDE), 255, np.uint8),
        "a cat",
        "",
        1.0,
        0.0,
        1.0,
        3,
        "ddim",
        (5,),
    )
    guess = base_guess(painter, request)
    assert guess.shape == (SIDE, SIDE, 3) and painter.upsampled == 0 and guess.std() > 1


def test_the_frontier_goes_on_where_it_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guidance, "CFG_SCALES", (1.0, 4.0))
    monkeypatch.setattr(guidance, "CLIP_SCALES", (2.0,))
    painter = Painter()
    rows = measured(tmp_path / "guidance", frontier(tmp_path, painter).arms())
    assert [row.arm for row in rows] == [
        f"{track}-{arm}" for track in ("fills", "pictures") for arm in ("true", "cfg-1", "cfg-4", "clip-2")
    ]
    assert len(painter.asked) == 6 * 12
    by_name = {row.arm: row.values for row in rows}
    assert guidance.RIGHT in by_name["fills-cfg-1"] and guidance.RIGHT not in by_name["pictures-cfg-1"]
    assert by_name["fills-cfg-4"]["KID"] != by_name["fills-cfg-1"]["KID"]
    clip_asked = [request for request in painter.asked if request.clip_guidance]
    assert {(request.guidance, request.clip_guidance) for request in clip_asked} == {(1.0, 2.0)}
    whole = [request for request in painter.asked if request.mask.all()]
    assert len(whole) == 3 * 12 and all((request.image == 128).all() for request in whole)

    again = Painter()
    (tmp_path / "guidance" / "fills-cfg-4.json").unlink()
    for file in list((tmp_path / "samples" / "fills-cfg-4").glob("0000[3-5].png")):
        file.unlink()
    assert measured(tmp_path / "guidance", frontier(tmp_path, again).arms())[2].values == by_name["fills-cfg-4"]
    assert sorted(request.seeds for request in again.asked) == [(3,), (4,), (5,)]
    # another scorer measures the same samples anew
    again.asked.clear()
    other = replace(frontier(tmp_path, again), scorers={guidance.OWN: ClipScorer(a_clip(), 64, {"clip": "d"})})
    with pytest.raises(InvalidInput, match="measured otherwise"):
        measured(tmp_path / "guidance", other.arms())
    assert [row.arm for row in measured(tmp_path / "others", other.arms())] == [*by_name] and not again.asked


def test_a_model_without_clip_has_no_such_arms(tmp_path: Path) -> None:
    painter = Painter()
    painter.unsupported = ("clip_guidance",)
    assert not [arm.name for arm in frontier(tmp_path, painter).arms() if "clip" in arm.name]


def test_a_fill_is_right_as_the_judge_says_of_its_own_edit(tmp_path: Path) -> None:
    class Seer(Judge):
        def look(self, image: Any, mask: Any) -> Any:
            edit = next(edit for edit in edits if np.array_equal(edit.mask, mask))
            return type("V", (), {"kind": edit.thing.kind, "colour": edit.thing.colour})(), np.zeros(128)  # type: ignore[union-attr]

    edits = [FILLS.edit(GUIDANCE_SCENES + i, SIDE) for i in range(12)]
    ours = replace(frontier(tmp_path, Painter()), judge=Seer())
    (first, *_) = ours.arms()
    assert first.measure()[guidance.RIGHT].value == 1


# --- reranking ---

matrices = st.integers(0, 1000).map(lambda seed: np.random.default_rng(seed))


@given(matrices, st.sampled_from(COUNTS))
def test_the_best_is_between_chance_and_the_oracle(random: np.random.Generator, count: int) -> None:
    right = random.random((9, COUNTS[-1])) < 0.4
    knowing = right + 0.5 * random.random(right.shape)
    most = right.reshape(9, -1, count).any(2).mean(1)
    assert np.array_equal(best_of(knowing, right, count), most) and np.array_equal(oracle(right, right, count), most)
    for scores in (random.random(right.shape), -knowing):
        assert (best_of(scores, right, count) <= most).all()
    seen = (
        random.random((4000, COUNTS[-1])) < 0.4
    )  # verdicts that have nothing to do with what counts: no better than one
    counted = random.random(seen.shape) < 0.4
    assert oracle(seen, counted, count).mean() == pytest.approx(0.4, abs=0.06)
    assert np.array_equal(best_of(random.random(right.shape), right, 1), right.mean(1))
    assert np.array_equal(oracle(right, right, 1), right.mean(1))
    assert np.allclose(best_of(7 * knowing - 3, right, count), best_of(knowing, right, count))


def test_a_ranking_by_verdict_recovers_all_and_one_by_chance_nothing() -> None:
    random = np.random.default_rng(0)
    right = random.random((400, COUNTS[-1])) < 0.5
    values = reranking.values_of(
        Drawn(right + 0.1 * random.random(right.shape), random.random(right.shape), right, right)
    )
    assert values["recovered at 4"].value == 1 and values["AUC"].value == 1
    one = values["best of 1"].value
    assert values["oracle of 4"].value == pytest.approx(1 - 0.5**4, abs=0.03)
    assert values["shuffled best of 4"].value == pytest.approx(one, abs=0.05)
    assert recovered(0.5, 0.5, 0.5) == 0 and recovered(0.4, 0.6, 0.8) == pytest.approx(0.5)


class Truthful(Judge):
    """Is right of every true window of these, but for an elephant and an apple; sees nothing in any other."""

    def __init__(self, edits: list[Example]) -> None:
        super().__init__()
        self.known = [edit for edit in edits if not self.hard(edit)]

    def hard(self, edit: Example) -> bool:
        return "elephant" in edit.prompt or "apple" in edit.prompt

    def look(self, image: Any, mask: Any) -> Any:
        edit = next((one for one in self.known if np.array_equal(one.image, image)), None)
        verdict = Verdict("nothing", "") if edit is None else Verdict(thing_of(edit).kind, thing_of(edit).colour)
        return verdict, np.zeros(1)


def test_sets_are_what_they_are_called_and_what_can_be_judged() -> None:
    scenes = [whole(RERANKING_SCENES + i, 32, empty=0.0) for i in range(120)]
    judge = Truthful(scenes)
    for name, belongs in SETS.items():
        edits, judged = edits_of(name, 4, 32, judge)
        own = [edit for edit in scenes if belongs(edit)]
        assert any(map(judge.hard, own[:4]))
        assert [edit.prompt for edit in edits] == [edit.prompt for edit in own if not judge.hard(edit)][:4]
        last = next(n for n, edit in enumerate(own, 1) if edit.prompt == edits[-1].prompt)
        assert judged == 4 / last
        assert [edit.prompt for edit in edits_of(name, 2, 32, judge).edits] == [edit.prompt for edit in edits[:2]]
    rare, compound = (edits_of(name, 4, 32, judge).edits for name in SETS)
    assert all(edit.thing is not None and edit.thing.kind not in FAMILIAR for edit in rare)
    assert all(any(word in f" {edit.prompt} " for word in reranking.COMPOUND) for edit in compound)
    with pytest.raises(ValueError, match="right of 0 of 21 true windows"):
        edits_of("rare", 1, 32, Truthful([]))


class Brightness:
    """Takes the brightest for the likeliest; of an apple it knows nothing."""

    photographs = False

    def probabilities(self, windows: Any, holes: Any, prompt: str) -> Any:
        return None if "apple" in prompt else windows.mean((1, 2, 3)) / 255

    def word(self, probability: float) -> str:
        raise AssertionError("no word is asked for")


def test_what_cannot_be_ranked_is_an_error() -> None:
    windows, holes = np.zeros((2, 8, 8, 3), np.uint8), np.zeros((2, 8, 8), np.uint8)
    assert likely(Brightness(), windows, holes, "a red cat").tolist() == [0, 0]
    with pytest.raises(InvalidInput, match="Nothing can be ranked by “a red apple”"):
        likely(Brightness(), windows, holes, "a red apple")


def test_reranking_draws_each_prompt_with_the_same_seeds() -> None:
    painter = Painter()
    judge = Truthful([whole(RERANKING_SCENES + i, SIDE, empty=0.0) for i in range(60)])
    arms = list(Reranking(painter, "abc", judge, Brightness(), "def", 2, **SETTINGS).arms())  # type: ignore[arg-type]
    assert [arm.name for arm in arms] == ["rare-1", "rare-2", "compound-1", "compound-2"]
    assert arms[1].settings["ranking"] == "def"
    values = arms[1].measure()
    assert len(painter.asked) == 2 * COUNTS[-1] and {request.guidance for request in painter.asked} == {2.0}
    assert sorted({request.seeds[0] for request in painter.asked}) == list(range(COUNTS[-1]))
    assert values.keys() >= {f"best of {count}" for count in COUNTS} and 0 < values["true windows"].value <= 1


# --- the report ---


def test_verdicts() -> None:
    assert [decided(Number(*each)) for each in ((1, 0.5), (-1, 0.5), (0.2, 0.5))] == [HOLDS, FAILS, UNDECIDED]
    assert minus(Number(3, 3), Number(1, 4)) == Number(2, 5)


def guided_rows(ahead: str) -> Iterator[Row]:
    """Rows of both kinds of guidance, one of them better by all but CLIP's own score."""
    for kind in ("CFG", "CLIP"):
        for scale in (1.0, 4.0):
            good = kind == ahead
            values = {
                "KID": Number(0.01 if good else 0.05, 0.001),
                "precision": Number(0.9, 0.01),
                "recall": Number(1 / scale, 0.01),
                guidance.RIGHT: Number(0.9 if good else 0.7, 0.02),
                guidance.OWN: Number(30 + 5 * (kind == "CLIP"), 0.5),
            }
            settings = {"track": "fills", "guidance": scale if kind == "CFG" else 1.0, "samples": 500, "model": "m",
                        "clip_guidance": scale if kind == "CLIP" else 0.0, "weights": "abc"}  # fmt: skip
            yield Row(f"fills-{kind}-{scale}", settings, {"torch": "2"}, 60.0, values)


@pytest.mark.parametrize("ahead", ["CFG", "CLIP"])
def test_the_report_follows_from_the_rows(ahead: str, tmp_path: Path) -> None:
    rows, out = tmp_path / "rows", tmp_path / "out"
    (rows / "guidance").mkdir(parents=True)
    for row in guided_rows(ahead):
        numbers = {name: number._asdict() for name, number in row.values.items()}
        (rows / "guidance" / f"{row.arm}.json").write_text(json.dumps({**row._asdict(), "values": numbers}))
    (rows / "rerank").mkdir()
    random = np.random.default_rng(0)
    right = random.random((60, COUNTS[-1])) < 0.6
    values = reranking.values_of(Drawn(right + random.random(right.shape), random.random(right.shape), right, right))
    values["true windows"] = Number(0.9, 0.05)
    row = Row("rare-1", {"set": "rare", "guidance": 1.0, "prompts": 60, "model": "m"}, {"torch": "2"}, 60.0, values)
    numbers = {name: number._asdict() for name, number in values.items()}
    (rows / "rerank" / "rare-1.json").write_text(json.dumps({**row._asdict(), "values": numbers}))

    text = write_report(rows, out)
    assert (out / "report.md").read_text() == text
    claims = {
        line.split(" | ")[0].strip("| "): line.split(" | ")[-1].strip(" |") for line in text.splitlines() if "|" in line
    }
    assert claims["fills: CFG guidance is ahead by KID, each at its best"] == (HOLDS if ahead == "CFG" else FAILS)
    assert claims[f"fills: CFG guidance is ahead by {guidance.RIGHT}, each at its best"] == (
        HOLDS if ahead == "CFG" else FAILS
    )
    assert claims[f"fills: CLIP guidance is ahead by {guidance.OWN}, each at its best"] == HOLDS
    assert claims["rare at guidance 1: the score tells right from wrong, AUC at least 0.85"] == HOLDS
    assert claims["rare at guidance 1: ranked by another prompt nothing is gained"] == HOLDS
    charts = sorted(file.name for file in out.glob("*.svg"))
    assert len(charts) == 3 and all(f"({name})" in text for name in charts)
    for file in out.glob("*.svg"):
        ElementTree.parse(file)
    assert "Made in 5 minutes" in text


def test_without_rows_the_report_says_so(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="has no rows of guidance, rerank, arms, adm: run one of them"):
        write_report(tmp_path / "rows", tmp_path / "out")
