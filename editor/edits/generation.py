"""What a pipeline generates for edits, and how it is asked: several edits at once, wherever one request will do."""

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property, partial, reduce
from hashlib import blake2b
from json import dumps
from typing import NamedTuple

import numpy as np

from editor.edits.edit import Edit
from editor.edits.inpaint_window import InpaintWindow
from editor.edits.plan import DETAIL_STRENGTH, Part, plan, steps_in_all, with_blend
from editor.imaging.digest import digest_of
from editor.imaging.geometry import Box
from editor.imaging.limits import MAX_IMAGES
from editor.imaging.picture import Picture
from editor.imaging.raster import Patch, Pixels, frozen
from pipelines.base import Pipeline, Request, Step, mapped, together
from pipelines.errors import InvalidInput

SPREAD = 4  # a preview shows all areas being generated if their bounds have at most so many times their pixels


CropCache = Callable[[str], Pixels | None]


@dataclass(frozen=True, eq=False)
class Progress:
    """The progress of an edit after a step."""

    index: int  # 1 .. total
    total: int
    # makes the preview, None when there is none; lazy, since a fast model takes more steps than anyone can see
    composed: Callable[[], Patch] | None

    @cached_property
    def preview(self) -> Patch | None:
        """The picture as it would be if the model stopped here, where it is being changed."""
        return None if self.composed is None else self.composed()


@dataclass(frozen=True, eq=False)
class Applied:
    """A finished edit."""

    picture: Picture  # the result
    windows: tuple[Box, ...]  # what the model saw
    crops: Mapping[str, Pixels]  # what it generated, uint8 (H, W, 3) at the pipeline's buckets, by `request_digest`


def no_crops(request: str) -> None:
    """Is an empty crop cache."""


class Variations(NamedTuple):
    """Edits on one picture that differ only in their seed."""

    edits: Sequence[Edit]
    picture: Picture
    cache: CropCache = no_crops


def request_digest(pipeline: str, request: Request) -> str:
    """Returns a hex digest of everything that decides what a pipeline generates: equal digests mean equal crops.

    The pixels under the mask only count below strength 1, when the pipeline starts from them. Fields that were added
    later are left out at their defaults, so that the digests of older crops do not change.
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
    """Returns the seed of one of a part's detail windows: the same noise would give the same blots in each."""
    return _derived(f"{seed} {number}")


def seed_of_part(seed: int, number: int) -> int:
    """Returns the seed of one of an edit's parts: the same noise would give the same object in each."""
    return _derived(f"{seed} part {number}") if number else seed


def _derived(text: str) -> int:
    return int.from_bytes(blake2b(text.encode(), digest_size=4).digest())


def generate_together(
    groups: Sequence[Variations], pipeline: Pipeline
) -> Generator[list[list[Progress]], None, list[list[Applied]]]:
    """Does the same as `apply_all` for several groups, each of edits that the pipeline draws.

    What they ask of the pipeline becomes one request wherever only images, prompts and seeds differ.

    Yields:
        The progress of each group's edits after each step.

    Returns:
        The results of each group's edits.
    """
    generations = [_Generation(pipeline, group) for group in groups]
    runs = [each.run() for each in generations]
    asked: dict[int, _Question] = {}  # by the groups' indices
    progress = [[Progress(0, 0, None)] * len(group.edits) for group in groups]

    def go_on(which: int, images: Pixels | None) -> None:
        try:
            asked[which] = next(runs[which]) if images is None else runs[which].send(images)
        except StopIteration:
            asked.pop(which, None)

    for which in range(len(groups)):
        go_on(which, None)
    while asked:
        parts = _joined(asked)
        request = together([asked[which].request for which in parts])

        def advanced(step: Step, parts: Mapping[int, slice] = parts) -> list[list[Progress]]:
            for which, part in parts.items():
                preview = None if step.preview is None else step.preview[part]
                progress[which] = asked[which].progress(Step(step.index, step.total, preview))
            return progress.copy()

        images = yield from mapped(pipeline.inpaint(request), advanced)
        shape = request.images.shape
        if not isinstance(images, np.ndarray) or images.dtype != np.uint8 or images.shape != shape:
            kind = f"{images.dtype} {images.shape}" if isinstance(images, np.ndarray) else type(images).__name__
            raise InvalidInput(f"The pipeline {pipeline.name} returned {kind} instead of uint8 {shape}.")
        for which, part in parts.items():
            go_on(which, images[part])
    return [each.applied() for each in generations]


def _joined(asked: Mapping[int, "_Question"]) -> dict[int, slice]:
    """Returns which of these are asked in one request, the first of them among these, and where their images are."""
    parts: dict[int, slice] = {}
    key, count = next(iter(asked.values())).key, 0
    for which, each in asked.items():
        more = len(each.request.seeds)
        if each.key == key and (not parts or count + more <= MAX_IMAGES):
            parts[which] = slice(count, count + more)
            count += more
    return parts


