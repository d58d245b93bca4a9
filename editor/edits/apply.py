"""apply(): the deterministic way from an edit and a picture to the picture it asks for."""

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property, partial, reduce
from hashlib import blake2b
from json import dumps
from typing import NamedTuple, cast

import numpy as np

from editor.edits.edit import Edit
from editor.edits.inpaint_window import InpaintWindow
from editor.edits.plan import DETAIL_STRENGTH, Part, Plan, edit_region, frame_after, plan, steps_in_all, with_blend
from editor.imaging.digest import digest_of
from editor.imaging.geometry import Box
from editor.imaging.limits import MAX_IMAGES
from editor.imaging.picture import Picture
from editor.imaging.raster import Patch, Pixels, frozen
from pipelines.base import Pipeline, PipelineInfo, Request, Step, mapped, run, together
from pipelines.errors import InvalidInput

SPREAD = 4  # a preview shows more than what is being drawn if that is at most so many times as large

CropCache = Callable[[str], Pixels | None]
Steps = Generator[list["Progress"], None, None]


@dataclass(frozen=True, eq=False)
class Progress:
    """One step of an edit done.

    composed: makes the preview, None where there is none: a fast model takes more steps than anyone looks at.
    """

    index: int  # 1 .. total
    total: int
    composed: Callable[[], Patch] | None

    @cached_property
    def preview(self) -> Patch | None:
        """The picture as it would be if the model stopped here, where it is being drawn."""
        return None if self.composed is None else self.composed()


@dataclass(frozen=True, eq=False)
class Applied:
    """A finished edit."""

    picture: Picture  # the result
    windows: tuple[Box, ...]  # where the model looked
    crops: Mapping[str, Pixels]  # what it generated, uint8 (H, W, 3) at the pipeline's buckets, by `request_digest`


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
    arrays = [array for array in (image, request.mask, reference) if array is not None]
    text = dumps([pipeline, scalars, image.shape], sort_keys=True)
    return digest_of(text, *(np.ascontiguousarray(array).data for array in arrays))


def seed_of_window(seed: int, number: int) -> int:
    """The seed of one of a part's further windows: with the noise of the others the same blots came in each."""
    return _derived(f"{seed} {number}")


def seed_of_part(seed: int, number: int) -> int:
    """The seed of one of an edit's parts: with the same noise in all, the same thing came in each."""
    return _derived(f"{seed} part {number}") if number else seed


def _derived(text: str) -> int:
    return int.from_bytes(blake2b(text.encode(), digest_size=4).digest())


def no_crops(request: str) -> None:
    """Knows of no earlier crop."""


def apply(
    edit: Edit, picture: Picture, pipelines: Callable[[str], Pipeline], cache: CropCache = no_crops
) -> Generator[Progress, None, Applied]:
    """Apply an edit to a picture, which itself is untouched; yields each step, returns the result.

    pipelines: name -> Pipeline; what it raises passes through. cache: the crop that was generated for a request of
    this digest before, or None; where there is one, it is pasted and no model runs. Closing the generator
    cancels. The same edit on the same picture gives the same pixels. InvalidInput when the mask lies outside the
    picture.
    """
    (applied,) = yield from mapped(apply_all([edit], picture, pipelines, cache), lambda progress: progress[0])
    return applied


