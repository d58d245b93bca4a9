"""Compares models and folders of samples with a reference: compare.json, and a table made from it alone."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from textwrap import shorten
from time import monotonic
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file
from tqdm import tqdm

from pipelines import API, FOLDER, HUB, LAMA, PIPELINES, in_full
from pipelines.base import Pipeline
from pipelines.errors import InvalidInput
from pipelines.evaluation.fills import MOST, draw_truth, paint_fills, usual_steps, weights_digest
from pipelines.evaluation.held_out import FILL_SCENES, SEEDS, TRUTH_SCENES
from pipelines.evaluation.metrics.distances import gaussian_from
from pipelines.evaluation.metrics.estimates import Estimate, Floats, difference
from pipelines.evaluation.metrics.features import Extractor, Features, joined
from pipelines.evaluation.metrics.measured import CLIP_SCORE, Metrics, Reference, check_count, compare_features, score
from pipelines.evaluation.metrics.scores import Scorer
from pipelines.evaluation.sample_sets import HOLES, STATISTICS, SampleSet, open_samples
from pipelines.provenance import VERSION
from pipelines.whole_file import write_whole

TRUE = "truth"  # the argument that stands for true windows of the drawn world
REFERENCE = "as-reference"  # at the end of a folder: fills of scenes that no arm paints
FLOOR = "other true windows"  # the row of what no model can be expected to beat
USUAL = 500  # fills of each model, where no set says how many there are
BATCH = 32  # pictures that a network looks at together
DIGITS = {"FID": 2, "sFID": 2, "FID-infinity": 2, "KID": 4, "precision": 3, "recall": 3}
SCORES = {"inception score": 2, CLIP_SCORE: 2}


@dataclass
class Arm:
    """What is compared: a row of the table."""

    name: str
    samples: SampleSet
    seconds: float  # that it took to be made and measured, now
    metrics: Metrics = field(default_factory=lambda: Metrics({}, {}))


@dataclass(frozen=True)
class Comparison:
    """How a comparison is made."""

    out: Path  # the folder that all of it goes to
    count: int | None  # samples of each arm; None: as many as its folders have
    seed: int  # which edits models are asked for
    sampler: str  # as in a Request
    steps: int | None  # as in a Request; None: the model's own
    guidance: float  # as in a Request
    extractor: Extractor
    scorer: Scorer | None  # for the CLIP score
    load: Callable[[str], Pipeline]

    def run(self, reference: str, names: Sequence[str]) -> dict[str, Any]:
        """Compares arms with a reference; writes compare.json and compare.md.

        Args:
            reference: TRUE, a model or a set of samples.
            names: models and sets of samples.

        Returns:
            What compare.json holds.

        Raises:
            InvalidInput: a set is missing or damaged, or the sets cannot be compared.
        """
        self._check(reference, names)
        given = {name: open_samples(Path(name)) for name in (*names, reference) if name != TRUE and not is_model(name)}
        if self.count:
            given = {name: _cut(each, self.count) if name in names else each for name, each in given.items()}
        size, count = self._form(given, reference, names)
        check_alike(given, reference, self.extractor.sees_holes)  # before hours of painting
        arms = [self._arm(name, given, count, FILL_SCENES) for name in names]
        if reference == TRUE:
            arms.append(self._truth(FLOOR, size, count, FILL_SCENES))
            base = self._truth(TRUE, size, count, TRUTH_SCENES)
        else:
            base = self._arm(reference, given, count, TRUTH_SCENES)
        sets = {each.name: each.samples for each in (*arms, base) if each.name != FLOOR}
        check_alike(sets, reference, self.extractor.sees_holes)
        basis = self._reference(base)
        for arm in arms:
            self._measure(arm, basis)
        self._measure(base, None)
        document = self._document(base, arms)
        write_whole(self.out / "compare.json", json.dumps(document, indent=1) + "\n")
        write_whole(self.out / "compare.md", table(document) + "\n")
        return document

    def _check(self, reference: str, names: Sequence[str]) -> None:
        if not names:
            raise InvalidInput(f"There is only {reference}: name what is to be compared with it as well.")
        if TRUE in names:
            raise InvalidInput(f"{TRUE} is what others are compared with: put it first.")
        if repeated := {name for name in names if [reference, *names].count(name) > 1}:
            raise InvalidInput(f"{min(repeated)} stands there twice: name each set once.")
        if not 0 <= self.seed < SEEDS:
            raise InvalidInput(f"--seed {self.seed} has no edits of its own: 0 to {SEEDS - 1} have.")
        if self.count is not None:
            check_count("--samples", self.count)

    def _form(self, given: Mapping[str, SampleSet], reference: str, names: Sequence[str]) -> tuple[int, int]:
        """Returns the side in pixels of windows and the number of samples: those of the sets given, or of models."""
        shapes, models = {}, False
        for name in (*names, reference):
            if is_model(name):
                size, models = self.load(in_full(name)).size, True
                shapes[name] = (size, size)
            elif name in given:
                shapes[name] = given[name].shape
        first, (height, width) = next(iter(shapes.items()))
        if reference == TRUE:
            shapes[TRUE] = (width, width)
        for name, shape in shapes.items():
            self.extractor.check(name, *shape)
            if shape != (height, width):
                raise InvalidInput(
                    f"{name} is of {shape[1]}x{shape[0]} pixels and {first} of {width}x{height}: a distance would "
                    "measure that. Compare sets of one size."
                )
        count = self.count or next((len(given[name]) for name in names if name in given), USUAL)
        if models and count > MOST:
            raise InvalidInput(f"A model is asked for {MOST} fills at most, not {count}: say --samples.")
        return width, count

    def _arm(self, name: str, given: Mapping[str, SampleSet], count: int, first: int) -> Arm:
        """Takes the set of this name, or has the model of this name paint one, of the scenes from `first` on."""
        start = monotonic()
        if name in given:
            return Arm(name, given[name], 0.0)
        full = in_full(name)
        pipeline = self.load(full)
        folder = _file_name(name) if first == FILL_SCENES else f"{_file_name(name)}-{REFERENCE}"
        samples = paint_fills(
            self.out / "samples" / folder,
            pipeline,
            weights_digest(full),
            count,
            self.seed,
            first,
            sampler=self.sampler,
            steps=self.steps or usual_steps(pipeline),
            guidance=self.guidance,
        )
        return Arm(name, samples, monotonic() - start)

    def _truth(self, name: str, size: int, count: int, first: int) -> Arm:
        start = monotonic()
        samples = draw_truth(self.out / "samples" / _file_name(name), size, count, self.seed, first)
        return Arm(name, samples, monotonic() - start)

    def _reference(self, base: Arm) -> Reference:
        features = self._features(base.samples)
        statistics = base.samples.statistics()
        if not statistics or statistics["mu"].shape != features.pooled.shape[1:]:
            return Reference(features)  # of other features than these
        pooled, spatial = features.pooled.shape[1], features.spatial.shape[1]
        for name, shape in zip(STATISTICS, ((pooled,), (pooled, pooled), (spatial,), (spatial, spatial)), strict=True):
            if statistics[name].shape != shape or not np.isfinite(statistics[name]).all():
                raise InvalidInput(
                    f"{name} of {base.name} is {statistics[name].shape}, or not finite; it must be {shape}: get the "
                    "file again, or leave its statistics out of it."
                )
        mu, sigma, mu_s, sigma_s = (statistics[name] for name in STATISTICS)
        return Reference(features, gaussian_from(mu, sigma), gaussian_from(mu_s, sigma_s))

    def _features(self, samples: SampleSet) -> Features:
        """Extracts the features of a set, or reads those that an earlier run left."""
        key = sha256(f"{samples.digest} {self.extractor.digest}".encode()).hexdigest()[:32]
        file = self.out / "features" / f"{key}.safetensors"
        if (found := _read_features(file)) is not None:
            return found
        with tqdm(total=len(samples), desc=f"features of {samples.name}", unit=" samples") as bar:
            parts = []
            for images, holes in samples.batches(BATCH):
                parts.append(self.extractor(images, holes))
                bar.update(len(images))
        features = joined(parts)
        file.parent.mkdir(parents=True, exist_ok=True)
        part = file.with_suffix(".part")
        save_file(features._asdict(), part)
        part.replace(file)
        return features

    def _measure(self, arm: Arm, basis: Reference | None) -> None:
        """Adds an arm's metrics; only the scores without a basis."""
        start = monotonic()
        features = self._features(arm.samples)
        unread = self._unread(arm)
        estimates = score(features, None if unread else self._cosines(arm.samples))
        left_out = {CLIP_SCORE: unread} if unread else {}
        if basis:
            distances = compare_features(features, basis)
            estimates, left_out = distances.estimates | estimates, distances.left_out | left_out
        arm.metrics = Metrics(estimates, left_out)
        arm.seconds += monotonic() - start

    def _unread(self, arm: Arm) -> str:
        """Says why an arm has no CLIP score: not all its prompts are read to their ends; '' where they are, or none."""
        prompts = arm.samples.prompts or ()
        if self.scorer is None or not (cut := [prompt for prompt in prompts if self.scorer.unread(prompt)]):
            return ""
        return (
            f"{CLIP_SCORE} takes prompts that CLIP reads to their ends; of {arm.name} {len(cut)} of {len(prompts)} "
            f"are longer, the first from “{shorten(self.scorer.unread(cut[0]), 60)}” on. Shorten them."
        )

    def _cosines(self, samples: SampleSet) -> Floats | None:
        if self.scorer is None or samples.prompts is None:
            return None
        at, cosines = 0, []
        for images, holes in samples.batches(BATCH):
            cosines.append(self.scorer(images, holes, samples.prompts[at : at + len(images)]))
            at += len(images)
        return np.concatenate(cosines)

    def _document(self, base: Arm, arms: Sequence[Arm]) -> dict[str, Any]:
        return {
            "reference": _row(base),
            "features": {"by": self.extractor.name, "sha256": self.extractor.digest},
            "scorer": self.scorer and {"sha256": dict(self.scorer.networks)},
            "versions": {"palimpsest": VERSION, "torch": torch.__version__, "numpy": np.__version__},
            "rows": [_row(arm, arms[0]) for arm in arms],
        }


