"""Edit: one request as data."""

import json
import re
from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass, field, fields
from functools import cached_property
from reprlib import Repr
from typing import Any, TypeVar

import numpy as np

from editor.imaging.digest import digest_of
from editor.imaging.geometry import FARTHEST, Box, Margins, read_box
from editor.imaging.limits import (
    MAX_ADAPTER_WEIGHT,
    MAX_ADAPTERS,
    MAX_EDGE,
    MAX_EDIT_JSON,
    MAX_FEATHER,
    MAX_GUIDANCE,
    MAX_MARGIN,
    MAX_PATCH_PIXELS,
    MAX_PATCH_SIDE,
    MAX_PROMPT,
    MAX_REFERENCE_SIDE,
    MAX_STEPS,
)
from editor.imaging.raster import Mask, Patch, Pixels
from pipelines.base import Adapter
from pipelines.errors import InvalidInput

UNMOVED = Margins()
NOWHERE = Mask(Box(0, 0, 0, 0), np.zeros((0, 0), np.uint8))  # for what needs no mask: a crop, a sketch, new margins


@dataclass(frozen=True)
class Blend:
    """How a result is laid into the picture.

    feather: pixels over which it fades out around the mask, 0 to 64. edge: pixels by which it reaches over the mask
    before that, -64 to 64. opacity: its share inside, 0 to 1, kept to two decimals. colour_match: whether its colours
    are moved to meet those of the kept pixels around. InvalidInput when out of range.
    """

    feather: int = 8
    edge: int = 0
    opacity: float = 1.0
    colour_match: bool = True

    def __post_init__(self) -> None:
        _whole("feather", self.feather, 0, MAX_FEATHER, "pixels")
        _whole("edge", self.edge, -MAX_EDGE, MAX_EDGE, "pixels")
        object.__setattr__(self, "opacity", _number("opacity", self.opacity, 1))
        if not isinstance(self.colour_match, bool):
            raise InvalidInput(f"The colour match is on or off (true or false), not {shortened(self.colour_match)}.")

    @property
    def reach(self) -> int:
        """Pixels beyond its mask that an edit may change."""
        return self.feather + max(0, self.edge)