@dataclass(eq=False)
class _Canvas:
    """A part of one of the edits while it is generated."""

    part: Part
    which: int  # index of the edit
    seed: int
    window: InpaintWindow
    result: Pixels  # uint8 (H, W, 3), the current content of the window
    crop: Pixels | None = None  # the last crop generated for it, uint8 at the shape of its request


class _Image(NamedTuple):
    """An image to generate for a canvas."""

    canvas: _Canvas
    image: Pixels  # uint8 (h, w, 3), of the request
    hole: Pixels  # uint8 (h, w), the request's mask
    seed: int
    with_crop: Callable[[Pixels], Pixels]  # returns the content of the window with a crop, uint8 (H, W, 3)


class _Question(NamedTuple):
    """What is asked of the pipeline."""

    request: Request
    progress: Callable[[Step], list[Progress]]  # returns that of the edits at a step

    @property
    def key(self) -> object:
        """What all that may be joined into one request have in common."""
        request = self.request
        # a pipeline may have networks of its own for images with nothing to keep, and for a prompt without a guidance
        kinds = (
            request.shape,
            bool(request.mask.all()),
            {prompt == request.negative_prompt for prompt in request.prompts},
        )
        own = ("image", "mask", "prompt", "seeds")
        return kinds, {each.name: getattr(request, each.name) for each in fields(Request) if each.name not in own}


Questions = Generator[_Question, Pixels, None]  # is sent uint8 (N, H, W, 3), the answer to each


