"""What the embedded model paints of the drawn world, as the editor asks for it and lays it in."""

from collections.abc import Iterator
from itertools import count, islice

import numpy as np

from editor.edits.apply import apply
from editor.edits.edit import Edit
from editor.imaging.picture import Picture
from editor.imaging.raster import Mask, Pixels
from pipelines import load
from pipelines.base import Pipeline, run
from pipelines.evaluation.edits import before, whole
from pipelines.evaluation.judge import JUDGE, load_judge
from pipelines.evaluation.measures import seam
from pipelines.training.dataset import HELD_OUT, Example
from tests.measuring import Row

EDITS = 100  # of each row, unless another number is asked for


def painted(pipeline: Pipeline, asked: Example, seed: int) -> Pixels:
    """The window of a held-out edit after it, everything at its default."""
    picture = Picture.from_pixels(before(asked))
    edit = Edit(
        Mask(picture.box, asked.mask), prompt=asked.prompt, seed=seed, pipeline=pipeline.name, **pipeline.defaults
    )
    return run(apply(edit, picture, lambda name: pipeline)).picture.pixels()


def seams(edits: int) -> Iterator[Row]:
    """Of so many fills and removals."""
    pipeline = load("glide-mini")
    for sort, empty in (("fills", 0.0), ("removals", 1.0)):
        measured = []
        for seed in range(edits):
            asked = whole(HELD_OUT + seed, pipeline.size, empty)
            measured.append(seam(painted(pipeline, asked, seed), asked.mask, asked.image))
        low, middle, high = np.percentile(measured, (25, 50, 75))
        values = f"{middle:.2f} times (quartiles {low:.2f} to {high:.2f})"
        yield (
            f"seam of {edits} held-out {sort}: how steep the hole's edge is, over how steep it truly is",
            values,
            "1.15",
        )


def large(edits: int) -> Iterator[Row]:
    """Of holes that do not fit the model's own size: they are drawn small, enlarged, and made sharp in windows."""
    pipeline, judge = load("glide-mini"), load_judge(JUDGE)
    size = 2 * pipeline.size
    drawn = ((seed, whole(HELD_OUT + seed, size, 0.0)) for seed in count())
    fills = ((seed, asked) for seed, asked in drawn if reach(asked.mask) > pipeline.size)
    right, true, sharp, rough = [], [], [], []
    for seed, asked in islice(fills, edits):
        image = painted(pipeline, asked, seed)
        right.append(judge.look(image, asked.mask)[0].kind == asked.thing.kind)
        true.append(judge.look(asked.image, asked.mask)[0].kind == asked.thing.kind)
        for percentile, found in ((99, sharp), (50, rough)):
            steps = [steepness(each, asked.mask, percentile) for each in (image, asked.image)]
            found.append(steps[0] / steps[1])
    holes = f"{edits} held-out fills of 257 to {size} pixels"
    yield f"{holes}: kind right (of the true pictures)", f"{np.mean(right):.0%} ({np.mean(true):.0%})", "92 %"
    values = f"{np.median(sharp):.2f}; {np.median(rough):.2f} times"
    yield "how sharp and how rough they are, over the true pictures", values, "1; 1"


def reach(mask: Pixels) -> int:
    """The longer side of a hole in pixels."""
    return max(int(np.ptp(where)) + 1 for where in np.nonzero(mask))


def steepness(image: Pixels, mask: Pixels, percentile: int) -> float:
    """Levels of 255 from pixel to pixel in a hole, and one more: of its edges at 99, of its surfaces at 50."""
    steps = np.hypot(*np.gradient(image.astype(np.float64).mean(2)))
    return float(np.percentile(steps[mask == 255], percentile)) + 1.0