def _read_features(file: Path) -> Features | None:
    """Reads what an earlier run left; None where there is nothing, or it is damaged, which one can extract again."""
    try:
        return Features(**load_file(file))
    except (OSError, SafetensorError, TypeError):  # the last, where it holds something else
        return None


def is_model(name: str) -> bool:
    """Whether an argument names a model, and not a folder or file of samples."""
    return name in PIPELINES or name.startswith((FOLDER, HUB, LAMA, API))


def check_alike(sets: Mapping[str, SampleSet], reference: str, sees_holes: bool) -> None:
    """Refuses sets that cannot be compared.

    Args:
        sets: by their names.
        reference: the name of the one that may differ in number and prompts.
        sees_holes: whether what looks at them looks at holes, which all must have then, or none.

    Raises:
        InvalidInput: they differ in number or prompts, or some are fills and some are not.
    """
    arms = {name: samples for name, samples in sets.items() if name != reference}
    for name, samples in sets.items():
        check_count(name, len(samples))
        first = next(iter(sets))
        if sees_holes and samples.holes != sets[first].holes:
            one, other = (name, first) if samples.holes else (first, name)
            raise InvalidInput(
                f"{one} has holes, which are compared above all, and {other} has none, whose pictures are compared as "
                f"a whole. Put the masks into a folder {HOLES}/, or compare sets of one sort."
            )
    for name, samples in arms.items():
        first, wanted = next(iter(arms.items()))
        if len(samples) != len(wanted):
            raise InvalidInput(
                f"{name} has {len(samples)} samples and {first} {len(wanted)}: a distance depends on how many there "
                f"are. Say --samples {min(len(samples), len(wanted))}."
            )
        for number, (prompt, own) in enumerate(zip(wanted.prompts or (), samples.prompts or (), strict=False), 1):
            if prompt != own:
                raise InvalidInput(
                    f"{name} and {first} are not of the same prompts: number {number} of the one is {own!r}, of the "
                    f"other {prompt!r}."
                )


