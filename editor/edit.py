"""Edit: one wish as data. apply(): the deterministic way from a wish and a picture to the picture it asked
for.
"""

import json
import math
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import KW_ONLY, dataclass, field, fields
from hashlib import blake2b
from typing import Any

import numpy as np

from editor.compositing import RING, blend, colour_match, resized, resized_mask, surrounded
from editor.geometry import Box
from editor.picture import Picture
from editor.raster import Mask, Patch, Pixels, frozen
from pipelines.base import Pipeline, Request, Step

LONGEST_PROMPT = 1000  # characters
MOST_STEPS = 1000
STRONGEST_GUIDANCE = 30.0
WIDEST_FEATHER = 64  # pixels


@dataclass(frozen=True)
class Blend:
    """How a result is laid into the picture.

    feather: pixels over which it fades out around the mask, 0 to 64. colour_match: whether its colours are
    moved to meet those of the kept pixels around. ValueError when out of range.
    """

    feather: int = 8
    colour_match: bool = True

    def __post_init__(self) -> None:
        _whole("feather", self.feather, 0, WIDEST_FEATHER, "pixels")
        if not isinstance(self.colour_match, bool):
            raise ValueError(f"The colour match is on or off (true or false), not {self.colour_match!r}.")


@dataclass(frozen=True)
class Edit:
    """Everything that decides the result of one edit on a given picture, and nothing else. ValueError when
    out of range.

    mask: where; kept on its bounds, so equal wishes are equal. prompt, negative_prompt: what belongs there
    and what does not, at most 1,000 characters each. guidance, clip_guidance: 0 to 30; strength: 0 to 1, 1 =
    from nothing; all three kept to two decimals. steps: 1 to 1,000. sampler, pipeline: names. seed: 0 to 2**32 - 1.
    """

    mask: Mask
    _: KW_ONLY
    prompt: str = ""
    negative_prompt: str = ""
    guidance: float = 2.0
    clip_guidance: float = 0.0
    strength: float = 1.0
    steps: int = 20
    sampler: str = "dpmpp_2m"
    seed: int
    pipeline: str
    blend: Blend = field(default_factory=Blend)

    def __post_init__(self) -> None:
        if self.mask.bounds.empty:
            raise ValueError("The mask is empty: paint over the place you want changed first.")
        _text("prompt", self.prompt)
        _text("negative prompt", self.negative_prompt)
        _text("pipeline's name", self.pipeline)
        _text("sampler's name", self.sampler)
        if not self.pipeline or not self.sampler:
            raise ValueError("An edit needs the name of a pipeline and of a sampler.")
        _whole("number of steps", self.steps, 1, MOST_STEPS, "steps")
        _whole("seed", self.seed, 0, 2**32 - 1, "")
        for name, highest in (("guidance", STRONGEST_GUIDANCE), ("clip_guidance", STRONGEST_GUIDANCE), ("strength", 1)):
            object.__setattr__(self, name, _number(name.replace("_", " "), getattr(self, name), highest))
        object.__setattr__(self, "mask", self.mask.cropped())

    def to_json(self) -> str:
        """The one canonical text of it: keys sorted, no spaces, ASCII, the mask by its box and digest."""
        record = {each.name: getattr(self, each.name) for each in fields(self)}
        record["mask"] = {"box": list(self.mask.box), "digest": self.mask.digest}
        record["blend"] = {each.name: getattr(self.blend, each.name) for each in fields(Blend)}
        return json.dumps(record, sort_keys=True, separators=(",", ":"))

    @staticmethod
    def from_json(text: str, mask_of: Callable[[str], Pixels]) -> "Edit":
        """The edit `text` tells of; mask_of(digest) gives the mask's alpha, uint8 (H, W).

        ValueError when the text is no edit, has a key this version does not know, or the mask is not the one
        named.
        """
        try:
            record = json.loads(text)
        except json.JSONDecodeError as error:
            raise ValueError(f"An edit must be JSON: {error}.") from None
        values = _known("edit", record, _names(Edit), {"mask", "seed", "pipeline"})
        where = _known("mask", values.pop("mask"), {"box", "digest"}, {"box", "digest"})
        box, digest = where["box"], where["digest"]
        if not (isinstance(box, list) and len(box) == 4 and all(type(n) is int for n in box)):
            raise ValueError(f"A mask's box must be four whole numbers [x, y, width, height], not {box!r}.")
        if not isinstance(digest, str):
            raise ValueError(f"A mask's digest must be text, not {digest!r}.")
        mask = Mask(Box(*box), mask_of(digest))
        if mask.digest != digest:
            raise ValueError(f"The mask's pixels are not those of {digest}: the file is damaged.")
        if "blend" in values:
            values["blend"] = Blend(**_known("blend", values["blend"], _names(Blend), set()))
        return Edit(mask, **values)


