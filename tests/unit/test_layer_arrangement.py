"""Steps as layers: hidden, faded and moved, as a new branch, and without a model where the pixels are there."""

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from editor.edits import intents
from editor.edits.adjustment import Adjustment
from editor.edits.apply import apply
from editor.edits.edit import NOWHERE, Blend, Edit
from editor.edits.plan import affected_region
from editor.imaging.geometry import Box, Margins
from editor.imaging.picture import Picture
from editor.imaging.raster import Patch
from editor.layers import LayerSettings
from editor.store.queue import Moved
from editor.store.revisions import Revision
from editor.store.store import Store
from pipelines.base import PipelineInfo, run
from pipelines.errors import InvalidInput
from tests.fakes import HeedfulPipeline, loader
from tests.laws import check_edit, rgba
from tests.samples import an_edit, disc, noise
from tests.workbench import Workbench

ROOT = Path(__file__).parents[2]
SIZE = 400
# the first two lie in one window, the third far from both, the fourth in a window with it; the last lies on the first
PLACES = [Box(20, 20, 20, 20), Box(60, 30, 20, 20), Box(330, 330, 20, 20), Box(350, 300, 20, 15), Box(30, 22, 16, 16)]
NAMES = ["a vase", "a lamp", "a cat", "a dog", "a flower"]


def edits_at(places: Sequence[Box] = PLACES) -> list[Edit]:
    return [
        an_edit(disc(box), prompt=name, seed=i, pipeline="heedful", blend=Blend(4))
        for i, (box, name) in enumerate(zip(places, NAMES * 9, strict=False))
    ]


@pytest.fixture
def workbench(store: Store) -> Workbench:
    workbench = Workbench(store, HeedfulPipeline())
    workbench.open(noise(SIZE, SIZE))
    return workbench


def info(name: str) -> PipelineInfo:
    assert name == "heedful"
    return PipelineInfo.of(HeedfulPipeline())


def now(workbench: Workbench) -> list[LayerSettings]:
    """The layers as they are, the lowest first."""
    layers = workbench.session.layers.of(workbench.document.id)
    return [LayerSettings(each.step.id, each.edit.blend.visible, each.edit.blend.opacity) for each in layers]


def changed(workbench: Workbench, **values: float) -> list[LayerSettings]:
    """The layers with those at these places, from `_0` on, hidden (False), visible (True) or of another opacity."""
    layers = now(workbench)
    for name, value in values.items():
        layer = layers[int(name[1:])]
        change = layer._replace(visible=value) if isinstance(value, bool) else layer._replace(opacity=value)
        layers[int(name[1:])] = change
    return layers


def rearrange(workbench: Workbench, layers: Sequence[LayerSettings]) -> int:
    """Makes an arrangement, and checks it against its forecast; how often the model was run."""
    forecast = workbench.session.layers.forecast(workbench.document.id, layers, info)
    before = workbench.now
    jobs = workbench.session.layers.rearrange(workbench.document.id, layers)
    if workbench.pending:
        assert workbench.now == before  # nothing is shown before all of it is there
    runs = workbench.finish()
    assert workbench.now.head == workbench.now.tip == jobs[-1].id
    assert runs <= len(forecast.runs)
    if not forecast.runs:
        assert forecast.picture == workbench.picture
    assert workbench.complaints() == []
    return runs


def from_scratch(edits: Sequence[Edit]) -> Picture:
    picture = Picture.from_pixels(noise(SIZE, SIZE))
    for edit in edits:
        picture = run(apply(edit, picture, loader(HeedfulPipeline()))).picture
    return picture


def with_blend(edit: Edit, **values: object) -> Edit:
    return replace(edit, blend=replace(edit.blend, **values))  # type: ignore[arg-type]


def test_a_hidden_edit_changes_nothing_and_needs_no_model() -> None:
    picture = Picture.from_pixels(noise(SIZE, SIZE))
    hidden = with_blend(edits_at()[0], visible=False)
    assert check_edit(hidden, picture, loader()).picture == picture


