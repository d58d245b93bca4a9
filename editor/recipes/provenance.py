"""Provenance: the edits of a picture as the actions of its content credentials."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from editor.edits.edit import NO_MODEL
from editor.edits.intents import mode_of
from editor.edits.removal import COPIES, SPREADS
from editor.formats.signing import Signer
from editor.recipes.recipe import named_locally

# IPTC's digital source types, https://cv.iptc.org/newscodes/digitalsourcetype/
IPTC = "http://cv.iptc.org/newscodes/digitalsourcetype/"
GENERATED = IPTC + "trainedAlgorithmicMedia"  # by a model alone, on an empty picture or on what models made on one
COMPOSITE = IPTC + "compositeWithTrainedAlgorithmicMedia"  # by a model, into what it did not make
ALTERED = IPTC + "algorithmicallyEnhanced"  # by an algorithm that was trained on nothing
COMBINED = IPTC + "composite"  # pictures together; of what origin is not known
EDITED = IPTC + "humanEdits"  # by a person with a tool
UNTRAINED = (COPIES, SPREADS)


@dataclass(frozen=True)
class Signing:
    """How exports are signed."""

    signer: Signer
    prompts: bool = False  # whether the credentials say what was asked for

    def sign(
        self, data: bytes, steps: Sequence[Mapping[str, Any]], *, created: bool, opened: bytes | None = None
    ) -> bytes:
        """Signs a picture file, with an action for each step.

        Args:
            data: the file.
            steps: the edits that it shows, from the first, parsed from their JSON.
            created, opened: as in `Signer.sign`.

        Raises:
            InvalidInput: as in `Signer.sign`.
        """
        return self.signer.sign(data, actions_of(steps, created, self.prompts), created=created, opened=opened)


def actions_of(steps: Sequence[Mapping[str, Any]], created: bool, prompts: bool) -> list[dict[str, Any]]:
    """Returns the actions of edits; a hidden one is none.

    Args:
        steps: the edits, parsed from their JSON.
        created: whether the picture was empty before the first.
        prompts: whether to include their prompts.
    """
    actions: list[dict[str, Any]] = []
    generated = created  # whether nothing but models' work is in the picture so far
    for step in steps:
        mode = mode_of(step)
        if mode == "hidden":
            continue
        model = str(step["pipeline"])
        if model == NO_MODEL:
            source = COMBINED if mode == "paste" else EDITED
        elif model in UNTRAINED:
            source = ALTERED
        else:
            source = GENERATED if generated and mode != "sketch" else COMPOSITE
        generated &= source == GENERATED or mode == "crop"
        action: dict[str, Any] = {"action": "c2pa.edited", "digitalSourceType": source}
        if model != NO_MODEL:
            # without this machine's folders, as in a recipe
            action["softwareAgent"] = {"name": named_locally(model) or model}
        if prompts and step["prompt"]:
            action["description"] = step["prompt"]
        actions.append(action)
    return actions
