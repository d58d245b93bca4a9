"""Variations: revisions on one parent whose edits differ at most in their seed."""

import json
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

from editor.imaging.digest import digest_of


@lru_cache(1024)
def variation_group(edit: str) -> str:
    """Returns a digest of an edit's JSON without its seed, which all its variations have in common."""
    return digest_of(json.dumps({key: value for key, value in json.loads(edit).items() if key != "seed"}))


def group_of(parent: str, edit: str) -> str:
    """Returns what all variations of an edit, given as JSON, on one parent have in common."""
    return f"{parent} {variation_group(edit)}"


def variations_of(edits: Iterable[Sequence[Any]], edit: str) -> list[str]:
    """Returns the ids of those (id, edit's JSON) that are variations of an edit: they differ at most in the seed."""
    group = variation_group(edit)
    return [id for id, text in edits if variation_group(text) == group]