def apply_all(
    edits: Sequence[Edit], picture: Picture, pipelines: Callable[[str], Pipeline], cache: CropCache = no_crops
) -> Generator[list[Progress], None, list[Applied]]:
    """`apply` for edits that differ in the seed alone, side by side on one picture: the model runs once for all."""
    edit = edits[0]
    if edit_region(edit, picture.box).bounds.empty:  # a crop
        return [Applied(picture.reframed(frame_after(edit, picture.box)), (), {}) for _ in edits]
    pipeline = pipelines(edit.pipeline)
    planned = plan(edit, picture.box, pipeline)
    drawing = _Drawing(pipeline, cache, edits, planned, picture)
    at_once = max(1, MAX_IMAGES // len(edits))
    turns: dict[int, list[int]] = {}
    for number, part in enumerate(planned.parts):
        turns.setdefault(part.turn, []).append(number)
    for turn in sorted(turns):
        numbers = turns[turn]
        for first in range(0, len(numbers), at_once):
            yield from drawing.draw(numbers[first : first + at_once])
    windows = tuple(part.window for part in planned.parts)
    return [Applied(after, windows, crops) for after, crops in zip(drawing.pictures, drawing.crops, strict=True)]


@dataclass(eq=False)
class _Canvas:
    """A part as one of the edits draws it. which: of the edits. result: uint8 (H, W, 3), what stands in the window by
    now. crop: what was drawn for it last, uint8 at the shape of its request, None where nothing was.
    """

    part: Part
    which: int
    seed: int
    window: InpaintWindow
    result: Pixels
    crop: Pixels | None = None


class _Image(NamedTuple):
    """An image to be drawn for a canvas. shown: what stands in its window with such a crop."""

    canvas: _Canvas
    image: Pixels
    hole: Pixels
    seed: int
    shown: Callable[[Pixels], Pixels]


class _Drawing:
    """The runs of a pipeline that edits come to, which differ in their seed alone.

    pictures: of each edit, with the parts that are drawn. seen: the same as later parts see it, with the whole of each
    result however it is blended, so that another blend asks for nothing new. crops: what was drawn for each, by the
    names of requests.
    """

    def __init__(
        self, pipeline: Pipeline, cache: CropCache, edits: Sequence[Edit], planned: Plan, picture: Picture
    ) -> None:
        self.pipeline, self.cache, self.edits, self.plan, self.before = pipeline, cache, edits, planned, picture.box
        after = picture if planned.frame == picture.box else picture.reframed(planned.frame)
        self.pictures = [after for _ in edits]
        self.seen = self.pictures.copy()
        self.crops: list[dict[str, Pixels]] = [{} for _ in edits]
        self.previews: list[Callable[[], Patch] | None] = [None] * len(edits)
        self.last_turn = max(part.turn for part in planned.parts)
        self.finished: list[Box] = []  # where the parts lie that are
        self.unit = 0  # steps of the first image that a model drew; each of the others counts as it would by that
        # images of both sorts, drawn and in all
        self.at_once, self.again = 0, 0
        self.all_at_once = len(edits) * sum(part.at_once for part in planned.parts)
        self.all_again = len(edits) * sum(len(part.details) for part in planned.parts)

    def draw(self, numbers: Sequence[int]) -> Steps:
        """Parts of one turn, in all edits."""
        strength = self.edits[0].strength
        canvases = [canvas for number in numbers for canvas in self._canvases(number)]
        yield from self._draw(
            [
                _Image(canvas, *canvas.window.request_arrays(canvas.part.shape), canvas.seed, canvas.window.generated)
                for canvas in canvases
                if canvas.part.at_once
            ],
            strength,
            again=False,
        )
        for number in range(max(len(canvas.part.details) for canvas in canvases)):
            yield from self._draw(
                [
                    _Image(
                        canvas,
                        *canvas.window.detail_arrays(detail, canvas.result),
                        seed_of_window(canvas.seed, number),
                        partial(canvas.window.refined, detail, canvas.result),
                    )
                    for canvas in canvases
                    for detail in canvas.part.details[number : number + 1]
                ],
                min(strength, DETAIL_STRENGTH),
                again=True,
            )
        for canvas in canvases:
            self._lay_in(canvas)
        self.finished += [self.plan.parts[number].window for number in numbers]

    def _canvases(self, number: int) -> list[_Canvas]:
        """Of this part in each edit."""
        part, edit, windows = self.plan.parts[number], self.edits[0], dict[Picture, InpaintWindow]()
        holes = np.zeros(part.window.shape, np.uint8)  # all that is drawn later, or beside it
        for other in self.plan.parts:
            if other is not part and other.turn >= part.turn and not other.mask.box.intersect(part.window).empty:
                holes |= other.mask.on(part.window)
        for picture in self.seen:
            if picture not in windows:  # variations begin from one
                windows[picture] = InpaintWindow.of(
                    edit, part.mask, self.plan.mask, holes, self.before, picture, part.window, self.pipeline.soft
                )
        return [
            _Canvas(part, which, seed_of_part(edit.seed, number), windows[picture], windows[picture].start)
            for which, (edit, picture) in enumerate(zip(self.edits, self.seen, strict=True))
        ]

    def _lay_in(self, canvas: _Canvas) -> None:
        """A part's result into the picture of its edit, which changes nowhere else."""
        picture = self.pictures[canvas.which]
        changing = with_blend(self.edits[0], canvas.part.mask)
        patch = canvas.window.composed(canvas.result, picture).cut(changing.box)
        kept = changing.on(patch.box) == 0
        before = picture.read(patch.box).pixels[kept], picture.opacity(patch.box)[kept]
        written = picture.write(patch)
        now = written.read(patch.box).pixels[kept], written.opacity(patch.box)[kept]
        if not all(np.array_equal(*each) for each in zip(now, before, strict=True)):
            raise AssertionError("a kept pixel was changed")  # always, python -O leaves out assert statements
        self.pictures[canvas.which] = written
        if canvas.part.turn < self.last_turn:
            result = canvas.result
            if canvas.crop is not None and not canvas.part.details:
                result = canvas.window.matched(canvas.crop)
            self.seen[canvas.which] = self.seen[canvas.which].write(canvas.window.whole(result, canvas.part.mask))

    def _draw(self, images: Sequence[_Image], strength: float, again: bool) -> Steps:
        """Images drawn into their canvases, those of a shape in one request."""
        groups: dict[object, list[_Image]] = {}
        for image in images:
            # networks of their own may draw where nothing is known
            groups.setdefault((image.hole.shape, bool(image.hole.all())), []).append(image)
        for group in groups.values():
            yield from self._asked(group, strength, again)
            self.at_once, self.again = self.at_once + len(group) * (not again), self.again + len(group) * again

    def _asked(self, images: Sequence[_Image], strength: float, again: bool) -> Steps:
        """One request for those of these images that nobody drew before."""
        edit = self.edits[0]
        requests = [
            Request(
                image=each.image.copy(),  # the pipeline's own, whatever it does to them
                mask=each.hole.copy(),
                prompt=edit.prompt,
                negative_prompt=edit.negative_prompt,
                guidance=edit.guidance,
                clip_guidance=edit.clip_guidance,
                strength=strength,
                steps=edit.steps,
                sampler=edit.sampler,
                seeds=(each.seed,),
                adapters=edit.adapters,
                reference=None if edit.reference is None else edit.reference.pixels,
            )
            for each in images
        ]
        names = [request_digest(edit.pipeline, request) for request in requests]
        crops = [self.cache(name) for name in names]
        missing = [n for n, crop in enumerate(crops) if crop is None or crop.shape != images[n].image.shape]
        if missing:
            request = together([requests[n] for n in missing])

            def progress(step: Step) -> list[Progress]:
                self._preview([images[n] for n in missing], step)
                return self._progress(step, len(images) * (not again), len(images) * again)

            results = yield from mapped(self.pipeline.inpaint(request), progress)
            shape = (len(missing), *images[0].image.shape)
            if not isinstance(results, np.ndarray) or results.dtype != np.uint8 or results.shape != shape:
                came = f"{results.dtype} {results.shape}" if isinstance(results, np.ndarray) else type(results).__name__
                raise InvalidInput(f"The pipeline {self.pipeline.name} returned {came} where uint8 {shape} was wanted.")
            for n, crop in zip(missing, results, strict=True):
                crops[n] = frozen(crop)
        for each, name, found in zip(images, names, crops, strict=True):
            assert found is not None
            self.crops[each.canvas.which][name] = found
            each.canvas.result, each.canvas.crop = each.shown(found), found

    def _preview(self, images: Sequence[_Image], step: Step) -> None:
        """What edits would look like with these images as they are now."""
        # a detail is laid into a much larger window, which takes a while: its last step only
        if step.preview is None or (images[0].canvas.part.details and step.index < step.total):
            return
        for which in {each.canvas.which for each in images}:
            made = [
                partial(self._composed, each, frozen(crop), self.pictures[which])
                for each, crop in zip(images, step.preview, strict=True)
                if each.canvas.which == which
            ]
            self.previews[which] = partial(_shown, self.pictures[which], made, tuple(self.finished))

    def _composed(self, image: _Image, crop: Pixels, picture: Picture) -> Patch:
        box = image.canvas.part.mask.box.padded(self.edits[0].blend.reach)  # no distance need be measured for that
        return image.canvas.window.composed(image.shown(crop), picture).cut(box)

    def _progress(self, step: Step, at_once: int, again: int) -> list[Progress]:
        """With so many images on their way."""
        self.unit = self.unit or step.total
        strength = self.edits[0].strength
        before = steps_in_all(self.at_once, self.again, self.unit, strength)
        after = steps_in_all(self.at_once + at_once, self.again + again, self.unit, strength)
        total = steps_in_all(self.all_at_once, self.all_again, self.unit, strength)
        done = before + (after - before) * step.index // step.total
        return [Progress(done, total, preview) for preview in self.previews]


def _shown(picture: Picture, made: Sequence[Callable[[], Patch]], finished: Sequence[Box]) -> Patch:
    """A picture with patches laid in, where they and what is finished lie; the first alone if that is far apart."""
    patches = [each() for each in made]
    boxes = [*(patch.box for patch in patches), *(box.intersect(picture.box) for box in finished)]
    around = reduce(Box.union, boxes)
    if around.width * around.height > SPREAD * sum(box.width * box.height for box in boxes):
        patches, around = patches[:1], patches[0].box
    if len(boxes) == 1 or around == patches[0].box:
        return patches[0]
    for patch in patches:
        picture = picture.write(patch)
    return Patch(around, np.dstack([picture.read(around).pixels, picture.opacity(around)]))


def laid_in(edit: Edit, picture: Picture, pipelines: Callable[[str], PipelineInfo], cache: CropCache) -> Picture:
    """The picture that `apply` makes of crops generated before. InvalidInput when one that it needs is missing."""

    def found(request: str) -> Pixels:
        crop = cache(request)
        if crop is None:
            raise InvalidInput(
                "What the model drew for this step is not at hand as it is needed for this blend: it cannot be shown "
                "before it is drawn anew."
            )
        return crop

    # nothing is drawn, so that it takes no more than what a pipeline says of itself
    (applied,) = run(apply_all([edit], picture, cast(Callable[[str], Pipeline], pipelines), found))
    return applied.picture
