"""Prompts to token ids: byte-level byte pairs, so that any text can be typed (by the `tokenizers` library).

The released models' byte pairs are read from the files that OpenAI published, plain or gzipped. L is a model's context,
the number of tokens it reads.
"""

import gzip
import json
import re
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import cast

import torch
from tokenizers import Regex
from tokenizers import Tokenizer as BytePairs
from tokenizers.decoders import ByteLevel as ByteLevelDecoder
from tokenizers.models import BPE
from tokenizers.pre_tokenizers import ByteLevel, Sequence, Split
from torch import Tensor

from pipelines.errors import InvalidInput

GPT2_FILES = ("encoder.json", "vocab.bpe")
CLIP_FILE = "bpe_simple_vocab_16e6.txt"
CLIP_MERGES = 48894  # the file lists more than CLIP uses


class Tokenizer:
    """One model's byte pairs.

    Args:
        byte_pairs: of the `tokenizers` library.
        context: L, the number of tokens that the model reads.
        padding: the id of the tokens at the end of a short prompt.
        tidied: tidies a prompt before it is encoded.
    """

    def __init__(self, byte_pairs: BytePairs, context: int, padding: int, tidied: Callable[[str], str]) -> None:
        self.vocabulary = byte_pairs.get_vocab_size()
        self._byte_pairs, self._context, self._padding, self._tidied = byte_pairs, context, padding, tidied

    def encode(self, prompt: str) -> tuple[Tensor, Tensor]:
        """Turns a prompt into tokens.

        A longer prompt is cut between two words; within a word only where the first alone is too long. See `unread`.

        Returns:
            ids: int64 (L,), padded at the end; real: bool (L,), False where padded.
        """
        ids, _ = self._cut(prompt)
        tokens = torch.full((self._context,), self._padding)
        tokens[: len(ids)] = torch.tensor(ids, dtype=torch.int64)
        return tokens, torch.arange(self._context) < len(ids)

    def decode(self, tokens: Tensor, real: Tensor) -> str:
        """Turns what `encode` made of a prompt into words again."""
        return str(self._byte_pairs.decode(tokens[real].tolist())).strip()

    def unread(self, prompt: str) -> str:
        """Returns the end of a prompt that `encode` cuts off, tidied; '' when it cuts nothing off."""
        return self._cut(prompt)[1]

    def _cut(self, prompt: str) -> tuple[list[int], str]:
        """The ids that fit, and the text that does not."""
        text = self._tidied(prompt)
        encoding = self._byte_pairs.encode(text)
        if len(encoding.ids) <= self._context:
            return encoding.ids, ""
        starts, ends = zip(*encoding.offsets, strict=True)
        # a character can be many tokens, which all have its offsets: never cut between them
        places = [k for k in range(1, self._context + 1) if ends[k - 1] <= starts[k]]
        between = [k for k in places if text[: starts[k]].strip() and re.search(r"\s", text[starts[k] - 1 :][:2])]
        cut = max(between or places, default=0)
        return encoding.ids[:cut], text[starts[cut] :].strip()


class EndedTokenizer:
    """A model's byte pairs for a CLIP: with an end token, the id after the last, behind each text.

    Args:
        tokenizer: the byte pairs; its context is one less than CLIP's.
    """

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer

    def encode(self, prompt: str) -> tuple[Tensor, int]:
        """See `pipelines.glide.clip.TextTokenizer`."""
        tokens, real = self._tokenizer.encode(prompt)
        count = int(real.sum())
        ids = torch.cat([tokens, tokens.new_zeros(1)])
        ids[count] = self._tokenizer.vocabulary
        return ids, count + 1

    def unread(self, prompt: str) -> str:
        """See `Tokenizer.unread`."""
        return self._tokenizer.unread(prompt)


def mini_tokenizer(file: Path, context: int) -> Tokenizer:
    """Reads the byte pairs of a model that this project trained, in the library's own format.

    Args:
        file: the byte pairs.
        context: the number of tokens that the model reads.

    Raises:
        InvalidInput: the file is missing or damaged.
    """
    try:
        byte_pairs = BytePairs.from_str(file.read_text())
    except Exception as error:  # the library raises no narrower one
        raise InvalidInput(f"The byte pairs {file} cannot be read ({error}): get them again.") from error
    return Tokenizer(byte_pairs, context, padding=0, tidied=normalised)


def gpt2_tokenizer(folder: Path, context: int) -> Tokenizer:
    """Reads GPT-2's byte pairs (Radford et al. 2019, section 2.2) for GLIDE: lower-cased, padded with the last id.

    Args:
        folder: with `GPT2_FILES`.
        context: the number of tokens that the model reads.

    Raises:
        InvalidInput: one of the files is missing or damaged.
    """
    ids, merges = (_read(folder, name) for name in GPT2_FILES)
    try:
        vocabulary = json.loads(ids)
    except json.JSONDecodeError as error:
        raise InvalidInput(f"{folder / GPT2_FILES[0]} is damaged ({error}): get it again.") from error
    byte_pairs = _byte_pairs(folder, vocabulary, _merges(merges))
    byte_pairs.pre_tokenizer = ByteLevel(add_prefix_space=False)
    byte_pairs.decoder = ByteLevelDecoder()
    return Tokenizer(byte_pairs, context, padding=len(vocabulary) - 1, tidied=str.lower)


