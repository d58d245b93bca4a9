"""The judge and the report: a model that painted the truth would score what the judge scores on the truth."""

from dataclasses import replace
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from PIL import Image

from pipelines import load
from pipelines.base import Request, Run, Step
from pipelines.evaluation import people
from pipelines.evaluation.edits import before, names_colour, whole
from pipelines.evaluation.held_out import JUDGE_SCENES
from pipelines.evaluation.judge import FEATURES, JUDGE, NOTHING, SIDE, Judge, Verdict, load_judge
from pipelines.evaluation.measures import drift, ghost, half_width, seam
from pipelines.evaluation.prompts import MARGIN, PROMPTS, SEEDS, Place, paint_prompts, place_for
from pipelines.evaluation.recolour import Outcome as Recoloured
from pipelines.evaluation.recolour import recolouring, refine
from pipelines.evaluation.recolour import write_report as write_recolourings
from pipelines.evaluation.sheets import CELL
from pipelines.evaluation.world import Outcome, answered, evaluate, report, write_report
from pipelines.training.config import STAGES
from pipelines.training.dataset import HELD_OUT
from pipelines.training.scenes.layout import held_out_pair, make
from pipelines.training.scenes.palette import COLOURS
from pipelines.training.scenes.thing import Thing
from pipelines.training.scenes.things import KINDS
from pipelines.training.trainer import SCENES
from tests.fakes import NoisePipeline, Plain

FILLS, UNSEEN, REMOVALS = (0.0, False), (0.0, True), (1.0, False)  # the sorts of edits
at_once = partial(evaluate, sampler="ddim", steps=1, guidance=1.0)


class Prophet(Plain):
    """Paints the truth of one sort of the evaluation's edits, in their order; or, `blind`, flat grey."""

    name, size = "prophet", SIDE

    def __init__(self, sort: tuple[float, bool], blind: bool = False) -> None:
        self.sort, self.blind = sort, blind

    def inpaint(self, request: Request) -> Run:
        asked = whole(HELD_OUT + request.seeds[0], self.size, *self.sort)
        assert np.array_equal(asked.mask, request.mask) and asked.prompt == request.prompt
        assert not np.array_equal(request.image, asked.image)  # to leave all as it is is no answer
        yield Step(1, 2, np.full_like(asked.image, 128)[None])
        yield Step(2, 2, None)
        return np.full_like(asked.image, 128)[None] if self.blind else asked.image[None]


def fresh() -> Judge:
    torch.manual_seed(0)
    return Judge().eval()


@pytest.mark.parametrize("sort", [FILLS, UNSEEN, REMOVALS])
def test_the_truth_scores_as_the_truth(sort: tuple[float, bool]) -> None:
    for outcome in at_once(Prophet(sort), fresh(), 12, *sort):
        assert np.array_equal(outcome.image, outcome.edit.image)
        assert outcome.verdict == outcome.of_truth
        assert outcome.seam == 1 and outcome.drift == 0
        painted, true, guess = outcome.features
        assert np.array_equal(painted, true) and not np.array_equal(guess, true)
        assert bool(outcome.edit.prompt) != bool(sort[0])


@pytest.mark.proof
def test_the_shipped_judge_knows_the_world() -> None:
    """Its own errors bound what any weights can score: the card says how many they are."""
    judge = load_judge(JUDGE)
    for sort, edits in ((FILLS, 60), (UNSEEN, 40), (REMOVALS, 40)):
        outcomes = at_once(Prophet(sort), judge, edits, *sort)
        assert np.mean([outcome.kind for outcome in outcomes]) >= 0.86
        assert np.mean([outcome.colour for outcome in outcomes]) >= 0.93
    blind = at_once(Prophet(FILLS, blind=True), judge, 50, *FILLS)
    assert np.mean([outcome.kind and outcome.colour for outcome in blind]) <= 0.2


