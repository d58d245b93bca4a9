"""Removing what the smart brush selected: how often is something of it left, to the judge or along its old outline?"""

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from editor.edits.apply import apply
from editor.edits.intents import complete
from editor.imaging.picture import Picture
from editor.imaging.raster import Mask
from editor.imaging.selection import edge_aware
from pipelines import load
from pipelines.base import run
from pipelines.evaluation.edits import before, whole
from pipelines.evaluation.judge import JUDGE, NOTHING, load_judge
from pipelines.evaluation.measures import ghost, share, silhouette
from pipelines.training.dataset import HELD_OUT
from tests.measuring import Row

GHOST = 0.1  # share of its outline from which on a thing counts as still there
STROKES = 30  # of the smart brush, at most
MISSED = 0.01  # share of a thing that may be left unselected: nobody sees it
CORE = 0.5  # share of a part's depth beyond which a stroke covers it: its middle, well within its edge


def selected(picture: Picture, thing: NDArray[np.bool_]) -> Mask:
    """Selects a thing as a user does: strokes of the smart brush over its middle, then over what it missed.

    Args:
        picture: the picture.
        thing: (H, W), where the thing is to be seen in it.
    """
    mask, missed = Mask(picture.box, np.zeros(thing.shape, np.uint8)), thing
    for _ in range(STROKES):
        stroke = Mask(picture.box, core(missed).astype(np.uint8) * np.uint8(255))
        mask = mask.joined(edge_aware(picture, stroke))
        missed = thing & (mask.on(picture.box) == 0)
        if missed.sum() <= MISSED * thing.sum():
            break
    return mask


def core(part: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Returns the middle of the largest component of a part of the picture, (H, W)."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(part.astype(np.uint8))
    largest = (labels == 1 + stats[1:, cv2.CC_STAT_AREA].argmax()).astype(np.uint8)
    depth = cv2.distanceTransform(np.pad(largest, 1), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)[1:-1, 1:-1]
    return np.asarray(depth > CORE * depth.max())


def ghosts(edits: int) -> Iterator[Row]:
    """Of so many held-out removals, made through the whole editor with everything at its default."""
    pipeline, judge = load("glide-mini"), load_judge(JUDGE)
    clean, empty, bare, filled = [], [], [], []
    for seed in range(edits):
        scene = whole(HELD_OUT + seed, pipeline.size, 1.0)
        pixels = before(scene)
        picture = Picture.from_pixels(pixels)
        mask = selected(picture, silhouette(pixels, scene.image))
        settings = {"seed": seed, "pipeline": pipeline.name}
        edit = complete("remove", mask, settings, pipeline, lambda picture=picture: picture).edit
        image, without = (
            run(apply(edit, each, lambda name: pipeline)).picture.pixels()
            for each in (picture, Picture.from_pixels(scene.image))
        )
        hole = edit.mask.on(picture.box)
        clean.append(ghost(image, pixels, scene.image) < GHOST)
        filled.append(ghost(without, pixels, scene.image) < GHOST)
        empty.append(judge.look(image, hole)[0].kind == NOTHING)
        bare.append(judge.look(scene.image, hole)[0].kind == NOTHING)
    things = f"{edits} held-out things selected by the smart brush and removed"
    both = [by_outline and by_judge for by_outline, by_judge in zip(clean, empty, strict=True)]
    yield f"{things}: no ghost, by the judge and by the outline", share(both), "95 %"
    yield "by the judge alone (of the true pictures)", f"{share(empty)} ({share(bare)})", ""
    yield f"by the outline alone: less than {GHOST:.0%} of it still there", share(clean), ""
    yield "the same of these holes where there never was a thing: what the model leaves by itself", share(filled), ""
    excused = [good or not alone for good, alone in zip(both, filled, strict=True)]
    yield "no ghost, or the model leaves one by itself", share(excused), ""
