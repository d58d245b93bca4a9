"""Prompts as people type them, in the words that the embedded model was taught."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.wording.resolve import Wording, resolve
from pipelines.wording.tables import tables
from pipelines.wording.wordnet import DATABASE, WordNet, rows

VOCABULARY = frozenset((Path(__file__).parents[2] / "assets/weights/glide-mini/words.txt").read_text().split())


def painted(prompt: str) -> str:
    return resolve(prompt, VOCABULARY).prompt


TAUGHT = """a green couch; two cats; A snowman with a scarf.; a vase of flowers on a coffee table; hot air balloon
RED   CAR; a corgi wearing a red bow tie and a purple party hat; a cozy living room; a cat playing checkers
a stack of books; a pair of apples; ; a round table in the kitchen"""


@pytest.mark.parametrize("prompt", [prompt.strip() for prompt in TAUGHT.replace("\n", ";").split(";")])
def test_what_was_taught_stays_as_it_is(prompt: str) -> None:
    assert resolve(prompt, VOCABULARY) == Wording(prompt)


@pytest.mark.parametrize(
    ("prompt", "result"),
    [
        ("a green velvet couch", "a green couch"),
        ("a leather armchair", "an armchair"),
        ("a taxi", "a yellow car"),
        ("a red taxi", "a red car"),  # and not a red yellow one
        ("an old poodle", "a white dog"),
        ("three collies", "three dogs"),
        ("a cat on two red couches", "a cat on a red couch"),
        ("two couches", "a couch"),  # of which it never saw two
        ("a group of dogs", "dogs"),
        ("a lot of red apples", "red apples"),
        ("gren couch", "green couch"),
        ("a bycicle", "a bicycle"),
        ("an elefant on the beach", "an elephant on the beach"),
        ("please add a dog", "a dog"),
        ("I would like to have a red lamp here, please", "a red lamp"),
        ("change the couch to a blue armchair", "a blue armchair"),
        ("a vase of roses", "a vase of red flowers"),
        ("a rose couch", "a rose couch"),
        ("a cat, a dog", "a cat and a dog"),
        ("a cat with a monocle", "a cat"),
        ("a cat in front of a fireplace", "a cat"),
        ("an owl on a branch in front of the moon", "an owl in front of the moon"),
        ("a bowl full of lemons", "a bowl of fruit"),
        ("huge luxury yacht, white", "huge white sailing boat"),
        ("a chair made of wood", "a wood chair"),
        ("a cat chasing a ball", "a cat with a ball"),
        ("vintage wooden chest of drawrs", "wooden chest of drawers"),
        ("a couch without legs", "a couch"),
        ("a bicycle but not red", "a bicycle"),
        ("a black and white cat", "a black and white cat"),
        ("eine Taube auf dem Turm", "a white bird on the tower"),
        ("Tasse", "cup"),
        ("one yellow bird", "yellow bird"),
        ("a steel and leather chair", "a chair"),
        ("a red and leather chair", "a red chair"),
        ("two oranges", "two orange apples"),
        ("2个苹果", "2 apples"),
        ("modern armchair, mustard yellow velvet", "yellow armchair"),
        ("a round mirror with a thin brass frame", "a round mirror"),
        ("a big painting in blue and orange", "a big blue orange painting"),
        ("a cat and an orange", "a cat and an orange apple"),
        ("一只猫头鹰站在树枝上", "an owl on tree"),
        ("a red-and-white umbrella", "a red and white umbrella"),
        ("ein grünes Sofa", "a green sofa"),
        ("eine rote Katze auf dem Sofa", "a red cat on the sofa"),
        ("Ledersessel", "armchair"),
        ("一只红色的猫", "a red cat"),
        ("绿色沙发", "green couch"),
    ],
)
def test_other_words_give_way_to_those_that_were_taught(prompt: str, result: str) -> None:
    assert painted(prompt) == result


@pytest.mark.parametrize(
    "prompt", ["a fireplace", "a fireplace with a clock on it", "qwrtzp", "猞猁", "кот", "🐈", "!?"]
)
def test_a_thing_that_is_nothing_there_is_said_to_be_unknown(prompt: str) -> None:
    wording = resolve(prompt, VOCABULARY)
    assert wording.unknown and wording.prompt == prompt and "guess" in wording.sentence("glide-mini")


@pytest.mark.parametrize(
    "prompt", ["remove the dog", "Please erase everything", "no cat", "entferne den Hund", "移除狗"]
)
def test_what_asks_to_remove_is_no_prompt(prompt: str) -> None:
    wording = resolve(prompt, VOCABULARY)
    assert wording.removes and wording.prompt == prompt and "use Remove" in wording.sentence("x")


@pytest.mark.parametrize("look", ["blue", "red", "black", "brown", "golden", "big", "small", "striped", "wooden"])
def test_a_look_and_a_thing_that_were_taught_stay_together(look: str) -> None:
    """A blue cat is no catfish, a red kite no bird of prey, and brown bread keeps its colour."""
    for noun in sorted(tables().taught):
        if set(noun.split()) <= VOCABULARY and " full of " not in noun and look not in noun:
            assert painted(f"a {look} {noun}") == f"a {look} {noun}"


def test_what_is_done_is_said() -> None:
    wording = resolve("a green velvet taxi", VOCABULARY)
    assert wording.left_out == ("velvet",) and ("taxi", "yellow car") in wording.replaced
    assert wording.sentence("x") == "Painted as “a green car”. “velvet” is left out."
    assert resolve("a green car", VOCABULARY).sentence("x") == ""


def test_any_text_means_something_to_a_model_without_a_vocabulary() -> None:
    assert resolve("a velvet taxi", None) == Wording("a velvet taxi")


def test_a_vocabulary_decides_what_may_be_painted() -> None:
    """A model that was taught something else is given none of the drawn world's words."""
    assert (
        resolve("a taxi", {"a", "car"}).unknown and resolve("a taxi", {"a", "yellow", "car"}).prompt == "a yellow car"
    )


