"""apply(): the deterministic way from a wish and a picture to the picture it asked for."""

from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, fields, replace
from functools import cached_property, partial
from hashlib import blake2b
from json import dumps
from typing import cast

import numpy as np

from editor.edit import Edit
from editor.formats.images import MAX_PIXELS
from editor.geometry import Box
from editor.picture import Picture
from editor.raster import Mask, Patch, Pixels, frozen
from editor.scene import Scene
from editor.windows import Detail, View, details, view
from pipelines.base import TURN, Pipeline, Request, Step

# strength of the second pass over a mask larger than the model's window: sharp again, and still the same picture
DETAIL_STRENGTH = 0.2

Drawn = Callable[[str], Pixels | None]


@dataclass(frozen=True, eq=False)
class Progress:
    """One step of an edit done.

    composed: makes the preview, None where there is none: a fast model takes more steps than anyone looks at. serial:
    grows with each new preview a worker shows; 0 where nobody counts.
    """

    index: int  # 1 .. total
    total: int
    composed: Callable[[], Patch] | None
    serial: int = 0

    @cached_property
    def preview(self) -> Patch | None:
        """The picture as it would be if the model stopped here, at the part of the window inside the picture."""
        return None if self.composed is None else self.composed()


@dataclass(frozen=True, eq=False)
class Applied:
    """A finished edit. picture: the result. window: where the model looked. drawn: what it drew, raw, uint8 (H, W, 3)
    at the pipeline's own shapes, by the name of what it was asked, see `request_digest`.
    """

    picture: Picture
    window: Box
    drawn: Mapping[str, Pixels]


def framed(edit: Edit, picture: Picture) -> Box:
    """The picture's box after an edit. ValueError when that is none, or too large."""
    frame = picture.box.moved(edit.margins)
    if frame.intersect(picture.box).empty:
        raise ValueError(f"Nothing would be left of the picture: it is {picture.box}, cut to {frame}.")
    if frame.width * frame.height > MAX_PIXELS:
        raise ValueError(
            f"The picture would be too large: {frame.width:,} x {frame.height:,} is "
            f"{frame.width * frame.height:,} pixels, at most {MAX_PIXELS:,} can be."
        )
    return frame


def painted(edit: Edit, picture: Picture) -> Mask:
    """Where an edit repaints: its mask, its sketch and what its margins add, inside the picture; empty for a crop.

    ValueError when there is nothing to do, or no picture afterwards.
    """
    frame = framed(edit, picture)
    mask = edit.mask
    if edit.sketch is not None:
        strokes = edit.sketch.pixels[..., 3] > 0
        mask = mask.joined(Mask(edit.sketch.box, strokes.astype(np.uint8) * np.uint8(255)))
    mask = mask.cut(frame)
    if not picture.box.contains(frame):
        new = np.full(frame.shape, 255, np.uint8)
        new[picture.box.intersect(frame).slices(frame)] = 0
        mask = mask.joined(Mask(frame, new))
    if mask.bounds.empty and (frame == picture.box or not edit.mask.bounds.empty):
        raise ValueError(
            f"The mask lies outside the picture: it covers {edit.mask.box}, the picture {frame}. Paint on the picture."
        )
    return mask


def region(edit: Edit, picture: Picture) -> Mask:
    """R, where `apply` may change the picture (255; its box lies in the picture): all other pixels stay the
    same bytes.
    """
    return painted(edit, picture).grown(edit.blend.feather + max(0, edit.blend.edge)).cut(framed(edit, picture))


def view_of(mask: Mask, frame: Box, pipeline: Pipeline) -> View:
    """The window in which a pipeline draws a mask, and at what shape. ValueError when that is too large."""
    found = view(mask.bounds, frame, pipeline.size, pipeline.shapes)
    window = found.window
    if window.width * window.height > MAX_PIXELS:
        raise ValueError(
            f"The mask is too long: with its surroundings it is {window.width:,} x {window.height:,} pixels, at most "
            f"{MAX_PIXELS:,} pixels can be drawn at a time. Paint it in parts."
        )
    return found


def passes(
    edit: Edit, mask: Mask, changing: Callable[[], Mask], visible: Box, pipeline: Pipeline, shape: tuple[int, int]
) -> tuple[bool, list[Detail]]:
    """Whether a mask is drawn at once, small if need be, and the windows in which it is drawn again after that.

    A mask that fits the shape it is drawn at is drawn at once. A larger one is drawn small, and then again in
    overlapping windows at full resolution that begin from it; where little of the original is to change, from that.

    changing: where the model has a share; asked for a large mask only. visible: the part of its window in the picture.
    """
    fits = mask.bounds.height <= shape[0] and mask.bounds.width <= shape[1]
    if not pipeline.refines or fits:
        return True, []
    there = changing()
    parts = [part for part in details(there.bounds, visible, pipeline.size) if there.on(part.cell).any()]
    return edit.strength > DETAIL_STRENGTH, parts


