"""Edit: one edit request as data."""

import json
import re
from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass, field, fields
from functools import cached_property
from reprlib import Repr
from typing import Any, TypeVar

import numpy as np

from editor.edits.adjustment import Adjustment
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
NO_MODEL = "none"  # the pipeline of edits that no model makes: a crop, an adjustment, a picture that is pasted
NOWHERE = Mask(
    Box(0, 0, 0, 0), np.zeros((0, 0), np.uint8)
)  # the mask of edits that need none: a crop, a sketch, new margins, an adjustment of the whole picture


@dataclass(frozen=True)
class Blend:
    """How a result is blended into the picture. Raises InvalidInput when a value is out of range."""

    feather: int = 8  # pixels over which it fades out around the mask, 0 to 64
    edge: int = 0  # pixels by which it extends beyond the mask before it fades, -64 to 64
    opacity: float = 1.0  # 0 to 1, rounded to two decimals
    colour_match: bool = True  # whether its colours are matched to the unchanged pixels around it
    visible: bool = True  # whether it is there at all; of a hidden result nothing is seen, and no model runs for it

    def __post_init__(self) -> None:
        _whole("feather", self.feather, 0, MAX_FEATHER, "pixels")
        _whole("edge", self.edge, -MAX_EDGE, MAX_EDGE, "pixels")
        object.__setattr__(self, "opacity", _number("opacity", self.opacity, 1))
        if not isinstance(self.colour_match, bool):
            raise InvalidInput(f"The colour match must be true or false, not {shortened(self.colour_match)}.")
        if not isinstance(self.visible, bool):
            raise InvalidInput(f"The visibility must be true or false, not {shortened(self.visible)}.")

    @property
    def reach(self) -> int:
        """How many pixels beyond its mask an edit may change."""
        return self.feather + max(0, self.edge)