@dataclass(frozen=True)
class Edit:
    """Everything that decides the result of one edit on a given picture, and nothing else. InvalidInput when
    out of range.

    mask: where; kept on its bounds, so equal edits are equal. It may be empty where a sketch or margins say enough.
    margins: by how much each side of the picture moves outwards, and what is new is painted; inwards, a crop.
    sketch: strokes, uint8 (H, W, 4), that the model begins from, and repaints with a strength below 1.
    prompt, negative_prompt: what belongs there and what does not, at most 1,000 characters each. guidance,
    clip_guidance: 0 to 30; strength: 0 to 1, 1 = from nothing; all three kept to two decimals. steps: 1 to 1,000.
    sampler, pipeline: names. seed: 0 to 2**32 - 1. adapters: what is added to the model, at most 8 and each once, their
    weights 0 to 2, to two decimals. reference: uint8 (h, w, 3) at (0, 0), a picture that the result is to be like, at
    most 1,024 pixels a side.
    """

    mask: Mask
    _: KW_ONLY
    margins: Margins = UNMOVED
    sketch: Patch | None = None
    prompt: str = ""
    negative_prompt: str = ""
    guidance: float = 2.0
    clip_guidance: float = 0.0
    strength: float = 1.0
    steps: int = 20
    sampler: str = "dpmpp_2m"
    seed: int
    pipeline: str
    adapters: tuple[Adapter, ...] = ()
    reference: Patch | None = None
    blend: Blend = field(default_factory=Blend)

    def __post_init__(self) -> None:
        for side in self.margins:
            _whole("margin", side, -MAX_MARGIN, MAX_MARGIN, "pixels")
        object.__setattr__(self, "margins", Margins(*self.margins))
        if self.sketch is not None and self.sketch.pixels.shape[2] != 4:
            raise InvalidInput("A sketch needs an alpha channel: only its strokes are to be seen.")
        if self.sketch is not None:
            object.__setattr__(self, "sketch", _strokes(self.sketch))
        if self.mask.bounds.empty and self.sketch is None and not any(self.margins):
            raise InvalidInput("The mask is empty: paint over the place you want changed first.")
        _text("prompt", self.prompt)
        _text("negative prompt", self.negative_prompt)
        _text("pipeline's name", self.pipeline)
        _text("sampler's name", self.sampler)
        if not self.pipeline or not self.sampler:
            raise InvalidInput("An edit needs the name of a pipeline and of a sampler.")
        _whole("number of steps", self.steps, 1, MAX_STEPS, "steps")
        _whole("seed", self.seed, 0, 2**32 - 1, "")
        for name, highest in (("guidance", MAX_GUIDANCE), ("clip_guidance", MAX_GUIDANCE), ("strength", 1)):
            object.__setattr__(self, name, _number(name.replace("_", " "), getattr(self, name), highest))
        object.__setattr__(self, "adapters", tuple(_adapter(*each) for each in self.adapters))
        if len(self.adapters) > MAX_ADAPTERS:
            raise InvalidInput(
                f"An edit takes at most {MAX_ADAPTERS} adapters, not {len(self.adapters)}: leave some out."
            )
        if len({adapter.name for adapter in self.adapters}) < len(self.adapters):
            raise InvalidInput("An adapter is named twice: name it once, with the weight that it should have.")
        if self.reference is not None:
            _likeness(self.reference)
        object.__setattr__(self, "mask", NOWHERE if self.mask.bounds.empty else self.mask.cropped())

    @cached_property
    def digest(self) -> str:
        """Hex name of what it asks for: the same on whatever parent."""
        return digest_of(self.to_json())

    def to_json(self) -> str:
        """The one canonical text of it: keys sorted, no spaces, ASCII, pixels by their box and digest.

        What came later says nothing where it is as before, so that the texts of older edits stay theirs.
        """
        record = {each.name: getattr(self, each.name) for each in fields(self)}
        record["mask"] = {"box": list(self.mask.box), "digest": self.mask.digest}
        record["blend"] = {each.name: getattr(self.blend, each.name) for each in fields(Blend)}
        if not any(self.margins):
            del record["margins"]
        if self.adapters:
            record["adapters"] = [adapter._asdict() for adapter in self.adapters]
        else:
            del record["adapters"]
        for name, patch in (("sketch", self.sketch), ("reference", self.reference)):
            if patch is None:
                del record[name]
            else:
                record[name] = {"box": list(patch.box), "digest": patch.digest}
        for later in ("edge", "opacity"):
            if getattr(self.blend, later) == getattr(Blend, later):
                del record["blend"][later]
        return json.dumps(record, sort_keys=True, separators=(",", ":"))

    @staticmethod
    def from_json(text: str, pixels_of: Callable[[str], Pixels]) -> "Edit":
        """The edit `text` tells of; pixels_of(digest) gives a mask's alpha, uint8 (H, W), a sketch, uint8 (H, W, 4), or
        a reference, uint8 (H, W, 3).

        InvalidInput when the text is no edit, has a key this version does not know, or the pixels are not those
        named.
        """
        if len(text) > MAX_EDIT_JSON:
            raise InvalidInput(f"An edit's JSON has at most {MAX_EDIT_JSON:,} characters, not {len(text):,}.")
        try:
            record = json.loads(text)
        except ValueError as error:
            raise InvalidInput(f"An edit must be JSON: {error}.") from None
        except RecursionError:
            raise InvalidInput("An edit must be JSON, and its brackets go too deep.") from None
        values = _known("edit", record, _names(Edit), {"mask", "seed", "pipeline"})
        mask = _placed("mask", values.pop("mask"), lambda box, digest: _mask(box, digest, pixels_of))
        if "sketch" in values:
            values["sketch"] = _placed("sketch", values["sketch"], lambda box, digest: sketched(box, pixels_of(digest)))
        if "reference" in values:
            values["reference"] = _placed(
                "reference", values["reference"], lambda box, digest: Patch(box, pixels_of(digest))
            )
        if "adapters" in values:
            adapters = values["adapters"]
            if not isinstance(adapters, list):
                raise InvalidInput(f"Adapters must be a list of names with weights, not {shortened(adapters)}.")
            keys = set(Adapter._fields)
            values["adapters"] = tuple(Adapter(**_known("adapter", each, keys, keys)) for each in adapters)
        if "margins" in values:
            margins = values["margins"]
            if not (isinstance(margins, list) and len(margins) == 4):
                raise InvalidInput(
                    f"Margins must be four whole numbers [left, top, right, bottom], not {shortened(margins)}."
                )
            values["margins"] = Margins(*margins)
        if "blend" in values:
            values["blend"] = Blend(**_known("blend", values["blend"], _names(Blend), set()))
        return Edit(mask, **values)

    @property
    def patches(self) -> tuple[Patch, ...]:
        """The pixels it holds beside its mask."""
        return tuple(patch for patch in (self.sketch, self.reference) if patch is not None)


def _adapter(name: object, weight: object) -> Adapter:
    _text("adapter's name", name)
    if not name:
        raise InvalidInput("An adapter needs a name: a file, a folder or OWNER/MODEL.")
    return Adapter(str(name), _number(f"weight of the adapter {name}", weight, MAX_ADAPTER_WEIGHT))