class _Generation:
    """Generates all parts of edits that differ only in their seed."""

    def __init__(self, pipeline: Pipeline, group: Variations) -> None:
        edits, picture = group.edits, group.picture
        self.edits, self.pipeline, self.cache, self.before = edits, pipeline, group.cache, picture.box
        self.plan = edit_plan = plan(edits[0], picture.box, pipeline)
        after = picture if edit_plan.frame == picture.box else picture.reframed(edit_plan.frame)
        self.pictures = [after for _ in edits]  # of each edit, with the parts finished so far
        # the same with unblended results, as later parts see them, so that another blend needs no new crops
        self.unblended = self.pictures.copy()
        self.crops: list[dict[str, Pixels]] = [{} for _ in edits]  # of each edit, by the digests of their requests
        self.previews: list[Callable[[], Patch] | None] = [None] * len(edits)
        self.last_turn = max(part.turn for part in edit_plan.parts)
        self.finished: list[Box] = []  # the windows of the finished parts
        self.unit = 0  # steps of the first image that the model generated; the others count in proportion
        # images of both kinds, generated so far and in all
        self.at_once, self.again = 0, 0
        self.all_at_once = len(edits) * sum(part.at_once for part in edit_plan.parts)
        self.all_again = len(edits) * sum(len(part.details) for part in edit_plan.parts)

    def run(self) -> Questions:
        """Generates all parts in all edits."""
        batch = max(1, MAX_IMAGES // len(self.edits))
        turns: dict[int, list[int]] = {}
        for number, part in enumerate(self.plan.parts):
            turns.setdefault(part.turn, []).append(number)
        for turn in sorted(turns):
            numbers = turns[turn]
            for first in range(0, len(numbers), batch):
                yield from self._generate_parts(numbers[first : first + batch])

    def applied(self) -> list[Applied]:
        """Returns the results, once `run` is done."""
        windows = tuple(part.window for part in self.plan.parts)
        return [Applied(after, windows, crops) for after, crops in zip(self.pictures, self.crops, strict=True)]

    def _generate_parts(self, numbers: Sequence[int]) -> Questions:
        """Generates parts of one turn, given by their indices, in all edits."""
        strength = self.edits[0].strength
        canvases = [canvas for number in numbers for canvas in self._canvases(number)]
        yield from self._generate(
            [
                _Image(canvas, *canvas.window.request_arrays(canvas.part.shape), canvas.seed, canvas.window.generated)
                for canvas in canvases
                if canvas.part.at_once
            ],
            strength,
            again=False,
        )
        for number in range(max(len(canvas.part.details) for canvas in canvases)):
            yield from self._generate(
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
            self._blend_in(canvas)
        self.finished += [self.plan.parts[number].window for number in numbers]

    def _canvases(self, number: int) -> list[_Canvas]:
        """Returns the canvases of a part, one for each edit."""
        part, edit, windows = self.plan.parts[number], self.edits[0], dict[Picture, InpaintWindow]()
        holes = np.zeros(part.window.shape, np.uint8)  # the parts of this turn and later ones
        for other in self.plan.parts:
            if other is not part and other.turn >= part.turn and not other.mask.box.intersect(part.window).empty:
                holes |= other.mask.on(part.window)
        for picture in self.unblended:
            if picture not in windows:  # variations start from the same picture
                windows[picture] = InpaintWindow.of(
                    edit, part.mask, self.plan.mask, holes, self.before, picture, part.window, self.pipeline.soft
                )
        return [
            _Canvas(part, which, seed_of_part(edit.seed, number), windows[picture], windows[picture].start)
            for which, (edit, picture) in enumerate(zip(self.edits, self.unblended, strict=True))
        ]

    def _blend_in(self, canvas: _Canvas) -> None:
        """Blends a part's result into the picture of its edit, and checks that nothing else changes."""
        picture = self.pictures[canvas.which]
        region = with_blend(self.edits[0], canvas.part.mask)
        patch = canvas.window.composed(canvas.result, picture).cut(region.box)
        outside = region.on(patch.box) == 0
        old = picture.read(patch.box).pixels[outside], picture.opacity(patch.box)[outside]
        result_picture = picture.write(patch)
        new = result_picture.read(patch.box).pixels[outside], result_picture.opacity(patch.box)[outside]
        if not all(np.array_equal(*each) for each in zip(new, old, strict=True)):
            raise AssertionError("a kept pixel was changed")  # not an assert statement, which python -O leaves out
        self.pictures[canvas.which] = result_picture
        if canvas.part.turn < self.last_turn:
            result = canvas.result
            if canvas.crop is not None and not canvas.part.details:
                result = canvas.window.matched(canvas.crop)
            self.unblended[canvas.which] = self.unblended[canvas.which].write(
                canvas.window.whole(result, canvas.part.mask)
            )

    def _generate(self, images: Sequence[_Image], strength: float, again: bool) -> Questions:
        """Generates images for their canvases, those of one shape in one request. again: whether they are details."""
        groups: dict[object, list[_Image]] = {}
        for image in images:
            # a pipeline may have networks of its own for images with nothing to keep
            groups.setdefault((image.hole.shape, bool(image.hole.all())), []).append(image)
        for group in groups.values():
            yield from self._request(group, strength, again)
            self.at_once, self.again = self.at_once + len(group) * (not again), self.again + len(group) * again

    def _request(self, images: Sequence[_Image], strength: float, again: bool) -> Questions:
        """Sends one request for those of these images that are not in the cache."""
        edit = self.edits[0]
        requests = [
            Request(
                image=each.image.copy(),  # a copy, since the pipeline may change it
                mask=each.hole.copy(),
                prompt=edit.painted_as or edit.prompt,
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
        digests = [request_digest(edit.pipeline, request) for request in requests]
        crops = [self.cache(digest) for digest in digests]
        missing = [n for n, crop in enumerate(crops) if crop is None or crop.shape != images[n].image.shape]
        if missing:
            request = together([requests[n] for n in missing])

            def progress(step: Step) -> list[Progress]:
                self._preview([images[n] for n in missing], step)
                return self._progress(step, len(images) * (not again), len(images) * again)

            results = yield _Question(request, progress)
            for n, result in zip(missing, results, strict=True):
                crops[n] = frozen(result)
        for image, digest, crop in zip(images, digests, crops, strict=True):
            assert crop is not None
            self.crops[image.canvas.which][digest] = crop
            image.canvas.result, image.canvas.crop = image.with_crop(crop), crop

    def _preview(self, images: Sequence[_Image], step: Step) -> None:
        """Prepares the previews of edits with these images as they are at a step."""
        # putting a detail into its much larger window takes a while, so only at its last step
        if step.preview is None or (images[0].canvas.part.details and step.index < step.total):
            return
        for which in {each.canvas.which for each in images}:
            patches = [
                partial(self._compose, each, frozen(crop), self.pictures[which])
                for each, crop in zip(images, step.preview, strict=True)
                if each.canvas.which == which
            ]
            self.previews[which] = partial(_merge, self.pictures[which], patches, tuple(self.finished))

    def _compose(self, image: _Image, crop: Pixels, picture: Picture) -> Patch:
        # the padded box is cheaper than the exact region
        box = image.canvas.part.mask.box.padded(self.edits[0].blend.reach)
        return image.canvas.window.composed(image.with_crop(crop), picture).cut(box)

    def _progress(self, step: Step, at_once: int, again: int) -> list[Progress]:
        """Returns the progress of each edit at a step of a request for so many images of both kinds."""
        self.unit = self.unit or step.total
        strength = self.edits[0].strength
        before = steps_in_all(self.at_once, self.again, self.unit, strength)
        after = steps_in_all(self.at_once + at_once, self.again + again, self.unit, strength)
        total = steps_in_all(self.all_at_once, self.all_again, self.unit, strength)
        done = before + (after - before) * step.index // step.total
        return [Progress(done, total, preview) for preview in self.previews]


def _merge(picture: Picture, patches: Sequence[Callable[[], Patch]], finished: Sequence[Box]) -> Patch:
    """Returns the bounds of patches and finished windows from the picture with the patches; only the first patch if
    they lie far apart.
    """
    ready = [each() for each in patches]
    boxes = [*(patch.box for patch in ready), *(box.intersect(picture.box) for box in finished)]
    bounds = reduce(Box.union, boxes)
    if bounds.width * bounds.height > SPREAD * sum(box.width * box.height for box in boxes):
        ready, bounds = ready[:1], ready[0].box
    if len(boxes) == 1 or bounds == ready[0].box:
        return ready[0]
    for patch in ready:
        picture = picture.write(patch)
    return Patch(bounds, np.dstack([picture.read(bounds).pixels, picture.opacity(bounds)]))
