"""Prompts to token ids: OpenAI's own, and what holds for any text and any context."""

import gzip
import json
import os
from functools import cache
from pathlib import Path

import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st
from tokenizers.decoders import ByteLevel as Decoder
from tokenizers.pre_tokenizers import ByteLevel

from pipelines.glide.tokenizer import CLIP_FILE, ClipTokenizer, Tokenizer, gpt2_tokenizer, mini_tokenizer, words
from pipelines.training.command import make_tokenizer

LETTERS = sorted(ByteLevel.alphabet())
GPT2_MERGES = [("Ġ", "r"), ("e", "d"), ("Ġr", "ed"), ("n", "'"), ("'", "t"), ("Ġ", "Ġ"), ("1", "2")]
CLIP_MERGES = [("e", "d</w>"), ("r", "ed</w>"), ("e", "d"), ("r", "ed"), ("n", "'"), ("'", "t</w>"), ("1", "2</w>")]
LONGEST = 10_000  # a context that nothing here exceeds


def write_gpt2(folder: Path) -> None:
    """Byte pairs in the form of GPT-2's two files: the last id ends a text."""
    pieces = [*LETTERS, *map("".join, GPT2_MERGES), "<|endoftext|>"]
    (folder / "encoder.json").write_text(json.dumps({piece: i for i, piece in enumerate(pieces)}))
    (folder / "vocab.bpe").write_text("#version: 0.2\n" + "".join(f"{a} {b}\n" for a, b in GPT2_MERGES))


def write_clip(folder: Path) -> None:
    text = "#version: 0.2\n" + "".join(f"{a} {b}\n" for a, b in CLIP_MERGES)
    (folder / "bpe_simple_vocab_16e6.txt.gz").write_bytes(gzip.compress(text.encode()))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("byte-pairs")
    write_gpt2(folder)
    write_clip(folder)
    make_tokenizer(folder / "tokenizer.json", 512)
    return folder


@cache
def made(kind: str, folder: Path, context: int) -> Tokenizer:
    return gpt2_tokenizer(folder, context) if kind == "gpt2" else mini_tokenizer(folder / "tokenizer.json", context)


def read(tokenizer: Tokenizer, prompt: str) -> list[int]:
    ids, real = tokenizer.encode(prompt)
    return ids[real].tolist()


# --- OpenAI's ---


@pytest.fixture
def published() -> Path:
    if not (folder := os.environ.get("GLIDE_BPE")):
        pytest.skip("OpenAI's byte pairs are not here: name the folder that holds them in GLIDE_BPE.")
    return Path(folder)


def test_ids_are_those_of_the_released_code(published: Path) -> None:
    known = json.loads((Path(__file__).parents[1] / "data" / "tokens.json").read_text())
    tokenizer = gpt2_tokenizer(published, 128)
    assert tokenizer.vocabulary == known["n_vocab"]
    for text, wanted in known["texts"].items():
        ids, real = tokenizer.encode(text)
        assert ids.tolist() == wanted + [known["n_vocab"] - 1] * (128 - len(wanted))
        assert real.tolist() == [True] * len(wanted) + [False] * (128 - len(wanted))


def test_clips_ids_are_those_of_the_released_code(published: Path) -> None:
    tokenizer = ClipTokenizer(published, 77)
    assert tokenizer.vocabulary == 49408
    ids, length = tokenizer.encode("a  photo of a Corgi")
    assert length == 7 and ids[:8].tolist() == [49406, 320, 1125, 539, 320, 31320, 49407, 0]


# --- any byte pairs ---

TEXTS = st.lists(
    st.one_of(
        st.sampled_from([" ", "  ", "\n", "\u3000", "red", "don't", "12", "кот", "猫", "🐈‍⬛"]), st.text(max_size=8)
    )
).map("".join)