class ClipTokenizer:
    """CLIP's byte pairs (Radford et al. 2021, section 2.4): lower-cased, spaces dropped, the ends of words marked.

    As OpenAI's, but garbled text and HTML entities stay as they are, and "<|endoftext|>" is text like any other.

    Args:
        folder: with `CLIP_FILE`.
        context: L, the number of tokens that CLIP reads.

    Raises:
        InvalidInput: `CLIP_FILE` is missing from the folder or damaged.
    """

    def __init__(self, folder: Path, context: int) -> None:
        merges = _merges(_read(folder, CLIP_FILE))[:CLIP_MERGES]
        letters = sorted(ByteLevel.alphabet())
        pieces = [*letters, *(f"{letter}</w>" for letter in letters), *map("".join, merges)]
        self.vocabulary = len(pieces) + 2
        self._context, self._start, self._end = context, len(pieces), len(pieces) + 1
        vocabulary = {piece: i for i, piece in enumerate(pieces)}
        self._byte_pairs = _byte_pairs(folder, vocabulary, merges, end_of_word_suffix="</w>")
        words = Split(Regex(r"'s|'t|'re|'ve|'m|'ll|'d|\p{L}+|\p{N}|[^\s\p{L}\p{N}]+"), "removed", invert=True)
        self._byte_pairs.pre_tokenizer = Sequence([words, ByteLevel(add_prefix_space=False, use_regex=False)])

    def encode(self, prompt: str) -> tuple[Tensor, int]:
        """Turns a prompt into tokens; a long one is cut, see `unread`.

        Returns:
            ids: int64 (L,), start, prompt, end, then zeros; and how many come before the zeros.
        """
        ids = [self._start, *self._byte_pairs.encode(prompt.lower()).ids[: self._context - 2], self._end]
        tokens = torch.zeros(self._context, dtype=torch.int64)
        tokens[: len(ids)] = torch.tensor(ids)
        return tokens, len(ids)

    def unread(self, prompt: str) -> str:
        """Returns the end of a prompt that `encode` cuts off, in lower case; '' when it cuts nothing off."""
        encoding, room = self._byte_pairs.encode(prompt.lower()), self._context - 2
        return "" if len(encoding.ids) <= room else prompt.lower()[encoding.offsets[room][0] :]


def byte_pair_file(folder: Path, name: str) -> Path | None:
    """Finds a file in a folder, plain or gzipped; None when it is not there."""
    return next((file for file in (folder / name, folder / f"{name}.gz") if file.is_file()), None)


def _read(folder: Path, name: str) -> str:
    file = byte_pair_file(folder, name)
    if file is None:
        raise InvalidInput(f"{folder} lacks {name}, or {name}.gz.")
    try:
        data = file.read_bytes()
        return (gzip.decompress(data) if file.suffix == ".gz" else data).decode()
    except (gzip.BadGzipFile, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise InvalidInput(f"{file} is damaged ({error}): get it again.") from error


def _merges(text: str) -> list[tuple[str, ...]]:
    """Parses the pairs, most frequent first: one a line, after a line that says the version."""
    return [tuple(line.split(" ")) for line in text.split("\n")[1:] if line]


def _byte_pairs(folder: Path, vocabulary: object, merges: list[tuple[str, ...]], **options: str) -> BytePairs:
    """Makes byte pairs, checked first, since the library says of files that do not fit only that something did not.

    Raises:
        InvalidInput: the vocabulary and the merges are damaged, or do not belong together.
    """
    wanted = {*ByteLevel.alphabet(), *(piece for pair in merges for piece in (*pair, "".join(pair)))}
    whole = (
        isinstance(vocabulary, dict)
        and all(isinstance(number, int) for number in vocabulary.values())
        and sorted(vocabulary.values()) == list(range(len(vocabulary)))
        and wanted <= vocabulary.keys()
        and all(len(pair) == 2 for pair in merges)
    )
    if not whole:
        raise InvalidInput(f"The byte pairs in {folder} are damaged, or do not belong together: get them again.")
    return BytePairs(BPE(cast(dict[str, int], vocabulary), cast(list[tuple[str, str]], merges), **options))


def normalised(prompt: str) -> str:
    """Tidies a prompt: lower case, single spaces, a leading space, so that a word is one token wherever it stands."""
    words = " ".join(prompt.lower().split())
    return f" {words}" if words else ""


def words(prompt: str) -> list[str]:
    """Returns the words of a prompt, lower case, without punctuation, in order and once each."""
    return list(dict.fromkeys(re.findall(r"[^\W\d_]+(?:['-][^\W\d_]+)*|\d+", prompt.lower())))
