"""A recipe: the way from one picture to another as a single JSON text, masks, sketches and references included; it runs
on other pictures.
"""

import base64
import json
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from editor.edit import Edit
from editor.formats.images import decode_mask, decode_tile, encode_png, encode_tile
from editor.raster import Patch, Pixels

VERSION = 1


@dataclass(frozen=True)
class Recipe:
    """steps: the edits, first first. before: digest of the picture they were made on. after: digest of the picture
    after each of them. made_with: what ran them, in words, to explain a difference."""

    steps: tuple[Edit, ...]
    before: str
    after: tuple[str, ...]
    made_with: str

    def __post_init__(self) -> None:
        if not self.steps:
            raise ValueError("There is no step in it: make an edit first.")
        if len(self.after) != len(self.steps):
            raise ValueError(
                f"A recipe of {len(self.steps)} steps must tell of as many results, not {len(self.after)}."
            )

    @property
    def digest(self) -> str:
        """Hex name of its steps."""
        text = json.dumps([edit.to_json() for edit in self.steps])
        return blake2b(text.encode(), digest_size=16).hexdigest()

    def to_json(self) -> str:
        """The one text of it: each mask once, as PNG in base 64, each sketch and reference as WebP."""
        masks = {edit.mask.digest: _text(encode_png(edit.mask.alpha)) for edit in self.steps if edit.mask.alpha.size}
        record = {
            "palimpsest": VERSION,
            "before": self.before,
            "steps": [json.loads(edit.to_json()) for edit in self.steps],
            "after": list(self.after),
            "made_with": self.made_with,
            "masks": masks,
            "sketches": _webp(edit.sketch for edit in self.steps),
        }
        if references := _webp(edit.reference for edit in self.steps):  # as in an edit: what came later
            record["references"] = references
        return json.dumps(record, sort_keys=True, indent=1) + "\n"

    @staticmethod
    def from_json(text: str) -> "Recipe":
        """The recipe that a text tells of. ValueError with a sentence when it is none, or a newer program's."""
        try:
            record = json.loads(text.removeprefix("\ufeff"))
        except (json.JSONDecodeError, RecursionError) as error:
            raise ValueError(f"This is no recipe: {error}.") from None
        if not isinstance(record, dict) or "palimpsest" not in record:
            raise ValueError("This is no recipe: it does not say palimpsest.")
        if record["palimpsest"] != VERSION or isinstance(record["palimpsest"], bool):
            came = record["palimpsest"]
            raise ValueError(f"The recipe is of format {came!r}, this Palimpsest knows {VERSION}: install a newer one.")
        wanted = {"before": str, "steps": list, "after": list, "made_with": str, "masks": dict, "sketches": dict}
        for name, kind in wanted.items():
            if not isinstance(record.get(name), kind):
                raise ValueError(
                    f"The recipe is damaged: its {name.replace('_', ' ')} is missing or no {kind.__name__}."
                )
        masks: dict[str, Any] = record["masks"]
        patches: dict[str, Any] = dict(record["sketches"])
        if "references" in record:
            if not isinstance(record["references"], dict):
                raise ValueError("The recipe is damaged: its references are no dict.")
            patches |= record["references"]

        def pixels_of(digest: str) -> Pixels:
            try:
                if digest in patches:
                    return decode_tile(base64.b64decode(patches[digest], validate=True))
                return decode_mask(base64.b64decode(masks[digest], validate=True))
            except (KeyError, TypeError, ValueError, OSError) as error:
                raise ValueError(f"The recipe is damaged: its pixels {digest} cannot be read ({error}).") from None

        steps = tuple(Edit.from_json(json.dumps(step), pixels_of) for step in record["steps"])
        return Recipe(steps, record["before"], tuple(map(str, record["after"])), record["made_with"])


def _webp(patches: Iterable[Patch | None]) -> dict[str, str]:
    return {patch.digest: _text(encode_tile(patch.pixels)) for patch in patches if patch is not None}


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()