@dataclass(frozen=True)
class Edit:
    """Everything that decides the result of one edit on a given picture, and nothing else.

    Raises InvalidInput when a value is out of range.
    """

    mask: Mask  # where; cropped to its bounds, so that equal edits are equal. May be empty with a sketch or margins
    _: KW_ONLY
    # by how many pixels each side of the picture moves outwards, where the edit fills the new area; negative for a crop
    margins: Margins = UNMOVED
    sketch: Patch | None = None  # strokes, uint8 (H, W, 4), that the model starts from, and redraws below strength 1
    prompt: str = ""  # what to add, at most 1,000 characters
    painted_as: str = ""  # what the model is given for it, in the words that it was taught; "" for the prompt itself
    negative_prompt: str = ""  # what to avoid, at most 1,000 characters
    guidance: float = 2.0  # 0 to 30, rounded to two decimals
    clip_guidance: float = 0.0  # 0 to 30, rounded to two decimals
    strength: float = 1.0  # 0 to 1, rounded to two decimals; 1 ignores what is under the mask
    steps: int = 20  # 1 to 1,000
    sampler: str = "dpmpp_2m"  # its name
    seed: int  # 0 to 2**32 - 1
    pipeline: str  # its name
    adapters: tuple[Adapter, ...] = ()  # at most 8, each once, with weights from 0 to 2, rounded to two decimals
    reference: Patch | None = None  # a picture to imitate, uint8 (h, w, 3) at (0, 0), at most 1,024 pixels a side
    blend: Blend = field(default_factory=Blend)
    # how colours change under the mask, or in the whole picture where it is empty, by no model: the pipeline is "none",
    # the seed 0, and all of a model's fields are at their defaults
    adjustment: Adjustment | None = None

    def __post_init__(self) -> None:
        for side in self.margins:
            _whole("margin", side, -MAX_MARGIN, MAX_MARGIN, "pixels")
        object.__setattr__(self, "margins", Margins(*self.margins))
        if self.sketch is not None and self.sketch.pixels.shape[2] != 4:
            raise InvalidInput("A sketch needs an alpha channel, transparent everywhere but on its strokes.")
        if self.sketch is not None:
            object.__setattr__(self, "sketch", _strokes(self.sketch))
        if self.mask.bounds.empty and self.sketch is None and not any(self.margins) and self.adjustment is None:
            raise InvalidInput("The mask is empty. Paint over the area that you want to change first.")
        if any(self.margins) and not self.blend.visible:
            raise InvalidInput("A step that changes the picture's size cannot be hidden. Undo it instead.")
        _text("prompt", self.prompt)
        _text("prompt that is painted", self.painted_as)
        _text("negative prompt", self.negative_prompt)
        _text("pipeline's name", self.pipeline)
        _text("sampler's name", self.sampler)
        if not self.pipeline or not self.sampler:
            raise InvalidInput("An edit needs the names of a pipeline and a sampler.")
        _whole("number of steps", self.steps, 1, MAX_STEPS, "steps")
        _whole("seed", self.seed, 0, 2**32 - 1, "")
        for name, highest in (("guidance", MAX_GUIDANCE), ("clip_guidance", MAX_GUIDANCE), ("strength", 1)):
            object.__setattr__(self, name, _number(name.replace("_", " "), getattr(self, name), highest))
        object.__setattr__(self, "adapters", tuple(_adapter(*each) for each in self.adapters))
        if len(self.adapters) > MAX_ADAPTERS:
            raise InvalidInput(
                f"An edit can have at most {MAX_ADAPTERS} adapters, not {len(self.adapters)}. Leave some out."
            )
        if len({adapter.name for adapter in self.adapters}) < len(self.adapters):
            raise InvalidInput("An adapter is listed twice. List it once, with the weight that it should have.")
        if self.reference is not None:
            _check_reference(self.reference)
        object.__setattr__(self, "mask", NOWHERE if self.mask.bounds.empty else self.mask.cropped())
        if self.adjustment is not None:
            _check_adjusting(self)

    @cached_property
    def digest(self) -> str:
        """A hex digest of the edit, independent of its parent."""
        return digest_of(self.to_json())

    def to_json(self) -> str:
        """Returns its canonical JSON: keys sorted, no spaces, ASCII, pixels by their box and digest.

        Fields that were added later are left out at their defaults, so that the JSON of older edits does not change.
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
        if self.adjustment is None:
            del record["adjustment"]
        else:
            record["adjustment"] = self.adjustment.to_record()
        for name, patch in (("sketch", self.sketch), ("reference", self.reference)):
            if patch is None:
                del record[name]
            else:
                record[name] = {"box": list(patch.box), "digest": patch.digest}
        if not self.painted_as:
            del record["painted_as"]
        for name in ("edge", "opacity", "visible"):
            if getattr(self.blend, name) == getattr(Blend, name):
                del record["blend"][name]
        return json.dumps(record, sort_keys=True, separators=(",", ":"))

    @staticmethod
    def from_json(text: str, pixels_of: Callable[[str], Pixels]) -> "Edit":
        """Parses an edit.

        Args:
            text: its JSON.
            pixels_of: returns the pixels of a digest: a mask's alpha, uint8 (H, W), a sketch, uint8 (H, W, 4), or a
                reference, uint8 (H, W, 3).

        Raises:
            InvalidInput: the text is not an edit, has a key that this version does not know, or the pixels do not match
                their digests.
        """
        if len(text) > MAX_EDIT_JSON:
            raise InvalidInput(f"An edit's JSON can have at most {MAX_EDIT_JSON:,} characters, not {len(text):,}.")
        try:
            record = json.loads(text)
        except ValueError as error:
            raise InvalidInput(f"An edit must be JSON: {error}.") from None
        except RecursionError:
            raise InvalidInput("An edit must be JSON, but this text is nested too deeply.") from None
        values = _check_keys("edit", record, _names(Edit), {"mask", "seed", "pipeline"})
        mask = _read_pixels("mask", values.pop("mask"), lambda box, digest: _mask(box, digest, pixels_of))
        if "sketch" in values:
            values["sketch"] = _read_pixels(
                "sketch", values["sketch"], lambda box, digest: sketched(box, pixels_of(digest))
            )
        if "reference" in values:
            values["reference"] = _read_pixels(
                "reference", values["reference"], lambda box, digest: Patch(box, pixels_of(digest))
            )
        if "adapters" in values:
            values["adapters"] = read_adapters(values["adapters"])
        if "margins" in values:
            margins = values["margins"]
            if not (isinstance(margins, list) and len(margins) == 4):
                raise InvalidInput(
                    f"Margins must be four whole numbers [left, top, right, bottom], not {shortened(margins)}."
                )
            values["margins"] = Margins(*margins)
        if "adjustment" in values:
            values["adjustment"] = read_adjustment(values["adjustment"])
        if "blend" in values:
            values["blend"] = Blend(**_check_keys("blend", values["blend"], _names(Blend), set()))
        return Edit(mask, **values)

    @property
    def pastes(self) -> bool:
        """Whether its sketch is laid into the picture as it is, and no model runs."""
        return self.pipeline == NO_MODEL and self.sketch is not None and self.mask.box.empty and not any(self.margins)

    @property
    def patches(self) -> tuple[Patch, ...]:
        """Its sketch and its reference, if it has them."""
        return tuple(patch for patch in (self.sketch, self.reference) if patch is not None)


def read_adjustment(record: object) -> Adjustment:
    """Parses an adjustment in JSON, with only the values that change something; raises InvalidInput."""
    return Adjustment(**_check_keys("adjustment", record, _names(Adjustment), set()))


def read_adapters(records: object) -> tuple[Adapter, ...]:
    """Parses adapters in JSON, a list of objects with a name and a weight; raises InvalidInput."""
    if not isinstance(records, list):
        raise InvalidInput(f"Adapters must be a list of names with weights, not {shortened(records)}.")
    keys = set(Adapter._fields)
    return tuple(_adapter(**_check_keys("adapter", each, keys, keys)) for each in records)


def _check_adjusting(edit: Edit) -> None:
    """Raises InvalidInput when an edit with an adjustment has anything that only a model or another frame needs."""
    own = {"mask", "blend", "adjustment", "seed", "pipeline"}
    others = [each.name for each in fields(Edit) if each.name not in own and getattr(edit, each.name) != each.default]
    if edit.pipeline != NO_MODEL or edit.seed != 0:
        others.append("model")
    if others:
        raise InvalidInput(
            f"An adjustment takes no {others[0].replace('_', ' ')}: no model runs for it, and its frame stays. Leave "
            "everything out but its mask, its values and its blend."
        )


def _adapter(name: object, weight: object) -> Adapter:
    _text("adapter's name", name)
    if not name:
        raise InvalidInput("An adapter needs a name: a file, a folder or OWNER/MODEL.")
    return Adapter(str(name), _number(f"weight of the adapter {name}", weight, MAX_ADAPTER_WEIGHT))


def _check_reference(reference: Patch) -> None:
    """Raises InvalidInput when a picture cannot be a reference."""
    box = reference.box
    if reference.pixels.shape[2] != 3 or (box.x, box.y) != (0, 0) or box.empty:
        raise InvalidInput(f"A reference must be RGB without alpha at 0, 0, not {reference.pixels.shape} at {box}.")
    if max(box.width, box.height) > MAX_REFERENCE_SIDE:
        raise InvalidInput(
            f"The reference is too large: {box.width:,} x {box.height:,} pixels; at most {MAX_REFERENCE_SIDE:,} a side "
            "are possible. Make it smaller."
        )


def _strokes(sketch: Patch) -> Patch | None:
    """Crops a sketch to its strokes; returns None when it has none."""
    bounds = Mask(sketch.box, np.ascontiguousarray(sketch.pixels[..., 3])).bounds
    if bounds.empty:
        return None
    if max(bounds.width, bounds.height) > MAX_PATCH_SIDE or bounds.width * bounds.height > MAX_PATCH_PIXELS:
        raise InvalidInput(
            f"The sketch is too large: {bounds.width:,} x {bounds.height:,} pixels; at most {MAX_PATCH_SIDE:,} a side "
            f"and {MAX_PATCH_PIXELS:,} in all are possible."
        )
    return sketch if bounds == sketch.box else Patch(bounds, sketch.pixels[bounds.slices(sketch.box)])


_SHORT = Repr()
_SHORT.maxstring = _SHORT.maxother = _SHORT.maxlong = 200

Raster = TypeVar("Raster", Mask, Patch)


def _read_pixels(name: str, record: object, load: Callable[[Box, str], Raster]) -> Raster:
    """Loads the mask, sketch or reference of a record."""
    values = _check_keys(name, record, {"box", "digest"}, {"box", "digest"})
    box, digest = read_box(values["box"]), values["digest"]
    if box is None:
        raise InvalidInput(
            f"A {name}'s box must be four whole numbers [x, y, width, height] of at most {FARTHEST:,}, not "
            f"{shortened(values['box'])}."
        )
    if not isinstance(digest, str) or not re.fullmatch("[0-9a-f]{32}", digest):
        raise InvalidInput(f"A {name}'s digest must be 32 digits from 0 to f, not {shortened(digest)}.")
    raster = load(box, digest)
    if raster.digest != digest:
        raise InvalidInput(f"The {name}'s pixels do not match the digest {digest}: the file is damaged.")
    return raster


def _mask(box: Box, digest: str, pixels_of: Callable[[str], Pixels]) -> Mask:
    return NOWHERE if digest == NOWHERE.digest else Mask(box, pixels_of(digest))  # an empty mask has no file


def sketched(box: Box, pixels: Pixels) -> Patch:
    """Returns the sketch of decoded pixels; the file format drops the alpha channel of a fully opaque one."""
    if pixels.ndim == 3 and pixels.shape[2] == 3:
        pixels = np.dstack([pixels, np.full(pixels.shape[:2], 255, np.uint8)])
    return Patch(box, pixels)


def _check_keys(name: str, record: object, keys: set[str], required: set[str]) -> dict[str, Any]:
    """Checks that a record is a JSON object with only these keys and all required ones, and returns it."""
    if not isinstance(record, dict):
        raise InvalidInput(f"The {name} must be a JSON object, not {shortened(record)}.")
    unknown, missing = sorted(record.keys() - keys), sorted(required - record.keys())
    if unknown:
        listing = ", ".join(shortened(key).strip("'") for key in unknown[:5])
        raise InvalidInput(f"The {name} has keys that this version does not know: {listing}.")
    if missing:
        raise InvalidInput(f"The {name} lacks {', '.join(missing)}.")
    return dict(record)


def shortened(value: object) -> str:
    """Returns a value for an error message, shortened, whatever an untrusted file contains."""
    return _SHORT.repr(value)


def _names(kind: type) -> set[str]:
    return {each.name for each in fields(kind)}


def _text(name: str, text: object) -> None:
    if not isinstance(text, str):
        raise InvalidInput(f"The {name} must be text, not {shortened(text)}.")
    if len(text) > MAX_PROMPT:
        raise InvalidInput(f"The {name} has {len(text):,} characters; at most {MAX_PROMPT:,} are possible. Shorten it.")
    if not text.isprintable() and any("\ud800" <= letter <= "\udfff" for letter in text):
        raise InvalidInput(f"The {name} contains half a character (a lone surrogate). Type it again.")


def _number(name: str, value: Any, highest: float) -> float:
    """Rounds a number to two decimals; raises InvalidInput when it is not a number from 0 to `highest`."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not 0 <= value <= highest:  # NaN compares false
        raise InvalidInput(f"The {name} must be a number from 0 to {highest:g}, not {shortened(value)}.")
    return round(float(value), 2) + 0.0  # no minus zero


def _whole(name: str, number: object, lowest: int, highest: int, unit: str) -> None:
    if not isinstance(number, int) or isinstance(number, bool) or not lowest <= number <= highest:
        expected = f"a whole number from {lowest:,} to {highest:,} {unit}".rstrip()
        raise InvalidInput(f"The {name} must be {expected}, not {shortened(number)}.")