@pytest.mark.parametrize("place", range(5))
def test_a_layer_that_is_hidden_and_shown_again_is_as_it_was(workbench: Workbench, place: int) -> None:
    edits = edits_at()
    steps = workbench.do(edits)
    before = workbench.picture.digest
    rearrange(workbench, changed(workbench, **{f"_{place}": False}))
    assert workbench.picture.digest != before
    assert workbench.picture == from_scratch([*edits[:place], *edits[place + 1 :]])
    assert [each.visible for each in now(workbench)] == [n != place for n in range(5)]  # it is still listed
    assert rearrange(workbench, changed(workbench, **{f"_{place}": True})) == 0
    assert workbench.picture.digest == before and workbench.now.head == steps[-1].id


def test_no_model_runs_where_no_window_reads_what_changes(workbench: Workbench) -> None:
    """Of the layers below, the second and the fifth see the first; none sees the fourth, and the fifth is on top."""
    head = workbench.do(edits_at())[-1].id
    layers = workbench.session.layers
    for change, runs in (({"_3": False}, 0), ({"_4": 0.4}, 0), ({"_2": False}, 1), ({"_0": False}, 2)):
        arrangement = changed(workbench, **change)
        forecast = layers.forecast(workbench.document.id, arrangement, info)
        assert [(each.pipeline, each.steps) for each in forecast.runs] == [("heedful", 3)] * runs
        assert rearrange(workbench, arrangement) == runs
        workbench.session.checkout(workbench.document.id, head)


def test_what_sees_the_result_of_a_model_that_must_run_is_counted_too(workbench: Workbench) -> None:
    """The third does not see the first, but the second, which does."""
    edits = edits_at([Box(20, 20, 20, 20), Box(60, 30, 20, 20), Box(100, 30, 20, 20)])
    workbench.do(edits)
    arrangement = changed(workbench, _0=False)
    assert len(workbench.session.layers.forecast(workbench.document.id, arrangement, info).runs) == 2
    assert rearrange(workbench, arrangement) == 2 and workbench.picture == from_scratch(edits[1:])


def test_what_does_not_depend_on_a_hidden_layer_keeps_its_pixels(workbench: Workbench) -> None:
    edits = edits_at()
    workbench.do(edits)
    before = workbench.picture
    rearrange(workbench, changed(workbench, _0=False))
    allowed = affected_region(edits[0], before.box).joined(affected_region(edits[1], before.box))
    allowed = allowed.joined(affected_region(edits[4], before.box))
    differs = (rgba(before, before.box) != rgba(workbench.picture, before.box)).any(axis=-1)
    assert differs.any() and not (differs & (allowed.on(before.box) == 0)).any()


def test_opacity_is_the_blends_and_several_layers_change_at_once(workbench: Workbench) -> None:
    edits = edits_at()
    workbench.do(edits)
    rearrange(workbench, changed(workbench, _1=0.25, _3=False, _4=0.5))
    expected = [*edits[:1], with_blend(edits[1], opacity=0.25), edits[2], with_blend(edits[4], opacity=0.5)]
    assert workbench.picture == from_scratch(expected)
    rearrange(workbench, changed(workbench, _3=0.7))  # still hidden: nothing is seen of it
    assert workbench.picture == from_scratch(expected)
    rearrange(workbench, changed(workbench, _3=True))
    expected.insert(3, with_blend(edits[3], opacity=0.7))
    assert workbench.picture == from_scratch(expected)