@pytest.mark.parametrize("kind", ["gpt2", "mini"])
@given(prompt=TEXTS, context=st.integers(4, 24))
@example(prompt="", context=4)
@example(prompt="   ", context=4)
@example(prompt=" " + "a" * 1000, context=24)
@example(prompt="猫" * 100, context=5)
@example(prompt="red 猫" * 100, context=5)
@example(prompt="red\u3000\u3000\u3000red red", context=6)
@example(prompt="red <|endoftext|> red", context=24)
def test_what_is_read_and_what_is_not_make_the_prompt(folder: Path, kind: str, prompt: str, context: int) -> None:
    tokenizer, whole = made(kind, folder, context), made(kind, folder, LONGEST)
    ids, real = tokenizer.encode(prompt)
    assert ids.dtype == torch.int64 and real.dtype == torch.bool and ids.shape == real.shape == (context,)
    count = int(real.sum())
    assert real[:count].all()
    assert (ids[count:] == (tokenizer.vocabulary - 1 if kind == "gpt2" else 0)).all()
    all_ids = read(whole, prompt)
    assert ids[:count].tolist() == all_ids[:count]

    unread = tokenizer.unread(prompt)
    if not unread:
        assert count == len(all_ids) or not decoded(folder, kind, all_ids[count:]).strip()
    text, kept = decoded(folder, kind, all_ids), decoded(folder, kind, all_ids[:count])
    assert text.split() == prompt.lower().split()
    if kept.split() + unread.split() != text.split():  # cut within a word: the first, which alone is too long
        assert kept.strip() + unread == text.strip() and len(kept.split()) <= 1
        lead = text[: len(text) - len(text.lstrip())]
        assert len(read(whole, lead + text.split()[0])) > context


def test_as_many_words_as_fit_are_read(folder: Path) -> None:
    tokenizer = gpt2_tokenizer(folder, 8)
    for prompt, read_tokens, unread in (
        ("abc def", 7, ""),
        ("abc defg", 8, ""),
        ("abc DEF ghi", 8, "ghi"),  # the space before a word that is not read is a token too
        ("a b c defgh", 6, "defgh"),
        (f" {'a' * 30}", 8, "a" * 23),  # one long word, after a space
        ("猫猫猫", 6, "猫"),
    ):
        assert (len(read(tokenizer, prompt)), tokenizer.unread(prompt)) == (read_tokens, unread), prompt


@cache
def pieces_of(folder: Path, kind: str) -> dict[int, str]:
    table = json.loads((folder / ("encoder.json" if kind == "gpt2" else "tokenizer.json")).read_text())
    return {i: piece for piece, i in (table if kind == "gpt2" else table["model"]["vocab"]).items()}


def decoded(folder: Path, kind: str, ids: list[int]) -> str:
    return Decoder().decode([pieces_of(folder, kind)[i] for i in ids])


def test_gpt2_pairs_letters_within_a_word_its_space_and_nothing_else(folder: Path) -> None:
    tokenizer, pieces = gpt2_tokenizer(folder, 64), pieces_of(folder, "gpt2")
    for prompt, wanted in (
        ("red RED", "r ed Ġred"),
        ("don't", "d o n 't"),  # "n'" is a pair, but a contraction begins a new word
        ("a12b 12", "a 12 b Ġ 12"),
        ("a   b", "a ĠĠ Ġ b"),  # the last space belongs to the word
        ("é\n", "Ã © Ċ"),
        ("<|endoftext|>", " ".join("<|endoftext|>")),
    ):
        assert [pieces[i] for i in read(tokenizer, prompt)] == wanted.split(), prompt