@pytest.mark.proof
def test_the_shipped_model_paints_what_is_asked() -> None:
    """A few edits of the hundreds on its card: what spoils the weights, or how they are run, is seen here."""
    glide, judge = load("glide-mini"), load_judge(JUDGE)
    paint = partial(evaluate, glide, judge, sampler="dpmpp_2m", steps=glide.defaults["steps"], guidance=2.0)
    outcomes = [*paint(3, *FILLS), *paint(2, *UNSEEN), *paint(2, *REMOVALS)]
    assert np.mean([outcome.kind and outcome.colour for outcome in outcomes]) >= 0.75
    assert all(outcome.drift == 0 for outcome in outcomes)


def test_scenes_of_training_evaluation_and_judge_are_apart() -> None:
    trained_on = max((stage.seed + 1) * SCENES for stage in STAGES.values())
    assert trained_on < HELD_OUT < JUDGE_SCENES
    assert whole(HELD_OUT + 3, 64, *FILLS).prompt and not whole(HELD_OUT + 3, 64, *REMOVALS).prompt


def test_unseen_pairs_are_held_out_and_others_are_not() -> None:
    for seed in range(HELD_OUT, HELD_OUT + 30):
        asked, defaults = whole(seed, 32, *UNSEEN), whole(seed, 32, *FILLS)
        assert held_out_pair(asked.thing.kind, asked.thing.colour) and names_colour(asked)
        assert not held_out_pair(defaults.thing.kind, defaults.thing.colour)


@pytest.mark.parametrize("seed", range(HELD_OUT, HELD_OUT + 20))
def test_nothing_lies_over_what_is_asked_for(seed: int) -> None:
    asked = whole(seed, 64, *FILLS)
    others = asked.scene.without(asked.thing)
    foremost = replace(others, things=(*others.things, asked.thing)).render(*asked.window, 64)
    seen = asked.scene.silhouette(asked.thing, *asked.window, 64)
    assert (foremost != asked.image).any(2)[seen].mean() < 0.05  # a nearer thing's shadow may fall on it


def test_a_colour_is_named_in_the_things_own_words_only() -> None:
    asked = whole(HELD_OUT, 32, *FILLS)

    def named(kind: str, colour: str, prompt: str) -> bool:
        thing = Thing(kind, colour, 0, 0, 10, 10, 0, KINDS[kind].draw)
        return names_colour(asked._replace(thing=thing, prompt=prompt))

    assert named("mug", "red", "two large scarlet striped mugs") and not named("mug", "red", "two mugs")
    assert named("vase of flowers", "pink", "a vase of pink flowers on a red table")
    assert not named("vase of flowers", "red", "a vase of flowers on a red table")
    assert not named("painting", "orange", "a checkered picture of an orange cat next to a red couch")
    assert not named("cat", "red", "a cat next to a red couch") and not named("table", "red", "a checkered table")
    assert named("cactus", "navy", "three dark blue cactuses") and not named("stack of books", "red", "stacks of books")
    assert named("stack of books", "red", "stacks of red books")


def test_a_colour_left_open_is_no_miss() -> None:
    asked = whole(HELD_OUT, 64, *UNSEEN)
    wrong = Verdict(asked.thing.kind, "black" if asked.thing.colour != "black" else "white")
    for prompt, right in ((asked.prompt, False), (f"a {asked.thing.kind}", True)):
        outcome = Outcome(
            asked._replace(prompt=prompt), asked.image, wrong, wrong, 1.0, 0, np.zeros((2, FEATURES), np.float32)
        )
        assert outcome.kind and outcome.colour == right