def test_layers_apart_change_places_and_the_picture_stays(workbench: Workbench) -> None:
    edits = edits_at()
    workbench.do(edits)
    workbench.session.rename(workbench.now.head, "the flower on top")
    before, old = workbench.picture, workbench.now.head
    layers = now(workbench)
    # the third, far from the first two, to the bottom: no window of one reads the other
    assert rearrange(workbench, [layers[n] for n in (2, 0, 1, 3, 4)]) == 0
    assert workbench.picture == before and workbench.now.head != old
    assert workbench.shown == ["a cat", "a vase", "a lamp", "a dog", "a flower"]
    assert workbench.store.revisions.get(workbench.now.head).name == "the flower on top"
    # the first two see each other: the model runs again, and it is as if it had been done in that order
    layers = now(workbench)
    assert rearrange(workbench, [layers[n] for n in (0, 2, 1, 3, 4)]) > 0
    assert workbench.picture == from_scratch([edits[n] for n in (2, 1, 0, 3, 4)])
    workbench.session.checkout(workbench.document.id, old)  # the old branch stays
    assert workbench.picture == before


def test_layers_that_overlap_keep_their_order(workbench: Workbench) -> None:
    workbench.do(edits_at())
    layers = now(workbench)
    with pytest.raises(InvalidInput, match=r"“a vase” and “a flower” overlap, so they cannot change places"):
        workbench.session.layers.rearrange(workbench.document.id, [layers[n] for n in (4, 0, 1, 2, 3)])
    assert not workbench.pending and now(workbench) == layers


def test_what_changes_the_size_stays_where_it_is(workbench: Workbench) -> None:
    edits = edits_at()
    wider = Edit(NOWHERE, margins=Margins(right=60), prompt="more sky", seed=1, pipeline="heedful", steps=1)
    workbench.do([edits[0], wider, edits[2]])
    workbench.session.crop(workbench.document.id, Box(0, 0, 430, 390))
    workbench.finish()
    layers, sentences = now(workbench), []
    cropped = workbench.picture
    for arrangement in (
        [layers[n] for n in (1, 0, 2, 3)], [layers[n] for n in (0, 1, 3, 2)], changed(workbench, _1=False),
        changed(workbench, _3=False),
    ):  # fmt: skip
        with pytest.raises(InvalidInput, match="size") as refusal:
            workbench.session.layers.rearrange(workbench.document.id, arrangement)
        sentences.append(str(refusal.value))
    assert "“more sky” changes" in sentences[0] and "Layer 4 changes" in sentences[1] and "hidden" in sentences[2]
    rearrange(workbench, changed(workbench, _0=False, _1=0.5, _3=0.5))  # a crop has no opacity
    assert workbench.picture.box == cropped.box
    rearrange(workbench, changed(workbench, _0=True, _1=1))
    assert workbench.picture == cropped


def test_layers_of_another_state_are_refused(workbench: Workbench) -> None:
    workbench.do(edits_at())
    layers = now(workbench)
    for wrong in (layers[:-1], [*layers, layers[0]], []):
        with pytest.raises(Moved, match="changed meanwhile"):
            workbench.session.layers.rearrange(workbench.document.id, wrong)
    workbench.session.undo(workbench.document.id)
    with pytest.raises(Moved, match="changed meanwhile"):
        workbench.session.layers.rearrange(workbench.document.id, layers)
    path = workbench.store.revisions.path_to(layers[-1].revision)[1:]
    edits = [(each.id, with_blend(each.edit, visible=False)) for each in path if each.edit is not None]
    with pytest.raises(Moved, match="another tab"):  # it went back after the layers were looked at
        workbench.store.jobs.rearrange(workbench.document.id, [each.id for each in path], edits)
    with pytest.raises(InvalidInput, match="opacity"):
        workbench.session.layers.rearrange(workbench.document.id, changed(workbench, _0=1.5))
    assert workbench.session.layers.rearrange(workbench.document.id, now(workbench))[0].id == workbench.now.head
    assert not workbench.pending


def test_steps_that_were_undone_are_not_layers_and_are_not_lost(workbench: Workbench) -> None:
    edits = edits_at()
    steps = workbench.do(edits)
    workbench.session.undo(workbench.document.id)
    workbench.session.undo(workbench.document.id)
    rearrange(workbench, changed(workbench, _1=False))
    assert workbench.shown == NAMES[:3] and not workbench.session.can_redo(workbench.document.id)
    workbench.session.checkout(workbench.document.id, steps[-1].id)
    assert workbench.picture == from_scratch(edits)


