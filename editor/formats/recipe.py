"""A recipe: the way from one picture to another as a single JSON text, masks included; it runs on other pictures."""

import base64
import json
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from editor.edit import Edit
from editor.formats.images import decode_mask, encode_png
from editor.raster import Pixels

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
        """The one text of it: each mask once, as a PNG in base 64."""
        masks = {edit.mask.digest: base64.b64encode(encode_png(edit.mask.alpha)).decode() for edit in self.steps}
        record = {
            "palimpsest": VERSION,
            "before": self.before,
            "steps": [json.loads(edit.to_json()) for edit in self.steps],
            "after": list(self.after),
            "made_with": self.made_with,
            "masks": masks,
        }
        return json.dumps(record, sort_keys=True, indent=1) + "\n"

    @staticmethod
    def from_json(text: str) -> "Recipe":
        """The recipe that a text tells of. ValueError with a sentence when it is none, or a newer program's."""
        try:
            record = json.loads(text)
        except json.JSONDecodeError as error:
            raise ValueError(f"This is no recipe: {error}.") from None
        if not isinstance(record, dict) or "palimpsest" not in record:
            raise ValueError("This is no recipe: it does not say palimpsest.")
        if record["palimpsest"] != VERSION:
            came = record["palimpsest"]
            raise ValueError(f"The recipe is of format {came!r}, this Palimpsest knows {VERSION}: install a newer one.")
        wanted = {"before": str, "steps": list, "after": list, "made_with": str, "masks": dict}
        for name, kind in wanted.items():
            if not isinstance(record.get(name), kind):
                raise ValueError(
                    f"The recipe is damaged: its {name.replace('_', ' ')} is missing or no {kind.__name__}."
                )
        masks: dict[str, Any] = record["masks"]

        def mask_of(digest: str) -> Pixels:
            try:
                return decode_mask(base64.b64decode(masks[digest], validate=True))
            except (KeyError, TypeError, ValueError) as error:
                raise ValueError(f"The recipe is damaged: its mask {digest} cannot be read ({error}).") from None

        steps = tuple(Edit.from_json(json.dumps(step), mask_of) for step in record["steps"])
        return Recipe(steps, record["before"], tuple(map(str, record["after"])), record["made_with"])