def test_a_model_that_was_taught_more_is_given_more() -> None:
    wide = VOCABULARY | {"taxi", "grand", "piano"}
    assert resolve("a red taxi", wide).prompt == "a red taxi" and resolve("a piano", wide).prompt == "a piano"


@pytest.mark.parametrize("noun", sorted(noun for noun, entry in tables().nouns.items() if entry.paint == noun)[::7])
def test_what_comes_out_comes_out_of_itself(noun: str) -> None:
    """Resolved again, a prompt stays."""
    for prompt in (f"a huge velvet {noun}", f"two {noun}s on the table", f"please put some {noun} near the tree"):
        once = painted(prompt)
        assert painted(once) == once and set(once.split()) <= VOCABULARY


@pytest.mark.skipif(not DATABASE.is_dir(), reason="there is no WordNet: Debian has it as wordnet-base")
def test_the_table_of_nouns_is_what_wordnet_gives() -> None:
    stored = (Path(__file__).parents[2] / "assets/words/nouns.tsv").read_text().splitlines()
    assert stored == ["\t".join(row).rstrip("\t") for row in sorted(rows(WordNet(DATABASE)))]


TABLES = tables()
SORTS = [
    *sorted(VOCABULARY)[::9],
    *sorted(TABLES.common)[::97],
    *sorted(TABLES.german)[::31],
    *sorted(TABLES.chinese)[::31],
]
HARD = ["and", "with", "of", "a", "two", "without", "in front of", ",", ".", "-", "的", "velvet", "fireplace", "drawrs"]
WORDS_OF_ALL_SORTS = st.sampled_from([*SORTS, *HARD])


@given(st.one_of(st.text(max_size=40), st.lists(WORDS_OF_ALL_SORTS, max_size=9).map(" ".join)))
@settings(max_examples=400)
def test_whatever_is_typed_ends_in_words_that_were_taught_or_in_what_was_typed(prompt: str) -> None:
    wording = resolve(prompt, VOCABULARY)
    assert wording.prompt == prompt or set(wording.prompt.split()) <= VOCABULARY
    assert not (wording.unknown and wording.prompt != prompt)
    wording.sentence("x")
