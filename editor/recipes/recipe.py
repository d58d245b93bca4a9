"""A recipe: the way from one picture to another as a single JSON text, masks, sketches and references included; it runs
on other pictures.
"""

import base64
import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import PureWindowsPath
from typing import Any

from editor.edits.edit import Edit, shortened
from editor.formats.images import decode_mask, decode_tile, encode_png, encode_tile
from editor.imaging.digest import digest_of
from editor.imaging.geometry import Box, read_box
from editor.imaging.limits import MAX_DIGEST, MAX_RECIPE_STEPS
from editor.imaging.raster import Patch, Pixels
from pipelines.errors import InvalidInput

VERSION = 1


@dataclass(frozen=True)
class Recipe:
    """steps: the edits, first first. before: digest of the picture they were made on. after: digest of the picture
    after each of them. made_with: what ran them, in words, to explain a difference. frame: the box of the picture it
    was made on, None where a recipe of older times does not say.
    """

    steps: tuple[Edit, ...]
    before: str
    after: tuple[str, ...]
    made_with: str
    frame: Box | None = None

    def __post_init__(self) -> None:
        if not self.steps:
            raise InvalidInput("There is no step in it: make an edit first.")
        if len(self.after) != len(self.steps):
            raise InvalidInput(
                f"A recipe of {len(self.steps)} steps must tell of as many results, not {len(self.after)}."
            )

    @property
    def digest(self) -> str:
        """Hex name of its steps."""
        return digest_of(json.dumps([edit.to_json() for edit in self.steps]))

    def to_json(self) -> str:
        """The one text of it: each mask once, as PNG in base 64, each sketch and reference as WebP.

        It is for others to read: a model or an adapter in a folder of this machine has only its own name in it.
        """
        masks = {edit.mask.digest: _text(encode_png(edit.mask.alpha)) for edit in self.steps if edit.mask.alpha.size}
        record = {
            "palimpsest": VERSION,
            "before": self.before,
            "steps": [json.loads(edit.to_json()) for edit in self.located(_public, _public).steps],
            "after": list(self.after),
            "made_with": self.made_with,
            "masks": masks,
            "sketches": _webp(edit.sketch for edit in self.steps),
        }
        if self.frame is not None:
            record["frame"] = list(self.frame)
        if references := _webp(edit.reference for edit in self.steps):  # as in an edit: what came later
            record["references"] = references
        return json.dumps(record, sort_keys=True, indent=1) + "\n"

    def located(self, pipeline: Callable[[str], str], adapter: Callable[[str], str]) -> "Recipe":
        """With the names of its models as they are on this machine, see `to_json`; both give one for a name."""
        steps = tuple(_renamed(edit, pipeline, adapter) for edit in self.steps)
        return self if steps == self.steps else replace(self, steps=steps)

    @staticmethod
    def from_json(text: str) -> "Recipe":
        """The recipe that a text tells of. InvalidInput with a sentence when it is none, or a newer program's."""
        try:
            record = json.loads(text.removeprefix("\ufeff"))
        except (ValueError, RecursionError) as error:
            raise InvalidInput(f"This is no recipe: {error}.") from None
        if not isinstance(record, dict) or "palimpsest" not in record:
            raise InvalidInput("This is no recipe: it does not say palimpsest.")
        if record["palimpsest"] != VERSION or isinstance(record["palimpsest"], bool):
            came = shortened(record["palimpsest"])
            raise InvalidInput(f"The recipe is of format {came}, this Palimpsest knows {VERSION}: install a newer one.")
        wanted = {"before": str, "steps": list, "after": list, "made_with": str, "masks": dict, "sketches": dict}
        for name, kind in wanted.items():
            if not isinstance(record.get(name), kind):
                raise InvalidInput(
                    f"The recipe is damaged: its {name.replace('_', ' ')} is missing or no {kind.__name__}."
                )
        if len(record["steps"]) > MAX_RECIPE_STEPS:
            raise InvalidInput(f"A recipe has at most {MAX_RECIPE_STEPS:,} steps, not {len(record['steps']):,}.")
        if not all(isinstance(each, str) and len(each) <= MAX_DIGEST for each in (record["before"], *record["after"])):
            raise InvalidInput("The recipe is damaged: before and after are to be the digests of pictures.")
        masks: dict[str, Any] = record["masks"]
        patches: dict[str, Any] = dict(record["sketches"])
        if "references" in record:
            if not isinstance(record["references"], dict):
                raise InvalidInput("The recipe is damaged: its references are no dict.")
            patches |= record["references"]

        def pixels_of(digest: str) -> Pixels:
            try:
                if digest in patches:
                    return decode_tile(base64.b64decode(patches[digest], validate=True))
                return decode_mask(base64.b64decode(masks[digest], validate=True))
            except (KeyError, TypeError, ValueError, OSError) as error:
                raise InvalidInput(f"The recipe is damaged: its pixels {digest} cannot be read ({error}).") from None

        try:
            texts = [json.dumps(step) for step in record["steps"]]
        except RecursionError:
            raise InvalidInput("The recipe is damaged: a step in it is lists within lists without an end.") from None
        steps = tuple(Edit.from_json(text, pixels_of) for text in texts)
        return Recipe(steps, record["before"], tuple(record["after"]), record["made_with"], _frame(record))


def _frame(record: dict[str, Any]) -> Box | None:
    frame = record.get("frame")
    if frame is None:
        return None
    box = read_box(frame)
    if box is None:
        raise InvalidInput(f"The recipe is damaged: its frame must be [x, y, width, height], not {shortened(frame)}.")
    if box.empty:
        raise InvalidInput(f"The recipe is damaged: its frame {frame!r} has no pixels.")
    return box


def named_locally(name: str) -> str:
    """What a model or an adapter that lies in a folder of some machine is called without that folder; "" for any other
    name. `hf:/home/me/sdxl` is `hf:sdxl`, `glide:runs/mine` is `glide:mine`, `hf:OWNER/MODEL` is the hub's.
    """
    kind, colon, path = name.partition(":") if re.match("[a-z]{2,}:", name) else ("", "", name)
    on_disk = re.match(r"[/\\.~]|[A-Za-z]:[/\\]", path) or (kind not in ("", "hf") and ("/" in path or "\\" in path))
    return f"{kind}{colon}{PureWindowsPath(path).name}" if on_disk else ""


def _public(name: str) -> str:
    return named_locally(name) or name


def _renamed(edit: Edit, pipeline: Callable[[str], str], adapter: Callable[[str], str]) -> Edit:
    adapters = tuple(each._replace(name=adapter(each.name)) for each in edit.adapters)
    return replace(edit, pipeline=pipeline(edit.pipeline), adapters=adapters)


def _webp(patches: Iterable[Patch | None]) -> dict[str, str]:
    return {patch.digest: _text(encode_tile(patch.pixels)) for patch in patches if patch is not None}


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()
