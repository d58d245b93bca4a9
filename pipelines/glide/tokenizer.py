"""Prompts to token ids: byte-level byte pairs, so that any text can be typed (by the `tokenizers` library)."""

import re
from pathlib import Path

import torch
from tokenizers import Tokenizer as BytePairs
from torch import Tensor


class Tokenizer:
    """The byte pairs of one model, and the words it was taught."""

    def __init__(self, file: Path, context: int) -> None:
        self._byte_pairs = BytePairs.from_file(str(file))
        self._context = context

    def encode(self, prompt: str) -> tuple[Tensor, Tensor]:
        """ids: int64 (context,), padded with 0; real: bool (context,). Tokens beyond the context are cut off."""
        ids = self._byte_pairs.encode(normalised(prompt)).ids[: self._context]
        tokens = torch.zeros(self._context, dtype=torch.int64)
        tokens[: len(ids)] = torch.tensor(ids, dtype=torch.int64)
        return tokens, torch.arange(self._context) < len(ids)

    def unread(self, prompt: str) -> str:
        """The part of a prompt that lies beyond the context, '' when all of it is read."""
        encoding = self._byte_pairs.encode(normalised(prompt))
        if len(encoding.ids) <= self._context:
            return ""
        return normalised(prompt)[encoding.offsets[self._context][0] :].strip()


def normalised(prompt: str) -> str:
    """Lower case, single spaces, a leading space, so that a word is the same token wherever it stands."""
    words = " ".join(prompt.lower().split())
    return f" {words}" if words else ""


def words(prompt: str) -> list[str]:
    """The words of a prompt, lower case, punctuation dropped, in order and once each."""
    return list(dict.fromkeys(re.findall(r"[^\W\d_]+(?:['-][^\W\d_]+)*|\d+", prompt.lower())))