def steps_in_all(first: bool, again: int, steps: int, strength: float) -> int:
    """Steps of a run over several windows, `steps` in the first; those drawn `again` have their strength's share."""
    return first * steps + again * max(1, round(steps * min(DETAIL_STRENGTH / strength, 1)))


def request_digest(pipeline: str, request: Request) -> str:
    """Hex name of everything that decides what a pipeline draws: equal names are equal crops.

    What lies under the mask is no part of it unless the strength has the pipeline begin from there. What came later
    says nothing where it is as before, so that older crops keep their names.
    """
    image, reference = request.image, request.reference
    if request.strength == 1:
        image = np.where(request.mask[..., None] == 255, np.uint8(0), image)
    pictures = ("image", "mask", "reference")
    scalars = {each.name: getattr(request, each.name) for each in fields(Request) if each.name not in pictures}
    if not request.adapters:
        del scalars["adapters"]
    if reference is not None:
        scalars["reference"] = reference.shape
    name = blake2b(dumps([pipeline, scalars, image.shape], sort_keys=True).encode(), digest_size=16)
    for array in (image, request.mask, *(() if reference is None else (reference,))):
        name.update(np.ascontiguousarray(array).data)
    return name.hexdigest()


def seed_of_window(seed: int, number: int) -> int:
    """The seed of one of an edit's further windows: with the noise of the others the same blots came in each."""
    return int.from_bytes(blake2b(f"{seed} {number}".encode(), digest_size=4).digest())


def nothing_drawn(request: str) -> None:
    """Knows of no earlier crop."""


def apply(
    edit: Edit, picture: Picture, pipelines: Callable[[str], Pipeline], drawn: Drawn = nothing_drawn
) -> Generator[Progress, None, Applied]:
    """Make the edit's wish true on a picture, which itself is untouched; yields each step, returns the
    result.

    pipelines: name -> Pipeline; what it raises passes through. drawn: the crop that was drawn for a request of
    this digest before, or None; where there is one, it is pasted and no model runs. Closing the generator
    cancels. The same edit on the same picture gives the same pixels. ValueError when the mask lies outside the
    picture.
    """
    with closing(apply_all([edit], picture, pipelines, drawn)) as steps:
        while True:
            try:
                (progress,) = next(steps)
            except StopIteration as done:
                return cast(Applied, done.value[0])
            yield progress


def apply_all(
    edits: Sequence[Edit], picture: Picture, pipelines: Callable[[str], Pipeline], drawn: Drawn = nothing_drawn
) -> Generator[list[Progress], None, list[Applied]]:
    """`apply` for edits that differ in the seed alone, side by side on one picture: the model runs once for all."""
    edit = edits[0]
    mask, frame = painted(edit, picture), framed(edit, picture)
    after = picture if frame == picture.box else picture.reframed(frame)
    if mask.bounds.empty:  # a crop
        return [Applied(after, mask.bounds, {}) for _ in edits]
    pipeline = pipelines(edit.pipeline)
    window, shape = view_of(mask, frame, pipeline)
    scene = Scene.of(edit, mask, picture.box, after, window, pipeline.soft)
    run = _Run(pipeline, drawn, edits, scene, shape)
    results: Sequence[Pixels]
    if edit.strength == 0:  # nothing is to be drawn: not even the way to the pipeline's shape and back
        results = [scene.start] * len(edits)
    else:
        results = yield from run.results(mask)
    kept = region(edit, picture).on(scene.visible) == 0
    before = after.read(scene.visible).pixels[kept], after.opacity(scene.visible)[kept]
    outcomes = []
    for result, crops in zip(results, run.crops, strict=True):
        patch = scene.composed(result)
        written = after.write(patch)
        now = written.read(scene.visible).pixels[kept], written.opacity(scene.visible)[kept]
        if not all(np.array_equal(*each) for each in zip(now, before, strict=True)):
            raise AssertionError("a kept pixel was changed")  # always, not as Python may be told to leave it out
        outcomes.append(Applied(written, window, crops))
    return outcomes