def _likeness(reference: Patch) -> None:
    """InvalidInput when a picture can be no reference."""
    box = reference.box
    if reference.pixels.shape[2] != 3 or (box.x, box.y) != (0, 0) or box.empty:
        raise InvalidInput(f"A reference is a picture with no alpha at 0, 0, not {reference.pixels.shape} at {box}.")
    if max(box.width, box.height) > MAX_REFERENCE_SIDE:
        raise InvalidInput(
            f"The reference is too large: {box.width:,} x {box.height:,} pixels; {MAX_REFERENCE_SIDE:,} a side at "
            "most. Make it smaller."
        )


def _strokes(sketch: Patch) -> Patch | None:
    """A sketch on the bounds of its strokes, None where there is none."""
    bounds = Mask(sketch.box, np.ascontiguousarray(sketch.pixels[..., 3])).bounds
    if bounds.empty:
        return None
    if max(bounds.width, bounds.height) > MAX_PATCH_SIDE or bounds.width * bounds.height > MAX_PATCH_PIXELS:
        raise InvalidInput(
            f"The sketch is too large: {bounds.width:,} x {bounds.height:,} pixels; {MAX_PATCH_SIDE:,} a side and "
            f"{MAX_PATCH_PIXELS:,} in all can be kept at most."
        )
    return sketch if bounds == sketch.box else Patch(bounds, sketch.pixels[bounds.slices(sketch.box)])


_SHORT = Repr()
_SHORT.maxstring = _SHORT.maxother = _SHORT.maxlong = 200

Placed = TypeVar("Placed", Mask, Patch)


def _placed(what: str, record: object, found: Callable[[Box, str], Placed]) -> Placed:
    """The mask, sketch or reference that a record tells of."""
    where = _known(what, record, {"box", "digest"}, {"box", "digest"})
    box, digest = where["box"], where["digest"]
    at = read_box(box)
    if at is None:
        raise InvalidInput(
            f"A {what}'s box must be four whole numbers [x, y, width, height] of at most {FARTHEST:,}, not "
            f"{shortened(box)}."
        )
    if not isinstance(digest, str) or not re.fullmatch("[0-9a-f]{32}", digest):
        raise InvalidInput(f"A {what}'s digest must be 32 digits from 0 to f, not {shortened(digest)}.")
    placed = found(at, digest)
    if placed.digest != digest:
        raise InvalidInput(f"The {what}'s pixels are not those of {digest}: the file is damaged.")
    return placed


def _mask(box: Box, digest: str, pixels_of: Callable[[str], Pixels]) -> Mask:
    return NOWHERE if digest == NOWHERE.digest else Mask(box, pixels_of(digest))  # there is no file of no pixel


def sketched(box: Box, pixels: Pixels) -> Patch:
    """A sketch as it was: a file drops the alpha of one that is opaque all over."""
    if pixels.ndim == 3 and pixels.shape[2] == 3:
        pixels = np.dstack([pixels, np.full(pixels.shape[:2], 255, np.uint8)])
    return Patch(box, pixels)


def _known(what: str, record: object, keys: set[str], needed: set[str]) -> dict[str, Any]:
    """`record`, checked to be a JSON object with none but these keys, the needed ones present."""
    if not isinstance(record, dict):
        raise InvalidInput(f"The {what} must be a JSON object, not {shortened(record)}.")
    unknown, missing = sorted(record.keys() - keys), sorted(needed - record.keys())
    if unknown:
        named = ", ".join(shortened(name).strip("'") for name in unknown[:5])
        raise InvalidInput(f"The {what} says {named}, which this version does not know.")
    if missing:
        raise InvalidInput(f"The {what} does not say {', '.join(missing)}.")
    return dict(record)


def shortened(value: object) -> str:
    """A value in a sentence, whatever a file of somebody else's has there."""
    return _SHORT.repr(value)


def _names(kind: type) -> set[str]:
    return {each.name for each in fields(kind)}


def _text(what: str, text: object) -> None:
    if not isinstance(text, str):
        raise InvalidInput(f"The {what} must be text, not {shortened(text)}.")
    if len(text) > MAX_PROMPT:
        raise InvalidInput(f"The {what} has {len(text):,} characters; at most {MAX_PROMPT:,} are read. Shorten it.")
    if not text.isprintable() and any("\ud800" <= letter <= "\udfff" for letter in text):
        raise InvalidInput(f"The {what} holds half a character (a lone surrogate). Type it again.")


def _number(what: str, value: Any, highest: float) -> float:
    """To two decimals. InvalidInput when it is no number from 0 to `highest`."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not 0 <= value <= highest:  # NaN compares false
        raise InvalidInput(f"The {what} must be a number from 0 to {highest:g}, not {shortened(value)}.")
    return round(float(value), 2) + 0.0  # no minus zero


def _whole(what: str, number: object, least: int, most: int, unit: str) -> None:
    if not isinstance(number, int) or isinstance(number, bool) or not least <= number <= most:
        wanted = f"a whole number from {least:,} to {most:,} {unit}".rstrip()
        raise InvalidInput(f"The {what} must be {wanted}, not {shortened(number)}.")
