"""What an edit costs by where its mask lies: far spots, lines and specks, as files on the command line."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import cv2
import numpy as np

from editor.edits.intents import complete
from editor.edits.plan import plan
from editor.edits.removal import Removers
from editor.formats.images import encode_png, read_image
from editor.imaging.geometry import Box
from editor.imaging.picture import Picture
from editor.imaging.raster import Mask, Pixels
from editor.session import Session
from editor.store.store import Store
from editor.worker import Worker
from pipelines import load
from tests.measuring import Row, photograph, spread, timed
from tests.samples import an_edit

ROOT = Path(__file__).parents[2]
# runs a command line and then tells the most memory, in MB, that it held
WATCHED = "import sys, app; from tests.measuring import peak; code = app.main(); print(peak()); sys.exit(code)"


def spots(shape: tuple[int, int], *where: tuple[int, int]) -> Pixels:
    """A mask with a square of 20 pixels at each (x, y)."""
    mask = np.zeros(shape, np.uint8)
    for x, y in where:
        mask[y : y + 20, x : x + 20] = 255
    return mask


def edited(folder: Path, picture: Pixels, mask: Pixels, pipeline: str, *more: str) -> tuple[float, int, Pixels]:
    """Seconds and most MB of one edit with an empty prompt in a process of its own, and what came of it."""
    files = {name: folder / f"{name}.png" for name in ("picture", "mask", "out")}
    files["picture"].write_bytes(encode_png(picture))
    files["mask"].write_bytes(encode_png(mask))
    asked = ["edit", str(files["picture"]), "--mask", str(files["mask"]), "--prompt", "", "--pipeline", pipeline, *more]
    command = [sys.executable, "-c", WATCHED, *asked, "--seed", "1", "--no-recipe", "-o", str(files["out"])]
    seconds, ran = timed(lambda: subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=True))
    return seconds, int(ran.stdout.split()[-1]), read_image(files["out"].read_bytes()).pixels


def panorama() -> Iterator[Row]:
    wide = np.tile(photograph(320)[:300], (1, 35, 1))[:, :11_000]
    one, two = spots((300, 11_000), (0, 0)), spots((300, 11_000), (0, 0), (10_980, 280))
    with tempfile.TemporaryDirectory() as folder:
        for pipeline, more in (("classical", ()), ("glide-mini", ("--steps", "1"))):
            values = []
            for mask in (one, two):
                seconds, memory, _ = edited(Path(folder), wide, mask, pipeline, *more)
                values.append(f"{memory} MB, {seconds:.1f} s")
            yield f"11000x300, {pipeline}: one 20-px spot; one at each end", "; ".join(values), "1,000 MB"
        huge = np.tile(photograph(2500), (4, 4, 1))
        values = []
        for mask in (spots(huge.shape[:2], (0, 0)), spots(huge.shape[:2], (0, 0), (9980, 9980))):
            seconds, memory, _ = edited(Path(folder), huge, mask, "classical")
            values.append(f"{memory} MB, {seconds:.1f} s")
        yield "10000x10000, read, edited and written: one spot; two in opposite corners", "; ".join(values), ""
        long = np.tile(photograph(320)[:300], (1, 63, 1))[:, :20_000]
        all_but_its_rim = np.pad(np.full((284, 19_984), 255, np.uint8), 8)
        seconds, memory, _ = edited(Path(folder), long, all_but_its_rim, "classical")
        yield "20000x300 painted to 8 px from its rim, classical", f"{memory} MB, {seconds:.1f} s", "not refused"


def texture() -> Iterator[Row]:
    """Of the texture's own contrast, the standard deviation of its grey, what is left in a spot that is removed."""
    grain = np.random.default_rng(0).normal(128, 40, (700, 1500)).clip(0, 255).astype(np.uint8)
    picture = np.repeat(cv2.GaussianBlur(grain, (0, 0), 0.8).astype(np.uint8)[..., None], 3, 2)
    middle = (740, 340)
    with tempfile.TemporaryDirectory() as folder:
        values = []
        for where in ((middle,), (middle, (10, 10), (1470, 670))):
            _, _, after = edited(Path(folder), picture, spots(picture.shape[:2], *where), "classical")
            values.append(f"{after[340:360, 740:760, 0].std() / picture[340:360, 740:760, 0].std():.2f}")
    yield "contrast of a removed spot, alone; with two far ones", "; ".join(values), "the same"