def test_clip_marks_the_ends_of_words_and_drops_spaces(folder: Path) -> None:
    tokenizer = ClipTokenizer(folder, 16)
    pieces = [*LETTERS, *(f"{letter}</w>" for letter in LETTERS), *map("".join, CLIP_MERGES), "start", "end"]
    assert tokenizer.vocabulary == len(pieces)
    for prompt, wanted in (
        ("", ""),
        ("  RED\n reds  ", "red</w> red s</w>"),
        ("don't", "d o n</w> 't</w>"),
        ("a12", "a</w> 1</w> 2</w>"),  # one digit a word
        ("é!?", "Ã ©</w> ! ?</w>"),
        ("red " * 40, "red</w> " * 14),
    ):
        ids, length = tokenizer.encode(prompt)
        assert ids.dtype == torch.int64 and ids.shape == (16,) and not ids[length:].any()
        assert [pieces[i] for i in ids[:length]] == ["start", *wanted.split(), "end"], prompt


def test_clip_says_what_it_does_not_read(folder: Path) -> None:
    tokenizer = ClipTokenizer(folder, 16)
    for read, unread in (("Red " * 14, ""), ("", ""), ("Red " * 14, "s"), ("Red  " * 14, "a  é, b"), ("é " * 7, "é!")):
        assert tokenizer.unread(read + unread).strip() == unread
        assert torch.equal(tokenizer.encode(read + unread)[0], tokenizer.encode(read)[0])


def test_plain_and_gzipped_files_are_the_same(folder: Path, tmp_path: Path) -> None:
    for file in (folder / "encoder.json", folder / "vocab.bpe"):
        (tmp_path / f"{file.name}.gz").write_bytes(gzip.compress(file.read_bytes()))
    (tmp_path / "bpe_simple_vocab_16e6.txt").write_bytes(gzip.decompress((folder / f"{CLIP_FILE}.gz").read_bytes()))
    prompt = "a red couch, don't"
    assert read(gpt2_tokenizer(tmp_path, 64), prompt) == read(gpt2_tokenizer(folder, 64), prompt)
    assert torch.equal(ClipTokenizer(tmp_path, 64).encode(prompt)[0], ClipTokenizer(folder, 64).encode(prompt)[0])


@pytest.mark.parametrize(
    "name, content",
    [
        ("encoder.json", None),
        ("vocab.bpe", None),
        ("encoder.json", b"{"),
        ("encoder.json", b"[1, 2]"),
        ("encoder.json", b'{"a": 0, "b": "c"}'),
        ("encoder.json", b'{"a": 0, "b": 1}'),
        ("encoder.json.gz", gzip.compress(b"{}" * 99, mtime=0)[:-12]),
        ("encoder.json.gz", b"not gzip"),
        ("vocab.bpe", b"#version: 0.2\nr\n"),
        ("vocab.bpe", b"#version: 0.2\nr x\n"),  # "rx" is not in encoder.json
        ("vocab.bpe", b"\xff\xfe"),
        ("bpe_simple_vocab_16e6.txt.gz", None),
        ("bpe_simple_vocab_16e6.txt.gz", gzip.compress(b"#version: 0.2\nre d\n", mtime=0)),
        ("bpe_simple_vocab_16e6.txt.gz", b"<html>404</html>"),
    ],
)
def test_files_that_are_missing_or_damaged_are_a_sentence(tmp_path: Path, name: str, content: bytes | None) -> None:
    write_gpt2(tmp_path)
    write_clip(tmp_path)
    (tmp_path / name.removesuffix(".gz")).unlink(missing_ok=True)
    (tmp_path / name).unlink(missing_ok=True)
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match="lacks" if content is None else "damaged") as message:
        ClipTokenizer(tmp_path, 8) if "simple" in name else gpt2_tokenizer(tmp_path, 8)
    assert str(tmp_path) in str(message.value) and "\n" not in str(message.value)


def test_the_embedded_models_words_are_the_same_wherever_they_stand(folder: Path) -> None:
    tokenizer = mini_tokenizer(folder / "tokenizer.json", 24)
    assert torch.equal(tokenizer.encode("A  RED couch")[0], tokenizer.encode("a red couch ")[0])
    assert int(tokenizer.encode("кот 猫 🐈‍⬛ \x00")[0].max()) < 512
    assert words("A red, old-style couch; l'été 42!") == ["a", "red", "old-style", "couch", "l'été", "42"]
