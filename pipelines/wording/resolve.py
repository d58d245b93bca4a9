"""From a prompt as people type it to one in the words that a model was taught.

A word that a model was never taught spoils those that it was: of "a green velvet couch" came a bowl. So a noun gives
way to the kind of thing that it is (a taxi is a yellow car), what cannot be shown is left out (velvet), spelling is
mended, and German and Chinese are translated word by word. What is of no kind that the model knows is said so.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import NamedTuple

from pipelines.training.scenes.words import PATTERNS, SIZES, SPELLINGS, article, plural
from pipelines.wording.tables import Tables, tables
from pipelines.wording.translate import translated

TOKEN = re.compile(r"[^\W_]+(?:['-][^\W_]+)*|[,;:.!?()\n]")
LONGEST = 4  # words of a noun
# what people say to a machine around what they want
ASKING = re.compile(
    r"(?:(?:please|can|could|would|will|you|kindly|i|we|want|like|need|to|see|have|let's|there|should|be|is|add|put"
    r"|insert|place|draw|paint|make|create|generate|show|give|render|me|us|it"
    r"|(?:a|an|the) (?:image|photo|illustration|drawing) of)\b[\s,:]*)+"
)
CHANGING = re.compile(r"(?:please )?(?:change|turn|replace|swap|transform|make) .*? (?:to|into|with|by|for) (?=\w)")
# words that begin what belongs to a thing, or says where it is
JOINING = frozenset(
    "with without on in at and or wearing holding carrying behind beside besides above under below underneath beneath"
    " near next over using reading playing showing of from against inside outside around between by for like to onto"
    " into".split()
)
AMOUNTS = frozenset("group couple lot lots few set herd flock row bit piece kind sort type".split())
COUNTS = frozenset("two three 2 3".split())  # that the model was taught
# words that say nothing by themselves; those of them that a model was taught stay
SMALL = frozenset(
    "please some any my your his her its our their this that these those there here is are was were be being been very"
    " really so too quite just also maybe which who whose has have had do does it he she they i you we as not no other"
    " another more most much many each every own made an a the".split()
)
MODIFIES = ("ing", "ed", "ly", "ish", "style")  # endings of words that are no things
LEAST_MENDED, ALIKE = 4, 0.8  # letters of a word whose spelling is mended, and how alike the two must be, 0 to 1
IRREGULAR = {
    "mice": "mouse", "geese": "goose", "men": "man", "women": "woman", "children": "child", "kids": "kid",
    "people": "person", "teeth": "tooth", "feet": "foot", "oxen": "ox", "cacti": "cactus", "leaves": "leaf",
}  # fmt: skip
LOOKS = tuple(
    frozenset(word for spellings in table.values() for phrase in spellings for word in phrase.split())
    for table in (SPELLINGS, PATTERNS, SIZES)
)  # of each only one belongs to a thing


class Unknown(NamedTuple):
    """A thing that a model cannot paint."""

    word: str  # in lower case
    near: tuple[str, ...]  # things of the same sort that it can


@dataclass(frozen=True)
class Wording:
    """What comes of a prompt."""

    prompt: str  # for the model; as it was typed where nothing is to be changed, or its thing is unknown
    replaced: tuple[tuple[str, str], ...] = ()  # words in lower case, and what stands in their place
    left_out: tuple[str, ...] = ()  # words that the model cannot show
    unknown: tuple[Unknown, ...] = ()  # what it cannot paint though it is what is asked for

    def sentence(self, model: str) -> str:
        """Says what is not painted as it was typed, '' where all is."""
        if self.unknown:
            word, near = self.unknown[0]
            offer = f" It can paint: {', '.join(near)}." if near else ""
            return f"“{word}” is nothing that {model} was taught: what it paints there is a guess.{offer}"
        words = ", ".join(f"“{word}”" for word in self.left_out[:3])
        out = f" {words} {'is' if len(self.left_out) == 1 else 'are'} left out." if self.left_out else ""
        return f"Painted as “{self.prompt}”.{out}" if self.replaced or self.left_out else ""


class _Unit(NamedTuple):
    """Words of a prompt that mean one thing."""

    typed: str
    paint: str = ""  # the model's words for it; "" for none
    noun: bool = False
    many: bool = False  # whether it is painted in the plural
    lone: bool = False  # whether it is painted as one, though several are asked for
    listed: bool = True  # whether it is in a table; else whether it is a noun is a guess
    near: tuple[str, ...] = ()  # see `Unknown`
    said: bool = True  # whether the user should know that it is left out


def resolve(prompt: str, vocabulary: Collection[str] | None) -> Wording:
    """Puts a prompt into the words of a vocabulary.

    Args:
        prompt: as it was typed.
        vocabulary: the words that the model was taught, lower case; None where any may mean something to it.
    """
    if vocabulary is None or not prompt.strip():
        return Wording(prompt)
    text = translated(prompt.lower().replace("\u2019", "'").strip(), vocabulary)
    for around in (CHANGING, ASKING):
        text = around.sub("", text, count=1) if around.match(text) and not around.fullmatch(text) else text
    units = _units(TOKEN.findall(text), vocabulary, tables())
    return _worded(prompt, _phrases(units))


def _units(tokens: Sequence[str], vocabulary: Collection[str], lookup: Tables) -> Iterator[_Unit]:
    """Splits a prompt into units, nouns as long as possible."""
    at = 0
    while at < len(tokens):
        after = tokens[at + 1] if at + 1 < len(tokens) else ""
        if any(tokens[at] in words for words in LOOKS) and after[:1].isalnum() and after not in JOINING:
            yield _word(tokens[at], vocabulary, lookup)  # rose is a colour, if something follows
            at += 1
            continue
        for length in range(min(LONGEST, len(tokens) - at), 0, -1):
            if noun := _noun(" ".join(tokens[at : at + length]), vocabulary, lookup):
                yield noun
                at += length
                break
        else:
            if "-" in tokens[at] and tokens[at] not in lookup.adjectives:
                yield from _units(tokens[at].split("-"), vocabulary, lookup)
            else:
                yield _word(tokens[at], vocabulary, lookup)
            at += 1


def _noun(phrase: str, vocabulary: Collection[str], lookup: Tables) -> _Unit | None:
    """Looks a noun up, in the singular or the plural."""
    if phrase in SMALL | JOINING | lookup.adjectives.keys():
        return None
    single = next((each for each in (phrase, *_singulars(phrase)) if each in lookup.nouns), None)
    if single is None:
        return None
    noun, several = lookup.nouns[single], single != phrase
    if noun.paint and set(noun.paint.split()) <= set(vocabulary):
        together = plural(noun.paint) if several else ""
        many = several and set(together.split()) <= set(vocabulary)  # not all kinds come in numbers
        return _Unit(phrase, together if many else noun.paint, True, many, several and not many)
    if phrase in vocabulary:
        return None  # a word of what was taught: coffee, of a coffee table
    return _Unit(phrase, noun=True, near=noun.near)


def _word(token: str, vocabulary: Collection[str], lookup: Tables) -> _Unit:
    """Looks a word up that is no noun, mends its spelling, or takes it for an unknown noun."""
    if token in vocabulary:
        return _Unit(token, token)
    if token in lookup.adjectives:
        return _Unit(token, lookup.adjectives[token])
    if token in SMALL | JOINING | AMOUNTS or not token[0].isalnum():
        return _Unit(token, said=False)
    if mended := _mended(token, vocabulary, lookup):
        return (_noun(mended, vocabulary, lookup) or _word(mended, vocabulary, lookup))._replace(typed=token)
    return _Unit(token, noun=not token.endswith(MODIFIES) and not token.isdigit(), listed=False)


def _mended(token: str, vocabulary: Collection[str], lookup: Tables) -> str | None:
    """Returns the word that a misspelt one is meant to be; None where there is none that is so alike."""
    if len(token) < LEAST_MENDED or token.endswith(MODIFIES) or not (token.isascii() and token.isalpha()):
        return None
    words = [*vocabulary, *(noun for noun, entry in lookup.nouns.items() if entry.paint == noun), *lookup.adjectives]
    words = [word for word in words if word[0] == token[0]]
    swapped = [word for word in words if sorted(word) == sorted(token)]  # bycicle
    return next(iter(swapped or get_close_matches(token, words, 1, ALIKE)), None)


def _singulars(phrase: str) -> Iterator[str]:
    """Yields what a plural may be the plural of."""
    before, _, last = phrase.rpartition(" ")
    endings = (("ies", "y"), ("ves", "f"), ("ves", "fe"), ("es", ""), ("s", ""))
    singles = [last.removesuffix(many) + one for many, one in endings if last.endswith(many) and len(last) > 3]
    yield from (f"{before} {single}".strip() for single in (IRREGULAR.get(last, last), *singles))


def _phrases(units: Iterable[_Unit]) -> list[list[_Unit]]:
    """Splits a prompt where something is joined to what comes before: "a cat", "on the couch"."""
    phrases: list[list[_Unit]] = [[]]
    for unit in units:
        amount = phrases[-1] and all(not each.noun and each.typed not in JOINING for each in phrases[-1])
        if not unit.typed[0].isalnum():
            phrases.append([])
        elif unit.typed == "of" and amount:  # a pair of, a lot of
            phrases[-1].append(unit if phrases[-1][-1].paint else _Unit("of", said=False))
        else:
            if unit.typed in JOINING and phrases[-1]:
                phrases.append([])
            elif len(phrases) > 1 and not phrases[-1] and any(each.noun for each in phrases[-2]):
                phrases[-1].append(_Unit(",", "and", said=False))
            phrases[-1].append(unit)
    return [phrase for phrase in phrases if phrase]


def _worded(prompt: str, phrases: Iterable[Sequence[_Unit]]) -> Wording:
    """Decides what becomes of each phrase."""
    kept: list[Sequence[_Unit]] = []
    left_out: list[str] = []
    for phrase in phrases:
        nouns = sorted((unit for unit in phrase if unit.noun), key=lambda unit: unit.listed)
        thing_before = any(unit.noun for each in kept for unit in each)
        if nouns and not nouns[-1].paint:
            if not thing_before:
                return Wording(prompt, unknown=(Unknown(nouns[-1].typed, nouns[-1].near),))
            left_out.append(nouns[-1].typed)
            while not any(unit.noun for unit in kept[-1]):
                kept.pop()  # "in front", of what is left out
        elif phrase[0].typed == "without":
            left_out.append(" ".join(unit.typed for unit in phrase))
        elif not (phrase[0].typed == "of" and kept and " of " in kept[-1][-1].paint):  # a vase of flowers, for a vase
            thing = nouns[-1] if nouns else None
            paints = [unit for unit in phrase if not unit.noun or unit is thing or unit.paint == unit.typed]
            left_out += [unit.typed for unit in phrase if unit.said and not (unit.paint and unit in paints)]
            kept.append(paints)
    words = _with_articles([word for phrase in kept for word in _words(phrase)])
    if not words:
        return Wording(prompt, unknown=tuple(Unknown(word, ()) for word in left_out or [prompt.strip()]))
    if words == [token for token in TOKEN.findall(prompt.lower()) if token[0].isalnum()]:
        return Wording(prompt)
    units = [unit for phrase in kept for unit in phrase if unit.paint]
    replaced = tuple((unit.typed, unit.paint) for unit in units if unit.paint != unit.typed and unit.said)
    return Wording(" ".join(words), replaced, tuple(dict.fromkeys(left_out)))


def _words(phrase: Sequence[_Unit]) -> list[str]:
    """Returns the words of a phrase for the model."""
    head = next((unit for unit in reversed(phrase) if unit.noun and unit.paint), None)
    asked = {word for unit in phrase if not unit.noun for word in unit.paint.split()}
    out = {","} if head is None else set[str]()  # nothing follows the "and" of a list
    if head is not None and head.lone:
        out |= {*COUNTS, "pair", "of", "a", "an"}
    elif head is not None and head.many and "pair" not in asked:
        out |= {"a", "an"}
    words = []
    for unit in phrase:
        for word in unit.paint.split():
            if unit.noun:  # but not the yellow of taxis, where a red one is asked for
                words += [] if any(word in looks and asked & looks for looks in LOOKS) else [word]
            elif unit.typed not in out:
                words.append(word)
    if head is not None and head.lone and "the" not in asked:
        words.insert(1 if words[0] in JOINING else 0, "a")
    return words


def _with_articles(words: Sequence[str]) -> list[str]:
    """Returns words with a or an as the next one wants it."""
    return [
        article(after) if word in ("a", "an") and after else word
        for word, after in zip(words, [*words[1:], ""], strict=False)
    ]