def steps() -> Iterator[Row]:
    """Steps of the embedded model, planned: an edit over those of its parts alone."""
    pipeline, black = load("glide-mini"), Picture.from_pixels(np.zeros((3000, 4000, 3), np.uint8))

    def planned(*draws: Callable[[Pixels], object]) -> int:
        mask = np.zeros((3000, 4000), np.uint8)
        for draw in draws:
            draw(mask)
        edit = an_edit(Mask(Box(0, 0, 4000, 3000), mask), pipeline="glide-mini", steps=20)
        return plan(edit, black.box, pipeline).steps

    cases = {
        "spots in opposite corners": (
            lambda mask: cv2.circle(mask, (60, 60), 40, 255, -1),
            lambda mask: cv2.circle(mask, (3900, 2900), 40, 255, -1),
        ),
        "a couch and a far lamp": (
            lambda mask: cv2.rectangle(mask, (300, 1800), (1400, 2500), 255, -1),
            lambda mask: cv2.rectangle(mask, (3500, 400), (3640, 900), 255, -1),
        ),
        "two lines that cross": (
            lambda mask: cv2.line(mask, (0, 0), (3999, 2999), 255, 9),
            lambda mask: cv2.line(mask, (0, 2999), (3999, 0), 255, 9),
        ),
        "a thing and one stray pixel": (
            lambda mask: cv2.circle(mask, (500, 500), 90, 255, -1),
            lambda mask: cv2.circle(mask, (3999, 2999), 0, 255, -1),
        ),
    }
    for name, draws in cases.items():
        alone = sum(planned(draw) for draw in draws)
        yield f"steps of {name}, over those of each alone", f"{planned(*draws) / alone:.2f} of {alone}", "1.5"


def removals() -> Iterator[Row]:
    """What Remove takes of 24 megapixels of a photograph, all included: the choice, the plan, the run and the store."""
    large = np.tile(photograph(2000), (2, 3, 1))
    hole, dust, wire = (np.zeros((4000, 6000), np.uint8) for _ in range(3))
    hole[1900:2100, 2900:3100] = 255
    for x, y in np.random.default_rng(3).integers(40, (5960, 3960), (20, 2)).tolist():
        cv2.circle(dust, (x, y), 6, 255, -1)
    cv2.line(wire, (300, 900), (5700, 2600), 255, 5)
    with tempfile.TemporaryDirectory() as folder, closing(Store(Path(folder))) as store:
        session, worker = Session(store), Worker(store, load)
        document = session.open(large, "Large")
        for what, alpha, wanted in (
            ("a 200x200 hole", hole, "2.5 s"), ("20 spots of dust", dust, ""), ("a wire of 5,660 pixels", wire, ""),
        ):  # fmt: skip
            mask, seconds, processor = Mask(Box(0, 0, 6000, 4000), alpha), [], []
            for seed in range(3):

                def remove(mask: Mask = mask, seed: int = seed) -> None:
                    picture = session.picture(document.id)
                    model = Removers(["patchmatch"], "patchmatch", str).choose(picture, mask).model
                    settings = {"seed": seed, "pipeline": model}
                    job = session.submit(document.id, complete("remove", mask, settings, None, lambda: picture).edit)
                    worker.run_one()
                    assert store.revisions.get(job.id).picture is not None

                began = time.process_time()
                seconds.append(timed(remove)[0])
                processor.append(time.process_time() - began)
                session.undo(document.id)
            yield f"{what} in 6000x4000, all included", f"{spread(seconds)}; processor {spread(processor)}", wanted