@pytest.mark.parametrize("way", ["kept", "cancelled"])
def test_jobs_that_wait_follow_the_layers(workbench: Workbench, way: str) -> None:
    *edits, extra = edits_at()
    workbench.do(edits)
    before = workbench.now
    waiting = workbench.session.submit(workbench.document.id, extra)
    jobs = workbench.session.layers.rearrange(workbench.document.id, changed(workbench, _0=False))
    with pytest.raises(Moved, match="being replayed"):
        workbench.session.layers.rearrange(workbench.document.id, changed(workbench, _1=False))
    assert [each.id for each in workbench.pending[:4]] == [each.id for each in jobs]
    assert workbench.pending[4].edit == waiting.edit and workbench.pending[4].parent == jobs[-1].id
    workbench.worker.run_one()
    if way == "cancelled":
        workbench.session.cancel(jobs[2].id)
        assert workbench.now == before and [each.parent for each in workbench.pending] == [before.head]
    workbench.finish()
    assert workbench.picture == from_scratch([*edits[way == "kept" :], extra])


def test_a_moved_layer_that_is_changed_again_replays_no_more_than_what_follows(workbench: Workbench) -> None:
    """The steps of a replay differ from those before it, although they stand in another order."""
    workbench.do(edits_at())
    layers = now(workbench)
    rearrange(workbench, [layers[n] for n in (2, 0, 1, 3, 4)])
    layers = now(workbench)
    jobs = workbench.session.layers.rearrange(workbench.document.id, [layers[n] for n in (0, 1, 3, 2, 4)])
    assert workbench.store.jobs.replaying(workbench.document.id) == [each.id for each in jobs] and len(jobs) == 3
    head = workbench.now.head
    workbench.session.undo(workbench.document.id)  # who went back meanwhile stands at the same place
    workbench.finish()
    assert workbench.now.head == jobs[1].id and workbench.now.tip == jobs[2].id != head


NEXT = """
import sys
from pathlib import Path
from editor.store.store import Store
from editor.worker import Worker
from tests.fakes import HeedfulPipeline, loader
worker = Worker(Store(Path(sys.argv[1])), loader(HeedfulPipeline()))
while worker.run_one():
    if "once" in sys.argv:
        import os
        os._exit(9)
"""


def test_a_server_that_is_killed_midway_goes_on(workbench: Workbench, tmp_path: Path) -> None:
    edits = edits_at()
    workbench.do(edits)
    before = workbench.now
    jobs = workbench.session.layers.rearrange(workbench.document.id, changed(workbench, _0=False))
    command = [sys.executable, "-c", NEXT, str(tmp_path / "data")]
    assert subprocess.run([*command, "once"], cwd=ROOT, check=False).returncode == 9
    assert workbench.now == before and len(workbench.pending) == len(jobs) - 1
    subprocess.run(command, cwd=ROOT, check=True)
    assert workbench.now.head == jobs[-1].id and workbench.picture == from_scratch(edits[1:])


def test_a_forecast_shows_the_old_look_of_what_a_model_must_repeat(workbench: Workbench) -> None:
    edits = edits_at()
    workbench.do(edits)
    before = workbench.picture
    forecast = workbench.session.layers.forecast(workbench.document.id, changed(workbench, _0=False), info)
    flower = affected_region(edits[4], before.box)
    seen, shown = rgba(forecast.picture, flower.box), rgba(before, flower.box)
    assert np.array_equal(seen[flower.alpha > 0], shown[flower.alpha > 0]) and forecast.picture != before

    def loading(name: str) -> PipelineInfo:
        raise InvalidInput("It is loading.")

    unknown = workbench.session.layers.forecast(workbench.document.id, changed(workbench, _1=0.5), loading)
    assert [each.steps for each in unknown.runs] == [0] * 4
    assert not workbench.pending and workbench.picture == before