@dataclass(frozen=True, eq=False)
class Progress:
    """One step of an edit done.

    preview: the picture as it would be if the model stopped here, at the part of the window inside the
    picture, or None. serial: grows with each progress a worker shows; 0 where nobody counts.
    """

    index: int  # 1 .. total
    total: int
    preview: Patch | None
    serial: int = 0


@dataclass(frozen=True, eq=False)
class Applied:
    """A finished edit. picture: the result. window: what the model saw. crop: uint8 (S, S, 3), what it drew
    there, raw, at the pipeline's own size. request: the name of what it was asked, see `request_digest`.
    """

    picture: Picture
    window: Box
    crop: Pixels
    request: str


def context_window(hole: Box, size: int) -> Box:
    """The square the model sees, on the plane: centred on the hole (rounded down), at least `size` pixels,
    and at least a quarter larger than the hole's longest side.
    """
    side = max(size, math.ceil(1.25 * max(hole.width, hole.height)))
    return Box(hole.x + (hole.width - side) // 2, hole.y + (hole.height - side) // 2, side, side)


def painted(edit: Edit, picture: Picture) -> Mask:
    """The part of an edit's mask inside the picture. ValueError when there is none."""
    mask = edit.mask.cut(picture.box)
    if mask.box.empty:
        raise ValueError(
            f"The mask lies outside the picture: it covers {edit.mask.box}, the picture {picture.box}. "
            "Paint on the picture."
        )
    return mask


def region(edit: Edit, picture: Picture) -> Mask:
    """R, where `apply` may change the picture (255; its box lies in the picture): all other pixels stay the
    same bytes.
    """
    return painted(edit, picture).grown(edit.blend.feather).cut(picture.box)


def request_digest(pipeline: str, request: Request) -> str:
    """Hex name of everything that decides what a pipeline draws: equal names are equal crops.

    What lies under the mask is no part of it unless the strength has the pipeline begin from there.
    """
    image = request.image
    if request.strength == 1:
        image = np.where(request.mask[..., None] == 255, np.uint8(0), image)
    scalars = {each.name: getattr(request, each.name) for each in fields(Request) if each.name not in ("image", "mask")}
    name = blake2b(json.dumps([pipeline, scalars, image.shape], sort_keys=True).encode(), digest_size=16)
    for array in (image, request.mask):
        name.update(np.ascontiguousarray(array).data)
    return name.hexdigest()


def nothing_drawn(request: str) -> None:
    """Knows of no earlier crop."""


def apply(
    edit: Edit,
    picture: Picture,
    pipelines: Callable[[str], Pipeline],
    drawn: Callable[[str], Pixels | None] = nothing_drawn,
) -> Generator[Progress, None, Applied]:
    """Make the edit's wish true on a picture, which itself is untouched; yields each step, returns the
    result.

    pipelines: name -> Pipeline; what it raises passes through. drawn: the crop that was drawn for a request of
    this digest before, or None; where there is one, it is pasted and no model runs. Closing the generator
    cancels. The same edit on the same picture gives the same pixels. ValueError when the mask lies outside the
    picture.
    """
    mask = painted(edit, picture)
    pipeline = pipelines(edit.pipeline)
    window = context_window(mask.bounds, pipeline.size).shifted_into(picture.box)
    scene = Scene.of(edit, mask, picture, window)
    request = Request(
        image=resized(scene.original, pipeline.size).copy(),  # the pipeline's own, whatever it does to it
        mask=resized_mask(scene.repaint, pipeline.size),
        prompt=edit.prompt,
        negative_prompt=edit.negative_prompt,
        guidance=edit.guidance,
        clip_guidance=edit.clip_guidance,
        strength=edit.strength,
        steps=edit.steps,
        sampler=edit.sampler,
        seeds=(edit.seed,),
    )
    digest = request_digest(edit.pipeline, request)
    if edit.strength == 0:  # nothing is to be changed: not even by the way to the pipeline's size and back
        return Applied(picture, window, frozen(request.image), digest)
    crop = drawn(digest)
    if crop is None:
        crop = yield from _drawn(pipeline, request, scene)
    changed = Mask(window, scene.alpha).cut(picture.box).box
    patch = Patch(changed, scene.composed(crop)[changed.slices(window)])
    kept = region(edit, picture).on(changed) == 0
    assert np.array_equal(patch.pixels[kept], picture.read(changed).pixels[kept]), "a kept pixel was changed"
    return Applied(picture.write(patch), window, crop, digest)


@dataclass(frozen=True, eq=False)
class Scene:
    """One window onto a picture and what may happen in it; every array lies at the window."""

    window: Box
    visible: Box  # the part of the window inside the picture
    original: Pixels  # uint8 (side, side, 3)
    repaint: Pixels  # uint8 (side, side), 0 or 255: what the model must not take for known
    alpha: Pixels  # uint8 (side, side): the model's share in the result
    ring: Pixels  # uint8 (side, side), 0 or 255: kept pixels around the mask, to compare colours in
    colour_match: bool

    @staticmethod
    def of(edit: Edit, mask: Mask, picture: Picture, window: Box) -> "Scene":
        visible = window.intersect(picture.box)
        unknown = np.full(window.shape, 255, np.uint8)
        unknown[visible.slices(window)] = 0
        repaint = np.maximum(mask.grown(0).on(window), unknown)
        # the mask's edge is feathered, that of the picture is not: there is nothing there to fade into
        feathered = mask.feathered(_room(edit.blend.feather, mask.bounds, window, picture.box))
        return Scene(
            window=window,
            visible=visible,
            original=surrounded(picture.read(visible), window),
            repaint=repaint,
            alpha=np.maximum(feathered.on(window), unknown),
            ring=mask.grown(RING).on(window) & ~repaint,
            colour_match=edit.blend.colour_match,
        )

    def composed(self, crop: Pixels) -> Pixels:
        """The window with a crop of the pipeline's size laid into it, uint8 (side, side, 3)."""
        generated = resized(frozen(crop), self.window.width)
        if self.colour_match:
            generated = colour_match(generated, self.original, self.ring > 0)
        return blend(self.original, generated, self.alpha)

    def preview(self, crop: Pixels) -> Patch:
        return Patch(self.visible, self.composed(crop)[self.visible.slices(self.window)])


def _drawn(pipeline: Pipeline, request: Request, scene: Scene) -> Generator[Progress, None, Pixels]:
    """Run the pipeline, previews composed on the way; returns its one image, uint8 (S, S, 3)."""
    shape = (1, pipeline.size, pipeline.size, 3)
    with closing(pipeline.inpaint(request)) as steps:
        while True:
            try:
                step: Step = next(steps)
            except StopIteration as done:
                images = done.value
                break
            preview = None if step.preview is None else scene.preview(step.preview[0])
            yield Progress(step.index, step.total, preview)
    if not isinstance(images, np.ndarray) or images.dtype != np.uint8 or images.shape != shape:
        came = f"{images.dtype} {images.shape}" if isinstance(images, np.ndarray) else type(images).__name__
        raise ValueError(f"The pipeline {pipeline.name} returned {came} where uint8 {shape} was wanted.")
    return frozen(images[0])


def _room(feather: int, hole: Box, window: Box, frame: Box) -> int:
    """The feather, but no wider than the window reaches around the hole; a side where the picture ends sets
    no limit.
    """
    gaps = [
        (hole.x - window.x, window.x > frame.x),
        (hole.y - window.y, window.y > frame.y),
        (window.right - hole.right, window.right < frame.right),
        (window.bottom - hole.bottom, window.bottom < frame.bottom),
    ]
    return min([feather, *(gap for gap, goes_on in gaps if goes_on)])


def _known(what: str, record: object, keys: set[str], needed: set[str]) -> dict[str, Any]:
    """`record`, checked to be a JSON object with none but these keys, the needed ones present."""
    if not isinstance(record, dict):
        raise ValueError(f"The {what} must be a JSON object, not {record!r}.")
    unknown, missing = sorted(record.keys() - keys), sorted(needed - record.keys())
    if unknown:
        raise ValueError(f"The {what} says {', '.join(unknown)}, which this version does not know.")
    if missing:
        raise ValueError(f"The {what} does not say {', '.join(missing)}.")
    return dict(record)


def _names(kind: type) -> set[str]:
    return {each.name for each in fields(kind)}


def _text(what: str, text: object) -> None:
    if not isinstance(text, str):
        raise ValueError(f"The {what} must be text, not {text!r}.")
    if len(text) > LONGEST_PROMPT:
        raise ValueError(f"The {what} has {len(text):,} characters; at most {LONGEST_PROMPT:,} are read. Shorten it.")
    if not text.isprintable() and any("\ud800" <= letter <= "\udfff" for letter in text):
        raise ValueError(f"The {what} holds half a character (a lone surrogate). Type it again.")


def _number(what: str, value: Any, highest: float) -> float:
    """To two decimals. ValueError when it is no number from 0 to `highest`."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not 0 <= value <= highest:  # NaN compares false
        raise ValueError(f"The {what} must be a number from 0 to {highest:g}, not {value!r}.")
    return round(float(value), 2) + 0.0  # no minus zero


def _whole(what: str, number: object, least: int, most: int, unit: str) -> None:
    if not isinstance(number, int) or isinstance(number, bool) or not least <= number <= most:
        wanted = f"a whole number from {least:,} to {most:,} {unit}".rstrip()
        raise ValueError(f"The {what} must be {wanted}, not {number!r}.")
