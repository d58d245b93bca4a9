"""A recipe: the edits from one picture to another as one JSON text, with their masks, sketches and references, to be
run on other pictures too.
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
    """The edits from one picture to another."""

    steps: tuple[Edit, ...]  # the edits, in order
    before: str  # digest of the picture that they were made on
    after: tuple[str, ...]  # digest of the picture after each of them
    made_with: str  # the software and hardware that ran them, for humans to read, to explain a difference
    frame: Box | None = None  # the box of the picture that they were made on; None in a recipe of an older version

    def __post_init__(self) -> None:
        if not self.steps:
            raise InvalidInput("There is no step in it. Make an edit first.")
        if len(self.after) != len(self.steps):
            raise InvalidInput(f"A recipe of {len(self.steps)} steps must have as many results, not {len(self.after)}.")

    @property
    def digest(self) -> str:
        """Hex digest of its steps."""
        return digest_of(json.dumps([edit.to_json() for edit in self.steps]))

    def to_json(self) -> str:
        """Returns it as JSON, with each mask once, as PNG in base64, and each sketch and reference as WebP.

        Since others may read it, a model or an adapter in a folder of this machine is in it without the folder.
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
        if references := _webp(
            edit.reference for edit in self.steps
        ):  # left out when empty, as in an edit, since it was added later
            record["references"] = references
        return json.dumps(record, sort_keys=True, indent=1) + "\n"

    def located(self, pipeline: Callable[[str], str], adapter: Callable[[str], str]) -> "Recipe":
        """Replaces the names of its models by those on this machine, see `to_json`.

        Args:
            pipeline: returns this machine's name of a pipeline.
            adapter: returns this machine's name of an adapter.
        """
        steps = tuple(_renamed(edit, pipeline, adapter) for edit in self.steps)
        return self if steps == self.steps else replace(self, steps=steps)

    @staticmethod
    def from_json(text: str) -> "Recipe":
        """Parses a recipe.

        Raises:
            InvalidInput: the text is not a recipe, is damaged, or comes from a newer program.
        """
        try:
            record = json.loads(text.removeprefix("\ufeff"))
        except json.JSONDecodeError as error:
            where = f"line {error.lineno}, column {error.colno}"
            raise InvalidInput(
                f"This is not a recipe: its JSON is broken at {where}. Write the recipe again."
            ) from None
        except (ValueError, RecursionError):  # a number or a nesting that nothing reads
            raise InvalidInput("This is not a recipe: its JSON cannot be read. Write the recipe again.") from None
        if not isinstance(record, dict) or "palimpsest" not in record:
            raise InvalidInput("This is not a recipe: it lacks the key palimpsest.")
        if record["palimpsest"] != VERSION or isinstance(record["palimpsest"], bool):
            version = shortened(record["palimpsest"])
            raise InvalidInput(
                f"The recipe has format {version}, but this Palimpsest only reads {VERSION}. Install a newer version."
            )
        kinds = {"before": str, "steps": list, "after": list, "made_with": str, "masks": dict, "sketches": dict}
        for name, kind in kinds.items():
            if not isinstance(record.get(name), kind):
                raise InvalidInput(f"The recipe is damaged: its {name.replace('_', ' ')} must be a {kind.__name__}.")
        if len(record["steps"]) > MAX_RECIPE_STEPS:
            raise InvalidInput(f"A recipe can have at most {MAX_RECIPE_STEPS:,} steps, not {len(record['steps']):,}.")
        if not all(isinstance(each, str) and len(each) <= MAX_DIGEST for each in (record["before"], *record["after"])):
            raise InvalidInput("The recipe is damaged: before and after must be the digests of pictures.")
        masks: dict[str, Any] = record["masks"]
        patches: dict[str, Any] = dict(record["sketches"])
        if "references" in record:
            if not isinstance(record["references"], dict):
                raise InvalidInput("The recipe is damaged: its references must be a dict.")
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
            raise InvalidInput("The recipe is damaged: a step in it is nested too deeply.") from None
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
    """Returns the name of a model or an adapter in a local folder without that folder; "" for any other name.

    `hf:/home/me/sdxl` becomes `hf:sdxl`, `glide:runs/mine` becomes `glide:mine`; `hf:OWNER/MODEL` is on the hub,
    and `openai:URL#MODEL` on another server.
    """
    kind, colon, path = name.partition(":") if re.match("[a-z]{2,}:", name) else ("", "", name)
    on_disk = re.match(r"[/\\.~]|[A-Za-z]:[/\\]", path) or (
        kind not in ("", "hf", "lama", "openai") and ("/" in path or "\\" in path)
    )
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