@settings(max_examples=12)
@given(
    corners=st.lists(st.tuples(st.integers(0, 360), st.integers(0, 360)), min_size=2, max_size=5),
    seed=st.integers(0, 99),
)
def test_an_arrangement_is_what_had_been_done_in_that_order(
    tmp_path_factory: pytest.TempPathFactory, corners: list[tuple[int, int]], seed: int
) -> None:
    workbench = Workbench(store := Store(tmp_path_factory.mktemp("layers")), HeedfulPipeline())
    workbench.open(noise(SIZE, SIZE))
    edits = edits_at([Box(x, y, 24, 18) for x, y in corners])
    workbench.do(edits)
    random = np.random.default_rng(seed)
    order = [int(n) for n in random.permutation(len(edits))]
    layers = workbench.session.layers.of(workbench.document.id)
    hidden, opacities = random.random(len(edits)) < 0.3, random.choice([1, 1, 0.5, 0], len(edits))
    arrangement = [LayerSettings(layers[n].step.id, not hidden[n], float(opacities[n])) for n in order]
    meets = any(layers[a].overlaps(layers[b]) for i, b in enumerate(order) for a in order[i:] if a < b)
    if meets:
        with pytest.raises(InvalidInput, match="overlap"):
            workbench.session.layers.rearrange(workbench.document.id, arrangement)
    else:
        rearrange(workbench, arrangement)
        wanted = [with_blend(edits[n], visible=not hidden[n], opacity=float(opacities[n])) for n in order]
        assert workbench.picture == from_scratch(wanted)
    store.close()


def test_a_hidden_layer_is_found_as_it_was_last_visible(workbench: Workbench) -> None:
    edits = edits_at()
    steps = workbench.do(edits)
    hidden = with_blend(edits[3], visible=False)

    def found(edit: Edit) -> Revision:
        step = workbench.store.revisions.last_visible(workbench.document.id, edit)
        assert step is not None
        return step

    rearrange(workbench, changed(workbench, _3=False))
    assert found(hidden).id == steps[3].id
    assert found(with_blend(hidden, opacity=0.3)).id == steps[3].id  # never visible like this
    assert workbench.store.revisions.last_visible(workbench.document.id, replace(hidden, seed=99)) is None


def test_adjustments_and_pasted_pictures_are_layers_too(workbench: Workbench) -> None:
    """They are hidden, faded and moved without a model, and what lies below them may change."""
    vase, lamp, cat, *_ = edits_at()
    piece = intents.paste(Patch(Box(150, 150, 60, 50), np.dstack([noise(60, 50, 7), disc(Box(0, 0, 60, 50)).alpha])))
    dark = intents.adjust(disc(Box(10, 10, 90, 60)), Adjustment(exposure=-1.5, blur=3), Blend(feather=4))
    warm = intents.adjust(NOWHERE, Adjustment(temperature=0.5), Blend(feather=0))
    workbench.do([vase, piece, lamp, dark, cat, warm])
    before = workbench.picture
    for number in (1, 3, 5):
        assert rearrange(workbench, changed(workbench, **{f"_{number}": False})) == 0
        assert workbench.picture != before
        assert rearrange(workbench, changed(workbench, **{f"_{number}": True})) == 0
        assert workbench.picture == before
        rearrange(workbench, changed(workbench, **{f"_{number}": 0.5}))
        assert workbench.picture != before
        assert rearrange(workbench, changed(workbench, **{f"_{number}": 1.0})) == 0
        assert workbench.picture == before
    order = now(workbench)
    order.insert(2, order.pop(1))  # the pasted picture above the lamp, which it does not touch
    assert rearrange(workbench, order) == 0 and workbench.picture == before
    rearrange(workbench, changed(workbench, _0=False))  # the adjustments follow what is below them
    assert workbench.picture == from_scratch([lamp, piece, dark, cat, warm])
    with pytest.raises(InvalidInput, match="overlap, so they cannot change places"):
        workbench.session.layers.change(workbench.document.id, now(workbench)[5].revision, place=1)
