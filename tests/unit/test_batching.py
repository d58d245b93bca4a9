"""Batching: jobs that wait anyway are drawn in one request, and come out as each alone."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from editor.batching import WAITED
from editor.edits.apply import apply
from editor.edits.edit import Blend, Edit
from editor.edits.generation import Variations, generate_together
from editor.edits.intents import crop
from editor.edits.plan import affected_region
from editor.imaging.geometry import Box
from editor.imaging.limits import MAX_IMAGES
from editor.imaging.picture import Picture
from editor.imaging.raster import Mask
from editor.outcome import DONE, FAILED, Outcome
from editor.session import Session
from editor.store.store import Store
from editor.store.turns import BACKGROUND_FOR
from editor.worker import Worker
from pipelines.base import Request, Run, run
from tests.fakes import NoisePipeline, ShapedPipeline, SlowPipeline, loader, until
from tests.samples import an_edit, disc, noise

MASK = disc(Box(50, 60, 40, 30))


class Drawing(NoisePipeline):
    """Noise that takes less time together; it refuses the prompt "bad"."""

    faster_together = True

    def inpaint(self, request: Request) -> Run:
        if "bad" in request.prompts:
            self.requests.append(request)
            raise RuntimeError("a fault")
        return (yield from super().inpaint(request))


class Studio:
    """A store in which edits on many pictures wait, and one worker."""

    def __init__(self, store: Store, model: Any) -> None:
        self.store, self.session, self.model = store, Session(store), model
        self.outcomes: list[Outcome] = []
        self.worker = Worker(store, loader(model), on_outcome=self.outcomes.append)

    def add(self, edits: Sequence[Edit], waited: float = 2 * WAITED) -> list[str]:
        """Queues an edit on a picture of its own each; they have waited for so many seconds."""
        documents = [self.session.open(noise(300, 280, seed=n), f"Room {n}").id for n in range(len(edits))]
        jobs = [self.session.submit(*each).id for each in zip(documents, edits, strict=True)]
        self.age(jobs, waited)
        return jobs

    def age(self, jobs: Sequence[str], seconds: float) -> None:
        with self.store.database.transaction() as db:
            for job in jobs:
                db.run("UPDATE revision SET created = created - :age WHERE id = :id", age=seconds, id=job)

    def check(self, job: str) -> None:
        """It is what its edit alone makes of its picture."""
        made = self.store.revisions.get(job)
        assert made.edit and made.parent and made.picture, made.error
        alone = run(apply(made.edit, self.store.revisions.picture(made.parent), loader(self.model)))
        assert made.picture.digest == alone.picture.digest


def prompted(*prompts: str, **settings: Any) -> list[Edit]:
    """Each a bit further to the right."""
    masks = [disc(Box(50 + 10 * n, 60, 40, 30)) for n in range(len(prompts))]
    edits = zip(masks, prompts, strict=True)
    return [an_edit(mask, prompt=prompt, seed=n, **settings) for n, (mask, prompt) in enumerate(edits)]


@pytest.fixture
def studio(store: Store) -> Studio:
    return Studio(store, Drawing())


def test_what_waits_is_drawn_in_one_request_and_comes_out_as_alone(studio: Studio) -> None:
    jobs = studio.add(prompted("a vase", "a lamp", "a corgi"))
    assert studio.worker.run_one() and not studio.worker.run_one()
    (request,) = studio.model.requests
    assert request.prompts == ("a vase", "a lamp", "a corgi")
    assert [(each.state, each.jobs) for each in studio.outcomes] == [(DONE, 1)] * 3
    for job in jobs:
        studio.check(job)


def test_variations_stay_together(studio: Studio) -> None:
    (first,) = studio.add(prompted("a vase"))
    document = studio.session.open(noise(300, 280, seed=9), "Hall").id
    several = [each.id for each in studio.session.variations(document, an_edit(MASK, prompt="a tree", seed=50), 3)]
    studio.age(several, 2 * WAITED)
    assert studio.worker.run_one() and not studio.worker.run_one()
    (request,) = studio.model.requests
    assert request.seeds == (0, 50, 51, 52)
    for job in (first, *several):
        studio.check(job)
    assert studio.store.documents.get(document).head in several


def test_no_more_than_a_request_holds(studio: Studio) -> None:
    jobs = studio.add(prompted(*(f"thing {n}" for n in range(MAX_IMAGES + 2))))
    assert studio.worker.run_one() and sum(studio.store.revisions.get(job).pending for job in jobs) == 2
    assert studio.worker.run_one()
    assert [len(each.seeds) for each in studio.model.requests] == [MAX_IMAGES, 2]


OTHERS: dict[str, Callable[[], Edit]] = {
    "steps": lambda: an_edit(MASK, prompt="a lamp", steps=7),
    "guidance": lambda: an_edit(MASK, prompt="a lamp", guidance=1.5),
    "negative prompt": lambda: an_edit(MASK, prompt="a lamp", negative_prompt="red"),
    "several windows": lambda: an_edit(apart(), prompt="a lamp"),
    "no model": lambda: crop(Box(0, 0, 300, 280), Box(0, 0, 100, 100)),
}


def apart() -> Mask:
    """Two places that no window of the model shows at once."""
    alpha = np.zeros((280, 300), np.uint8)
    alpha[4:24, 4:24] = alpha[250:270, 270:290] = 255
    return Mask(Box(0, 0, 300, 280), alpha)


@pytest.mark.parametrize("name", OTHERS)
def test_what_differs_more_is_drawn_alone(studio: Studio, name: str) -> None:
    first, other = studio.add([an_edit(MASK, prompt="a vase", steps=3), OTHERS[name]()])
    assert studio.worker.run_one()
    assert [each.prompts for each in studio.model.requests] == [("a vase",)]
    assert studio.store.jobs.has_free(60)  # for whoever has nothing to do
    assert studio.worker.run_one()
    studio.check(first)
    studio.check(other)


def test_another_shape_is_drawn_alone(store: Store) -> None:
    shaped = ShapedPipeline()
    shaped.faster_together = True
    studio = Studio(store, shaped)
    masks = disc(Box(20, 60, 100, 40)), disc(Box(60, 20, 40, 100)), disc(Box(25, 70, 100, 40))
    studio.add([an_edit(mask, pipeline="shaped", prompt=str(n)) for n, mask in enumerate(masks)])
    assert studio.worker.run_one() and studio.store.jobs.has_free(60)
    assert studio.worker.run_one()
    assert [each.prompts for each in shaped.requests] == [("0", "2"), ("1",)]
    assert shaped.requests[0].shape != shaped.requests[1].shape


def test_edits_of_several_windows_share_requests_too() -> None:
    """Whatever they ask next: other shapes, later turns and details come out as alone."""
    model = ShapedPipeline()
    wide, tall = disc(Box(20, 60, 100, 40)), disc(Box(60, 20, 40, 100))
    masks = (apart(), wide, tall, apart(), disc(Box(5, 5, 290, 270)))
    groups = [
        Variations([an_edit(mask, pipeline="shaped", prompt=str(n))], Picture.from_pixels(noise(300, 280, seed=n)))
        for n, mask in enumerate(masks)
    ]
    together = run(generate_together(groups, model))
    requests = len(model.requests)
    for (edits, picture, _), (applied,) in zip(groups, together, strict=True):
        alone = run(apply(edits[0], picture, loader(model)))
        assert applied.picture.digest == alone.picture.digest and applied.windows == alone.windows
    assert requests < len(model.requests) - requests


def test_a_free_worker_is_left_what_has_just_come(studio: Studio) -> None:
    studio.add(prompted("a vase", "a lamp"), waited=0)
    while studio.worker.run_one():
        pass
    assert [each.prompts for each in studio.model.requests] == [("a vase",), ("a lamp",)]


def test_a_model_that_gains_nothing_by_it_draws_one_by_one(store: Store) -> None:
    studio = Studio(store, NoisePipeline())
    studio.add(prompted("a vase", "a lamp"))
    while studio.worker.run_one():
        pass
    assert [each.prompts for each in studio.model.requests] == [("a vase",), ("a lamp",)]


def test_no_model_is_loaded_for_what_needs_none(studio: Studio) -> None:
    loaded = []

    def load(name: str) -> Any:
        loaded.append(name)
        return studio.model

    worker = Worker(studio.store, load)
    hidden = an_edit(MASK, prompt="a vase", blend=Blend(visible=False))
    first, *_ = studio.add([hidden, crop(Box(0, 0, 300, 280), Box(0, 0, 99, 99)), *prompted("a lamp")])
    assert worker.run_one() and worker.run_one() and loaded == []
    assert studio.store.revisions.get(first).picture is not None
    assert worker.run_one() and set(loaded) == {"noise"}


def test_one_that_fails_spoils_no_other(studio: Studio) -> None:
    jobs = studio.add(prompted("a vase", "bad", "a corgi"))
    assert studio.worker.run_one() and not studio.worker.run_one()
    assert [each.prompts for each in studio.model.requests[1:]] == [("a vase",), ("bad",), ("a corgi",)]
    studio.check(jobs[0])
    studio.check(jobs[2])
    assert "a fault" in str(studio.store.revisions.get(jobs[1]).error)
    assert [each.state for each in studio.outcomes] == [DONE, FAILED, DONE]


def test_what_a_process_died_of_runs_alone(studio: Studio) -> None:
    jobs = studio.add(prompted("a vase", "a lamp", "a corgi"))
    assert studio.store.jobs.claim_these(jobs[1:2], "dead", 60.0) == jobs[1:2]
    studio.store.jobs.count_death("dead", "It was killed.", again=True)
    while studio.worker.run_one():
        pass
    assert [each.prompts for each in studio.model.requests] == [("a vase", "a corgi"), ("a lamp",)]


def test_one_is_cancelled_and_the_others_go_on_with_their_previews(store: Store) -> None:
    slow = SlowPipeline()
    slow.faster_together = True
    studio = Studio(store, slow)
    jobs = studio.add(prompted("a vase", "a lamp", "a corgi", pipeline="slow", steps=4))
    documents = [store.revisions.get(job).document for job in jobs]
    studio.worker.start()
    slow.allow(2)
    reports = [lambda job=job, of=of: store.progress.of(of).get(job) for job, of in zip(jobs, documents, strict=True)]
    until(lambda: all((report := each()) and report.step == 2 for each in reports))
    for job, report in zip(jobs, reports, strict=True):
        edit, shown = store.revisions.get(job).edit, report()
        assert edit and shown and shown.box
        assert shown.box.intersect(affected_region(edit, Box(0, 0, 300, 280)).bounds) == shown.box
    store.jobs.cancel(jobs[1])
    slow.allow(2)
    until(lambda: not any(store.revisions.get(job).pending for job in jobs))
    studio.worker.stop()
    assert store.revisions.get(jobs[1]).cancelled and store.progress.of(documents[1]) == {}
    for job in (jobs[0], jobs[2]):
        made = store.revisions.get(job)
        assert made.picture is not None and made.edit is not None
        assert np.array_equal(slow.noise.image(made.edit.seed, made.edit.prompt), next(_crops(store, job)))


def _crops(store: Store, job: str) -> Any:
    rows = store.database.rows("SELECT request FROM drawn WHERE revision = :id", id=job)
    document = store.revisions.get(job).document
    return (store.revisions.crop(document, request) for (request,) in rows)


def test_steps_of_a_replay_let_single_edits_pass_for_a_while(studio: Studio) -> None:
    long = studio.session.open(noise(300, 280), "Long").id
    steps = []
    for n in range(3):
        steps.append(studio.session.submit(long, an_edit(MASK, prompt=f"step {n}", seed=n)).id)
        assert studio.worker.run_one()
    replay = studio.session.amend(long, steps[0], an_edit(MASK, prompt="another", seed=0))
    assert len(replay) == 3
    hall = studio.session.open(noise(300, 280, seed=1), "Hall")
    singles = [studio.session.submit(hall.id, edit, hall.head).id for edit in prompted("one", "two", steps=2)]
    assert [studio.store.jobs.claim("w", 60) for _ in singles] == [[id] for id in singles]
    assert not studio.store.jobs.has_free(60, background=False) and studio.store.jobs.has_free(60)
    assert studio.store.jobs.claim("w", 60, background=False) == []
    studio.age([each.id for each in replay], BACKGROUND_FOR)
    assert studio.store.jobs.claim("w", 60, background=False) == [replay[0].id]