class _Run:
    """The runs of a pipeline that edits come to, which differ in their seed alone."""

    def __init__(
        self, pipeline: Pipeline, drawn: Drawn, edits: Sequence[Edit], scene: Scene, shape: tuple[int, int]
    ) -> None:
        self.pipeline, self.drawn, self.edits, self.scene, self.shape = pipeline, drawn, edits, scene, shape
        self.crops: list[dict[str, Pixels]] = [{} for _ in edits]
        self.previews: list[Callable[[], Patch] | None] = [None] * len(edits)
        self.small, self.windows = True, 1  # whether the whole is drawn first, and how many windows there are
        self.begun = 0  # how many were drawn before this one
        self.unit = 0  # steps of the first that a model drew; each of the others counts as it would by that

    def results(self, mask: Mask) -> Generator[list[Progress], None, list[Pixels]]:
        """What stands in the scene's window for each edit, uint8 (H, W, 3)."""
        scene, strength, everyone = self.scene, self.edits[0].strength, range(len(self.edits))
        small, parts = passes(self.edits[0], mask, scene.changing, scene.visible, self.pipeline, self.shape)
        self.small, self.windows = small, small + len(parts) * len(self.edits)
        results = [scene.start for _ in everyone]
        if small:
            seeds = [edit.seed for edit in self.edits]
            crops = yield from self._drawn(*scene.asked(self.shape), strength, everyone, seeds, scene.generated)
            results = [scene.generated(crop) for crop in crops]
        for which in everyone:
            for number, part in enumerate(parts):
                shown = partial(scene.refined, part, results[which])
                image, hole = scene.asked_again(part, results[which])
                seeds = [seed_of_window(self.edits[which].seed, number)]
                (crop,) = yield from self._drawn(image, hole, min(strength, DETAIL_STRENGTH), [which], seeds, shown)
                results[which] = shown(crop)
        return results

    def _drawn(
        self,
        image: Pixels,
        hole: Pixels,
        strength: float,
        which: Sequence[int],
        seeds: Sequence[int],
        shown: Callable[[Pixels], Pixels],
    ) -> Generator[list[Progress], None, list[Pixels]]:
        """One window drawn for these of the edits with these seeds, the model asked for those that nobody drew before.

        shown: what would stand in the scene's window with such a crop.
        """
        edit = self.edits[0]
        request = Request(
            image=image.copy(),  # the pipeline's own, whatever it does to them
            mask=hole.copy(),
            prompt=edit.prompt,
            negative_prompt=edit.negative_prompt,
            guidance=edit.guidance,
            clip_guidance=edit.clip_guidance,
            strength=strength,
            steps=edit.steps,
            sampler=edit.sampler,
            seeds=tuple(seeds),
            adapters=edit.adapters,
            reference=None if edit.reference is None else edit.reference.pixels,
        )
        own = dict(zip(which, seeds, strict=True))
        names = {n: request_digest(edit.pipeline, replace(request, seeds=(seed,))) for n, seed in own.items()}
        found = {n: self.drawn(name) for n, name in names.items()}
        missing = [n for n, crop in found.items() if crop is None or crop.shape != image.shape]
        if missing:
            request = replace(request, seeds=tuple(own[n] for n in missing))
            with closing(self.pipeline.inpaint(request)) as steps:
                while True:
                    try:
                        with TURN:
                            step: Step = next(steps)
                    except StopIteration as done:
                        images = done.value
                        break
                    # a window is laid into a much larger scene, which takes a while: its last step only
                    if step.preview is not None and (self.windows == 1 or step.index == step.total):
                        for n, preview in zip(missing, step.preview, strict=True):
                            self.previews[n] = partial(self._composed, shown, frozen(preview))
                    yield self._progress(step)
            shape = (len(missing), *image.shape)
            if not isinstance(images, np.ndarray) or images.dtype != np.uint8 or images.shape != shape:
                came = f"{images.dtype} {images.shape}" if isinstance(images, np.ndarray) else type(images).__name__
                raise ValueError(f"The pipeline {self.pipeline.name} returned {came} where uint8 {shape} was wanted.")
            found.update(zip(missing, (frozen(crop) for crop in images), strict=True))
        self.begun += 1
        crops = []
        for n, name in names.items():
            crop = found[n]
            assert crop is not None
            self.crops[n][name] = crop
            crops.append(crop)
        return crops

    def _composed(self, shown: Callable[[Pixels], Pixels], crop: Pixels) -> Patch:
        return self.scene.composed(shown(crop))

    def _progress(self, step: Step) -> list[Progress]:
        self.unit = self.unit or step.total
        before, after = self._steps(self.begun), self._steps(self.begun + 1)
        done = before + (after - before) * step.index // step.total
        return [Progress(done, self._steps(self.windows), preview) for preview in self.previews]

    def _steps(self, windows: int) -> int:
        """Of the first so many of the windows."""
        first = self.small and windows > 0
        return steps_in_all(first, windows - first, self.unit, self.edits[0].strength)