def _cut(samples: SampleSet, count: int) -> SampleSet:
    if len(samples) < count:
        raise InvalidInput(f"{samples.name} has {len(samples)} samples, not {count}: say fewer --samples.")
    return samples.first(count)


def _file_name(name: str) -> str:
    """Makes the name of an arm one of a folder."""
    return "-".join("".join(letter if letter.isalnum() else " " for letter in name).split())


def _row(arm: Arm, first: Arm | None = None) -> dict[str, Any]:
    """Makes an arm's row; with a first arm, the differences from that too."""
    settings, estimates = arm.samples.settings, arm.metrics.estimates
    row = {
        "arm": arm.name,
        "samples": len(arm.samples),
        "settings": settings,
        "weights_sha256": settings.get("weights"),
        "samples_sha256": arm.samples.digest,
        "seconds": round(arm.seconds, 1),
        "metrics": {name: _number(each) for name, each in estimates.items()},
        "left_out": arm.metrics.left_out,
    }
    if first is not None and first is not arm:
        others = first.metrics.estimates
        row["differences"] = {name: _number(difference(each, others[name])) for name, each in estimates.items()
                              if name in others}  # fmt: skip
    return row


def _number(estimate: Estimate) -> dict[str, float]:
    return {"value": estimate.value, "error": estimate.error}


def table(document: Mapping[str, Any]) -> str:
    """Writes compare.json in Markdown."""
    rows, reference = document["rows"], document["reference"]
    names = [name for name in {**DIGITS, **SCORES} if any(name in row["metrics"] for row in rows)]
    whole = f"{reference['arm']} ({reference['samples']} samples)"
    lines = [f"Distances from {whole} by {document['features']['by']}; ± is half of a 95 % interval.", ""]
    lines += _table(["arm", "N", *names], [_cells(row, names) for row in (*rows, reference)])
    if others := [row for row in rows if "differences" in row]:
        lines += ["", f"Differences from {rows[0]['arm']}, edit by edit:", ""]
        lines += _table(["arm", *names], [[row["arm"], *_values(row["differences"], names)] for row in others])
    reasons = {reason for row in (*rows, reference) for reason in row["left_out"].values()}
    lines += ["", *sorted(reasons)] if reasons else []
    return "\n".join(lines)


def _table(heading: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    return ["| " + " | ".join(each) + " |" for each in (heading, ["---"] * len(heading), *rows)]


def _cells(row: Mapping[str, Any], names: Sequence[str]) -> list[str]:
    return [row["arm"], str(row["samples"]), *_values(row["metrics"], names)]


def _values(metrics: Mapping[str, Mapping[str, float]], names: Sequence[str]) -> list[str]:
    digits = {**DIGITS, **SCORES}
    return [
        f"{metrics[name]['value']:.{digits[name]}f} ± {metrics[name]['error']:.{digits[name]}f}"
        if name in metrics
        else "-"
        for name in names
    ]