def test_a_seam_is_the_step_across_the_edge_against_the_true_one() -> None:
    mask = np.zeros((32, 32), np.uint8)
    mask[8:20, 10:24] = 255
    truth = np.full((32, 32, 3), 100, np.uint8)
    truth[:, 10:] += 4  # along one side of four, the hole's edge is an edge in truth
    off = truth.copy()
    off[mask > 0] += 8
    sides = np.array([12, 14, 14, 12])
    assert seam(truth, mask, truth) == 1
    true_step = max(4 * 12 / sides.sum(), 1)
    assert seam(off, mask, truth) == pytest.approx((12 * 12 + 8 * (sides.sum() - 12)) / sides.sum() / true_step)
    assert seam(off, np.full_like(mask, 255), truth) == 1  # no edge, no seam
    assert drift(off, mask, truth) == 0
    off[0, 0, 1] += 1
    assert drift(off, mask, truth) == 1


def test_a_ghost_is_what_is_left_of_an_outline() -> None:
    down, across = np.mgrid[:128, :128]
    far = np.hypot(down - 60, across - 70)
    bare = np.repeat((100 + 40 * (across // 16 % 2)).astype(np.uint8)[..., None], 3, 2)  # stripes that go on behind it
    thing = np.where(far[..., None] < 35, np.array([220, 30, 60], np.uint8), bare)
    assert ghost(bare, thing, bare) == 0 and ghost(thing, thing, bare) == 1
    rim = np.where((np.abs(far - 35) < 1)[..., None], thing // 2 + bare // 2, bare)
    assert ghost(rim, thing, bare) > 0.8
    part = np.where((down < 60)[..., None], rim, bare)
    assert 0.4 < ghost(part, thing, bare) < 0.6
    assert ghost(np.where((far < 20)[..., None], thing, bare), thing, bare) == 0  # another thing, for the judge to name
    assert ghost(np.roll(bare, 1, 1), thing, bare) == 0  # the stripes go on, not quite where they were
    flat = np.where((far < 40)[..., None], np.uint8(120), bare)  # the stripes end around it, which is none of its own
    assert ghost(flat, thing, bare) < 0.5
    faint = np.clip(bare.astype(int) + 5 * (np.abs(far - 35) < 1)[..., None], 0, 255).astype(np.uint8)
    assert ghost(faint, thing, bare) == 0
    assert ghost(thing, bare, bare) == 0  # there was nothing


class Recolourer(Plain):
    """Knows the cases of `refine`: below a strength it leaves all as it is, from there on it paints the truth."""

    name, size = "recolourer", SIDE

    def __init__(self, turns_at: float, blur: float = 0) -> None:
        self.turns_at, self.blur = turns_at, blur

    def inpaint(self, request: Request) -> Run:
        case = recolouring(HELD_OUT + request.seeds[0], self.size)
        assert np.array_equal(case.image, request.image) and case.prompt == request.prompt
        yield Step(1, 1, None)
        image = case.truth if request.strength >= self.turns_at else case.image
        if self.blur and request.strength < 1:
            image = np.asarray(cv2.GaussianBlur(image, (0, 0), self.blur), np.uint8)
        return image[None]


def refined(pipeline: Recolourer) -> list[dict[float, Recoloured]]:
    settings: dict[str, Any] = {"sampler": "ddim", "steps": 1, "guidance": 1.0}
    return [outcomes for _, outcomes in refine(pipeline, 8, (0.5, 0.8), **settings)]


def test_a_thing_has_turned_from_the_strength_on_that_turns_it() -> None:
    for outcomes in refined(Recolourer(0.7)):
        assert [round(outcomes[strength].turned, 2) for strength in (0.5, 0.8, 1.0)] == [0, 1, 1]
        assert outcomes[0.8].shape == outcomes[1.0].shape == outcomes[1.0].sharpness == 1
        assert outcomes[0.5].shape > 0.5  # it differs in its colour alone


def test_what_is_blurred_is_less_sharp() -> None:
    for sharp, blurred in zip(refined(Recolourer(0)), refined(Recolourer(0, blur=2)), strict=True):
        assert sharp[0.8].sharpness == 1 > 0.9 > blurred[0.8].sharpness


def test_things_to_recolour_have_one_colour_and_are_asked_for_in_another() -> None:
    prompts = set()
    for seed in range(HELD_OUT, HELD_OUT + 24):
        case = recolouring(seed, SIDE)
        where = (case.image != case.truth).any(2)
        assert where.any() and not (where & (case.mask == 0)).any()
        assert any(f" {colour} " in f" {case.prompt} " for colour in COLOURS)
        prompts.add(case.prompt)
    assert len(prompts) > 20


def test_the_table_of_recolourings_says_where_they_turn(tmp_path: Path) -> None:
    found = list(refine(Recolourer(0.7), 4, (0.5, 0.8), sampler="ddim", steps=1, guidance=1.0))
    table = write_recolourings(tmp_path, found)
    assert "| 50 % | 0 ±" in table and "| 80 % | 100 ±" in table and "| 100 % | 100 ±" in table
    with Image.open(tmp_path / "recolour.webp") as sheet:
        assert sheet.size[0] == 5 * CELL


def test_a_share_of_few_is_less_sure() -> None:
    assert half_width(0.5, 100) == pytest.approx(0.0962, abs=1e-4)  # of 40.4 % to 59.6 %
    assert half_width(1.0, 10) == pytest.approx(0.2775 / 2, abs=1e-4)  # of 72.2 % to 100 %
    assert half_width(0.9, 400) < half_width(0.9, 100) / 1.9


def test_the_report_counts_and_the_sheets_are_written(tmp_path: Path) -> None:
    judge = fresh()
    fills, unseen, removals = (at_once(Prophet(sort), judge, 5, *sort) for sort in (FILLS, UNSEEN, REMOVALS))
    table = report(fills, unseen, removals)
    right = 100 * np.mean([outcome.kind for outcome in fills])
    row = next(line for line in table.splitlines() if line.startswith("| kind right |"))
    assert row.count(f"{right:.1f} ± ") == 2 and "| 5 |" in row
    assert "before composing | 15 | 0 |" in table
    assert "truly is, median | 15 | 1.000 |" in table
    assert "painted windows from true ones | 5 | 0.000 |" in table
    assert all(outcome.verdict.kind == NOTHING or not outcome.kind for outcome in removals)
    assert write_report(tmp_path, fills, unseen, removals) == table
    assert {file.name for file in tmp_path.iterdir()} == {"world.md", "fills.webp", "unseen.webp", "removals.webp"}


def test_the_base_models_last_guess_is_that_of_its_last_step() -> None:
    def steps() -> Run:
        for index in range(1, 7):
            yield Step(index, 6, np.full((1, 8, 8, 3), index, np.uint8))
        return np.full((1, 8, 8, 3), 99, np.uint8)

    answer, guess = answered(steps(), 4)
    assert (answer == 99).all() and guess is not None and (guess == 4).all()
    assert answered(steps(), 6)[1] is None  # a pipeline with one model has no other's guess


def test_what_was_there_is_never_the_truth() -> None:
    for sort in (FILLS, REMOVALS):
        for seed in range(HELD_OUT, HELD_OUT + 10):
            asked = whole(seed, 64, *sort)
            there = before(asked)
            assert drift(asked.image, asked.mask, there) == 0 and not np.array_equal(asked.image, there)


def _of_kind(place: Place, kind: str) -> list[Thing]:
    return [thing for thing in place.scene.things if thing.kind == kind]


@pytest.mark.parametrize("prompt", PROMPTS)
def test_a_prompts_hole_lies_where_the_prompt_says(prompt: str) -> None:
    for seed in range(SEEDS):
        place = place_for(prompt, seed)
        (x, y, width, height), setting = place.hole, place.scene.setting
        middle, foot = x + width / 2, y + height * (1 + MARGIN) / (1 + 2 * MARGIN)
        mask = place.mask(64)
        assert mask.any() and place.window[2] >= max(width, height)
        if prompt == "a cozy living room":
            assert mask.all() and setting.place == "living room"
            continue
        rows, columns = np.nonzero(mask)  # the hole is what the mask shows of the window, with something around
        scale = place.window[2] / 64
        assert place.window[0] + columns.min() * scale == pytest.approx(max(x, place.window[0]), abs=scale)
        assert place.window[1] + (rows.max() + 1) * scale == pytest.approx(y + height, abs=scale)
        if "above" in prompt:
            assert y + height < setting.horizon
            assert any(
                abs(one.x + one.width / 2 - middle) < 1 and one.y > y + height for one in _of_kind(place, "couch")
            )
        elif "in front of" in prompt:
            couches = _of_kind(place, "couch")
            assert any(abs(one.x + one.width / 2 - middle) < 1 and one.y + one.height < foot for one in couches)
        elif "vase" in prompt:
            tables = _of_kind(place, "coffee table")
            assert any(one.x < middle < one.x + one.width and one.y < foot < one.y + one.height / 2 for one in tables)
            assert not any(one.bears for one in tables if abs(one.x + one.width / 2 - middle) < 1)
        elif "corner" in prompt:
            assert setting.corner is not None and x < setting.corner < x + width and foot > setting.horizon
        else:
            assert setting.wall and setting.horizon < y + height < 768
        if "hat" in prompt:  # and there is room for it
            hat = make("party hat", Random(0), 0, 0, plain=True)
            kind = KINDS["corgi"]
            tall = sum(kind.height) / 2
            corgi = replace(make("corgi", Random(0), middle, 0, plain=True), form="", parts=(hat,),
                            y=y + height - tall * (1 + MARGIN), height=tall)  # fmt: skip
            where = replace(place.scene, things=(corgi,)).silhouette(hat, *place.window, 64)
            assert where.any() and where.any(1).argmax() >= mask.any(1).argmax()
        assert place == place_for(prompt, seed)


def test_the_prompts_sheet_has_a_row_for_each(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipelines.evaluation.prompts.SEEDS", 2)
    pipeline = NoisePipeline()
    paint_prompts(tmp_path, pipeline, sampler="ddim", steps=1, guidance=1.0)
    assert [(r.prompt, r.seeds) for r in pipeline.requests] == [(p, (s,)) for p in PROMPTS for s in range(2)]
    with Image.open(tmp_path / "prompts.webp") as page:
        assert page.width > 4 * CELL and page.height > len(PROMPTS) * CELL


@pytest.mark.parametrize("seed", people.SEEDS)
def test_every_prompt_that_people_typed_has_a_place(seed: int) -> None:
    rows = people.read_rows()
    assert len({row.prompt.lower() for row in rows}) > 0.9 * len(rows)
    for number, row in enumerate(rows):
        place, mask = people.place_for(row, number, seed)
        assert place.scene.setting.place == row.setting
        share = (mask > 0).mean()
        assert 0.02 < share < (1.01 if row.stands == "whole" else 0.8), row
        x, y, side = place.window
        assert -side / 2 < x < 1152 and -side / 2 < y < 768 and side >= 256


def test_the_pipeline_is_given_what_the_resolver_makes_of_a_prompt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [people.Row("a green velvet taxi", "street", "floor", "medium", mask) for mask in ("ellipse", "rectangle")]
    monkeypatch.setattr(people, "read_rows", lambda: rows)
    pipeline = NoisePipeline(size=256)
    pipeline.vocabulary = frozenset({"a", "green", "yellow", "car"})
    for exact, prompt in ((False, "a green car"), (True, "a green velvet taxi")):
        pipeline.requests.clear()
        people.paint_people(tmp_path, pipeline, exact, sampler="ddim", steps=1, guidance=1.0)
        assert [request.prompt for request in pipeline.requests] == [prompt] * len(rows) * len(people.SEEDS)
        with Image.open(tmp_path / "people-0.webp") as page:
            assert page.width > 4 * CELL
