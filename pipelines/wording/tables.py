"""The tables that the resolver looks into, in `assets/words/`: text, a row a word, fields between tabs.

What was decided by hand goes before what follows from WordNet.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

FOLDER = Path(__file__).parents[2] / "assets" / "words"
NOUNS, REVIEWED, ADJECTIVES, GERMAN, CHINESE = (
    "nouns.tsv", "reviewed.tsv", "adjectives.tsv", "german.tsv", "chinese.tsv",
)  # fmt: skip
TAUGHT = "taught.txt"
NOTHING = "-"  # in the place of what to paint, for what is not in the drawn world

IRREGULAR = {
    "mice": "mouse", "geese": "goose", "men": "man", "women": "woman", "children": "child", "kids": "kid",
    "people": "person", "teeth": "tooth", "feet": "foot", "oxen": "ox", "cacti": "cactus", "leaves": "leaf",
}  # fmt: skip


class Noun(NamedTuple):
    """What is known of a noun."""

    paint: str  # what to paint for it, in the model's words; "" where that would be something else
    near: tuple[str, ...]  # then: what is of the same sort


class Tables(NamedTuple):
    """All of them, by the word in lower case."""

    nouns: Mapping[str, Noun]  # in the singular; one that the model was taught stands for itself
    adjectives: Mapping[str, str]  # the model's word, "" for what it cannot show
    german: Mapping[str, str]  # in English
    chinese: Mapping[str, str]
    common: frozenset[str]  # single words of those that were decided by hand: what a misspelt one may be meant to be
    parts: frozenset[str]  # all words of nouns and adjectives
    taught: frozenset[str]  # nouns that stand for themselves where a model's vocabulary has them


@cache
def tables() -> Tables:
    """Reads the tables, once."""
    nouns = {row[0]: Noun(row[1], _listed(row[2])) for row in _rows(NOUNS, 3)}
    reviewed = {row[0]: Noun("" if row[1] == NOTHING else row[1], _listed(row[2])) for row in _rows(REVIEWED, 3)}
    nouns |= reviewed
    adjectives, german, chinese = (
        {row[0].lower(): row[1] for row in _rows(name, 2)} for name in (ADJECTIVES, GERMAN, CHINESE)
    )
    common = frozenset(word for word in (*reviewed, *adjectives) if word.isalpha())
    parts = frozenset(word for phrase in (*nouns, *adjectives) for word in phrase.split())
    taught = frozenset((FOLDER / TAUGHT).read_text(encoding="utf-8").splitlines())
    return Tables(nouns, adjectives, german, chinese, common, parts, taught)


def _rows(name: str, fields: int) -> Iterator[list[str]]:
    """Yields the rows of a table, each with that many fields; empty ones at its end may be missing."""
    for line in (FOLDER / name).read_text(encoding="utf-8").splitlines():
        row = line.split("\t")
        yield row + [""] * (fields - len(row))


def _listed(text: str) -> tuple[str, ...]:
    return tuple(text.split(",")) if text else ()


def singulars(phrase: str) -> Iterator[str]:
    """Yields what a plural may be the plural of."""
    before, _, last = phrase.rpartition(" ")
    endings = (("ies", "y"), ("ves", "f"), ("ves", "fe"), ("es", ""), ("s", ""))
    singles = [last.removesuffix(many) + one for many, one in endings if last.endswith(many) and len(last) > 3]
    yield from (f"{before} {single}".strip() for single in (IRREGULAR.get(last, last), *singles))
