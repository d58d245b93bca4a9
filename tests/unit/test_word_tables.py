"""The tables of words: what they promise to paint the embedded model can, and no word is decided twice."""

import re
from pathlib import Path

import pytest

from pipelines.training.scenes.places import PLACES
from pipelines.training.scenes.things import KINDS
from pipelines.training.scenes.words import FORMS, MOODS, PATTERNS, SIZES, SPELLINGS, plural

ASSETS = Path(__file__).parents[2] / "assets"
TABLES = {"reviewed": 3, "adjectives": 2, "german": 2, "chinese": 2}  # and their columns
WORDS = set((ASSETS / "weights" / "glide-mini" / "words.txt").read_text(encoding="utf-8").split())
NOUNS = {noun.replace("{} ", "") for kind in KINDS.values() for noun in kind.nouns}


def rows(table: str) -> list[list[str]]:
    lines = (ASSETS / "words" / f"{table}.tsv").read_text(encoding="utf-8").splitlines()
    return [line.split("\t") for line in lines]


REVIEWED, ADJECTIVES = rows("reviewed"), rows("adjectives")


def phrases() -> re.Pattern[str]:
    """What the model can paint: a size, a form, a colour and a pattern, each of them or none, before a noun of a kind
    that comes so."""
    sizes, ways = [word for words in SIZES.values() for word in words], []
    for kind in KINDS.values():
        colours = [word for colour in kind.colours for word in SPELLINGS[colour]]
        looks = sizes + [word for form in kind.forms if form for word in FORMS[form]]
        looks += [word for pattern in kind.patterns if pattern for word in PATTERNS[pattern]]
        for noun in kind.nouns:
            before, inside = (looks, colours) if "{}" in noun else (looks + colours, [])
            ways.append(f"(?:(?:{'|'.join(before)}) )*" + noun.replace("{} ", f"(?:(?:{'|'.join(inside)}) )?"))
    return re.compile("|".join(ways))


@pytest.mark.parametrize(("table", "columns"), TABLES.items())
def test_every_line_has_its_columns(table: str, columns: int) -> None:
    assert [row for row in rows(table) if len(row) != columns or row[0] != row[0].strip() or not row[0]] == []


@pytest.mark.parametrize("table", TABLES)
def test_no_word_is_decided_twice_and_they_are_sorted(table: str) -> None:
    keys = [row[0] for row in rows(table)]
    assert keys == sorted(set(keys))


def test_a_target_is_a_thing_that_the_model_can_paint_so() -> None:
    can_paint = phrases()
    assert [row for row in REVIEWED if row[1] != "-" and not can_paint.fullmatch(row[1])] == []


def test_a_target_has_only_words_that_the_model_was_taught() -> None:
    assert [row for row in REVIEWED if row[1] != "-" and not set(row[1].split()) <= WORDS] == []


def test_what_is_near_are_at_most_three_kinds_and_only_where_there_is_no_target() -> None:
    for noun, target, near in REVIEWED:
        nouns = near.split(",") if near else []
        assert len(set(nouns)) == len(nouns) <= 3 and set(nouns) <= NOUNS, noun
        assert target == "-" or not near, noun


def test_no_noun_that_the_model_knows_is_replaced() -> None:
    known = {*NOUNS, *map(plural, NOUNS)}
    for place in PLACES.values():
        known |= {*place.nouns, *place.above, *place.below}
    assert known & {row[0] for row in REVIEWED} == set()


def test_keys_of_english_are_lower_case() -> None:
    assert [row[0] for row in REVIEWED + ADJECTIVES if row[0] != row[0].lower()] == []


def test_an_adjective_becomes_a_look_of_the_models_or_nothing_and_none_of_the_models_is_replaced() -> None:
    looks = {word for table in (SPELLINGS, PATTERNS, SIZES, FORMS, MOODS) for words in table.values() for word in words}
    looks |= {"snowy", "starry"}  # of places
    own = {row[0] for row in ADJECTIVES} & (looks - {"navy blue", "dark blue"})  # two words, one colour
    assert {row[1] for row in ADJECTIVES} <= {*looks, ""} and own == set()


@pytest.mark.parametrize("table", ["german", "chinese"])
def test_a_translation_is_of_the_models_words_or_of_the_english_tables(table: str) -> None:
    keys = {row[0] for row in REVIEWED + ADJECTIVES}
    unknown = [row for row in rows(table) if row[1] not in keys and not set(row[1].split()) <= WORDS]
    assert unknown == []


@pytest.mark.parametrize("table", ["german", "chinese"])
def test_every_kind_colour_and_pattern_has_a_name(table: str) -> None:
    said = {row[1] for row in rows(table)}
    missing = [kind.name for kind in KINDS.values() if not said & {noun.replace("{} ", "") for noun in kind.nouns}]
    assert missing + [word for word in [*SPELLINGS, *PATTERNS, *SIZES] if word not in said] == []
