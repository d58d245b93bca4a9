"""The units of a prompt: words that mean one thing together, and what a model is given for them."""

from collections.abc import Collection, Iterator, Sequence
from difflib import get_close_matches
from typing import NamedTuple

from pipelines.training.scenes.words import PATTERNS, SIZES, SPELLINGS, plural
from pipelines.wording.tables import Noun, Tables, singulars

LONGEST = 4  # words of a noun
NEGATING = ("without", "no", "not")
# words that begin what belongs to a thing, or says where it is, and what a model may know instead
JOINING = {
    **{word: word for word in "with on in at and behind beside above under near next over of from to".split()},
    **{word: word for word in "wearing using reading playing showing".split()},
    "holding": "with", "carrying": "with", "or": "and", "besides": "beside", "below": "under", "underneath": "under",
    "beneath": "under", "against": "near", "inside": "in", "outside": "near", "around": "near", "between": "near",
    "by": "near", "onto": "on", "into": "in", "like": "", "for": "", **dict.fromkeys(NEGATING, ""),
}  # fmt: skip
AMOUNTS = frozenset("group couple lot lots few set herd flock row bit piece kind sort type".split())
ARTICLES = frozenset("a an the some one two three 2 3 my your".split())
# words that say nothing by themselves; those of them that a model was taught stay
SMALL = frozenset(
    "please some any my your his her its our their this that these those there here is are was were be being been very"
    " really so too quite just also maybe which who whose has have had do does it he she they i you we as but one other"
    " another more most much many each every own made an a the".split()
)
MODIFIES = ("ing", "ed", "ly", "ish", "style")  # endings of words that are no things
LEAST_MENDED = 4  # letters of a word whose spelling is mended
ALIKE, ALIKE_IF_SHORT, SHORT = 0.8, 0.86, 6  # how alike the two must be, 0 to 1; short ones of at most so many letters
LOOKS = tuple(
    frozenset(word for spellings in table.values() for phrase in spellings for word in phrase.split())
    for table in (SPELLINGS, PATTERNS, SIZES)
)  # of each only one belongs to a thing


class Unit(NamedTuple):
    """Words of a prompt that mean one thing."""

    typed: str
    paint: str = ""  # the model's words for it; "" for none
    noun: bool = False
    many: bool = False  # whether it is painted in the plural
    together: str = ""  # that plural, "" where the model was taught none
    lone: bool = False  # whether it is painted as one, though several are asked for
    taught: bool = True  # whether it is a noun that the model was taught itself, and no kind of one
    describes: bool = False  # whether it is a noun that may also say what a thing is like
    listed: bool = True  # whether it is in a table; else whether it is a noun is a guess
    near: tuple[str, ...] = ()  # see `Unknown`
    said: bool = True  # whether the user should know that it is left out


def parts(token: str, lookup: Tables) -> list[str]:
    """Returns a word with hyphens in its parts, unless it is in a table as it is."""
    whole = "-" not in token or token in lookup.adjectives or token in lookup.nouns
    return [token] if whole else token.split("-")


def mended(token: str, vocabulary: Collection[str], lookup: Tables) -> str:
    """Returns a word, or that which a misspelt one is meant to be."""
    known = token in vocabulary or token in SMALL or token in JOINING or token in lookup.parts
    if known or len(token) < LEAST_MENDED or not (token.isascii() and token.isalpha()):
        return token
    if any(single in lookup.nouns for single in singulars(token)) or token.endswith(MODIFIES):
        return token
    for group in (vocabulary, lookup.common):
        words = [word for word in group if word[0] == token[0]]
        swapped = [word for word in words if sorted(word) == sorted(token)]  # bycicle
        least = ALIKE_IF_SHORT if len(token) <= SHORT else ALIKE
        if alike := swapped or get_close_matches(token, words, 1, least):
            return alike[0]
    return token


def units(tokens: Sequence[str], vocabulary: Collection[str], lookup: Tables) -> Iterator[Unit]:
    """Splits a prompt into units, each as long as possible."""
    at = 0
    while at < len(tokens):
        unit, length = _unit_at(tokens, at, vocabulary, lookup)
        if length > 1 and is_look(Unit(tokens[at], tokens[at])):
            after, further = _unit_at(tokens, at + 1, vocabulary, lookup)
            if after.noun and after.paint and (after.taught or 1 + further > length):  # a blue cat is no catfish
                unit, length = _word(tokens[at], vocabulary, lookup), 1
        yield unit
        at += length


def _unit_at(tokens: Sequence[str], at: int, vocabulary: Collection[str], lookup: Tables) -> tuple[Unit, int]:
    """Returns the longest unit that begins at a token, and how many tokens it has."""
    for length in range(min(LONGEST, len(tokens) - at), 0, -1):
        phrase, after = " ".join(tokens[at : at + length]), tokens[at + length : at + length + 1]
        describes = bool(after) and after[0][0].isalnum() and after[0] not in JOINING  # rose, of a rose couch
        colour = any(phrase in words for words in LOOKS)
        look = phrase in lookup.adjectives or colour
        describes |= colour and at > 0 and tokens[at - 1] not in ARTICLES  # in blue and orange; an orange
        if found := None if look and describes else _noun(phrase, vocabulary, lookup):
            return found, length
        if look and length > 1:
            return Unit(phrase, lookup.adjectives[phrase]), length
    return _word(tokens[at], vocabulary, lookup), 1


def _known(phrase: str, vocabulary: Collection[str]) -> bool:
    return all(word in vocabulary for word in phrase.split())


def _noun(phrase: str, vocabulary: Collection[str], lookup: Tables) -> Unit | None:
    """Looks a noun up, in the singular or the plural."""
    if phrase in SMALL or phrase in JOINING:
        return None

    def taught(noun: str) -> bool:
        return noun in lookup.taught and _known(noun, vocabulary)

    single = next((each for each in (phrase, *singulars(phrase)) if each in lookup.nouns or taught(each)), None)
    if single is None:
        return None
    noun, several = Noun(single, ()) if taught(single) else lookup.nouns[single], single != phrase
    if noun.paint and _known(noun.paint, vocabulary):
        together = plural(noun.paint)
        together = together if _known(together, vocabulary) else ""  # not all kinds come in numbers
        unit = Unit(phrase, noun.paint, True, together=together, taught=single == noun.paint)
        return counted(unit) if several else unit
    if phrase in vocabulary:
        return None  # a word of what was taught: coffee, of a coffee table
    return Unit(phrase, noun=True, describes=phrase in lookup.adjectives, near=noun.near)


def counted(unit: Unit) -> Unit:
    """Returns a noun as one of which several are asked for."""
    many = bool(unit.together)
    return unit._replace(paint=unit.together or unit.paint, many=many, lone=not many)


def _word(token: str, vocabulary: Collection[str], lookup: Tables) -> Unit:
    """Looks a word up that is no noun, or takes it for an unknown one."""
    if token in JOINING:
        return Unit(token, JOINING[token] if JOINING[token] in vocabulary else "", said=False)
    if token in lookup.adjectives:
        return Unit(token, lookup.adjectives[token])
    if token in vocabulary:
        return Unit(token, token)
    if token in SMALL or token in AMOUNTS or not token[0].isalnum():
        return Unit(token, said=False)
    return Unit(token, noun=not token.endswith(MODIFIES) and not token.isdigit(), listed=False)


def is_look(unit: Unit) -> bool:
    return not unit.noun and any(word in looks for word in unit.paint.split() for looks in LOOKS)
