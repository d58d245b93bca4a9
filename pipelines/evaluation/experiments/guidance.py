"""Experiment 1: classifier-free against CLIP guidance at 64 pixels (Nichol et al. 2021, section 4.2, figure 6).

Two tracks. Holes of things, as the editor asks for them: there an empty prompt means removal, so that guidance leads
away from an empty place as well. Whole pictures from a caption: there an empty prompt means any, as in the paper.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np

from pipelines.base import Pipeline, Pixels, Request
from pipelines.evaluation.edits import before, whole
from pipelines.evaluation.experiments.arms import Arm, Number, share
from pipelines.evaluation.experiments.samples import BATCH, distances, features_of, images_of, number
from pipelines.evaluation.fills import Sample, complete
from pipelines.evaluation.held_out import GUIDANCE_SCENES, GUIDANCE_TRUTH_SCENES
from pipelines.evaluation.judge import Judge, shows_thing
from pipelines.evaluation.measures import composed
from pipelines.evaluation.metrics.estimates import Floats
from pipelines.evaluation.metrics.features import Extractor
from pipelines.evaluation.metrics.scores import Scorer, clip_score
from pipelines.evaluation.sample_sets import SampleFolder
from pipelines.training.dataset import Example, example

CFG_SCALES = (1.0, 1.25, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0)
CLIP_SCALES = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0)
OWN, SECOND = "guiding CLIP's score", "second CLIP's score"  # of samples, by the one that may guide, and another
RIGHT = "kind and colour right"
TRUE = "true"  # the arm of what is true, which no model can be expected to beat


@dataclass(frozen=True)
class Track:
    """What is asked for."""

    name: str
    edit: Callable[[int, int], Example]  # (seed, size) -> an edit with a prompt
    before: Callable[[Example], Pixels]  # the window before it


def _fill(seed: int, size: int) -> Example:
    return whole(seed, size, empty=0.0)


def _picture(seed: int, size: int) -> Example:
    return example(seed, size, 0.0, hole="picture")


def _nothing(edit: Example) -> Pixels:
    return np.full_like(edit.image, 128)


def _true(index: int, edit: Example) -> Pixels:
    return edit.image


FILLS, PICTURES = Track("fills", _fill, before), Track("pictures", _picture, _nothing)
TRACKS = (FILLS, PICTURES)


def base_guess(pipeline: Pipeline, request: Request) -> Pixels:
    """Returns what a pipeline's base model draws, enlarged; its upsampler does not run. (S, S, 3)"""
    with closing(pipeline.inpaint(request)) as steps:
        for step in steps:
            if step.index == request.steps and step.preview is not None:
                return step.preview[0]
    raise AssertionError("a pipeline shows its base's last guess")


@dataclass(frozen=True)
class Frontier:
    """The experiment.

    Samples are kept in folders, and arms with rows are not measured again. All are compared with true windows of other
    scenes.
    """

    out: Path
    pipeline: Pipeline
    weights: str | None  # SHA-256 of its weights
    judge: Judge
    extractor: Extractor
    scorers: Mapping[str, Scorer]  # by the names of what they measure
    count: int  # samples of an arm
    sampler: str  # as in a Request
    steps: int  # as in a Request

    def arms(self) -> Iterator[Arm]:
        """Yields all arms: of both tracks, what is true, then one kind of guidance after the other."""
        scales = [(scale, 0.0) for scale in CFG_SCALES]
        if "clip_guidance" not in self.pipeline.unsupported:
            scales += [(1.0, scale) for scale in CLIP_SCALES]
        scorers = {name: dict(scorer.networks) for name, scorer in self.scorers.items()}
        for track in TRACKS:
            others = cache(partial(self._other_features, track))  # all arms of a track are compared with the same
            settings = {
                "track": track.name,
                "samples": self.count,
                "scorers": scorers,
                "model": TRUE,
                "size": self.pipeline.size,
            }
            name = f"{track.name}-{TRUE}"
            yield Arm(name, settings, partial(self._measure, name, track, settings, _true, others))
            for guidance, clip_guidance in scales:
                name = f"{track.name}-clip-{clip_guidance:g}" if clip_guidance else f"{track.name}-cfg-{guidance:g}"
                settings = {
                    "track": track.name,
                    "guidance": guidance,
                    "clip_guidance": clip_guidance,
                    "samples": self.count,
                    "scorers": scorers,
                    "model": self.pipeline.name,
                    "weights": self.weights,
                    "sampler": self.sampler,
                    "steps": self.steps,
                }
                paint = partial(self._painted, track, guidance, clip_guidance)
                yield Arm(name, settings, partial(self._measure, name, track, settings, paint, others))

    def _painted(self, track: Track, guidance: float, clip_guidance: float, index: int, edit: Example) -> Pixels:
        original = track.before(edit)
        request = Request(
            original, edit.mask, edit.prompt, "", guidance, clip_guidance, 1.0, self.steps, self.sampler, (index,)
        )
        return composed(base_guess(self.pipeline, request), edit.mask, original)

    def _other_features(self, track: Track) -> Floats:
        def draw(index: int) -> Sample:
            edit = track.edit(GUIDANCE_TRUTH_SCENES + index, self.pipeline.size)
            return Sample(edit.image, edit.mask, edit.prompt)

        settings = {"track": track.name, "size": self.pipeline.size}
        samples = complete(self.out / "samples" / f"{track.name}-other-{TRUE}", settings, self.count, draw)
        return features_of(samples, self.extractor).pooled

    def _measure(
        self,
        name: str,
        track: Track,
        settings: Mapping[str, Any],
        paint: Callable[[int, Example], Pixels],
        others: Callable[[], Floats],
    ) -> Mapping[str, Number]:
        def edit(index: int) -> Example:
            return track.edit(GUIDANCE_SCENES + index, self.pipeline.size)

        def make(index: int) -> Sample:
            asked = edit(index)
            return Sample(paint(index, asked), asked.mask, asked.prompt)

        decisive = {key: settings[key] for key in settings if key not in ("samples", "scorers")}  # of each sample
        samples = complete(self.out / "samples" / name, decisive, self.count, make)
        values = distances(features_of(samples, self.extractor).pooled, others()) | self._scores(samples)
        if track is FILLS:
            pairs = zip(map(edit, range(self.count)), images_of(samples), strict=True)
            values[RIGHT] = share(self._shown(*pair) for pair in pairs)
        return values

    def _shown(self, edit: Example, image: Pixels) -> bool:
        return shows_thing(edit, self.judge.look(image, edit.mask)[0])

    def _scores(self, samples: SampleFolder) -> dict[str, Number]:
        prompts = samples.prompts or ()
        cosines: dict[str, list[Floats]] = {name: [] for name in self.scorers}
        at = 0
        for images, holes in samples.batches(BATCH):
            for name, scorer in self.scorers.items():
                cosines[name].append(scorer(images, holes, prompts[at : at + len(images)]))
            at += len(images)
        return {name: number(clip_score(np.concatenate(found))) for name, found in cosines.items()}
