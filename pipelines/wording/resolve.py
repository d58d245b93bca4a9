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
from pipelines.wording.tables import Tables, singulars, tables
from pipelines.wording.translate import translated

TOKEN = re.compile(r"[^\W_]+(?:['-][^\W_]+)*|[,;:.!?()\n]")
LONGEST = 4  # words of a noun
# what people say to a machine around what they want
ASKING = re.compile(
    r"(?:(?:please|can|could|would|will|you|kindly|i'd|i|we|want|like|need|to|see|have|let's|there|should|be|is|add|put"
    r"|insert|place|draw|paint|make|create|generate|show|give|render|me|us|it"
    r"|(?:a|an|the) (?:image|photo|illustration|drawing) of)\b[\s,:]*)+"
)
CHANGING = re.compile(r"(?:please )?(?:change|turn|replace|swap|transform|make) .*? (?:to|into|with|by|for) (?=\w)")
FULL = re.compile(r"\b(?:full|filled|covered|made out|made|lots) of\b|\b(?:filled|covered|decorated) with\b")
# words that begin what belongs to a thing, or says where it is, and what a model may know instead
JOINING = {
    **{word: word for word in "with on in at and behind beside above under near next over of from to".split()},
    **{word: word for word in "wearing using reading playing showing".split()},
    "holding": "with", "carrying": "with", "or": "and", "besides": "beside", "below": "under", "underneath": "under",
    "beneath": "under", "against": "near", "inside": "in", "outside": "near", "around": "near", "between": "near",
    "by": "near", "onto": "on", "into": "in", "like": "", "for": "", "without": "",
}  # fmt: skip
PARTS = ("with", "of", "wearing")  # what follows these belongs to the thing before
WITH, OF = "with", ("of", "to")  # the second go on what began before: in front, next
AMOUNTS = frozenset("group couple lot lots few set herd flock row bit piece kind sort type".split())
ARTICLES = frozenset("a an the some one two three 2 3 my your".split())
COUNTS = frozenset("two three 2 3".split())  # that the model was taught
# words that say nothing by themselves; those of them that a model was taught stay
SMALL = frozenset(
    "please some any my your his her its our their this that these those there here is are was were be being been very"
    " really so too quite just also maybe which who whose has have had do does it he she they i you we as not no other"
    " another more most much many each every own made an a the".split()
)
MODIFIES = ("ing", "ed", "ly", "ish", "style")  # endings of words that are no things
LEAST_MENDED, ALIKE = 4, 0.8  # letters of a word whose spelling is mended, and how alike the two must be, 0 to 1
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
    together: str = ""  # that plural, "" where the model was taught none
    lone: bool = False  # whether it is painted as one, though several are asked for
    taught: bool = True  # whether it is a noun that the model was taught itself, and no kind of one
    describes: bool = False  # whether it is a noun that may also say what a thing is like
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
    lookup = tables()
    typed = [part for token in TOKEN.findall(FULL.sub("of", text)) for part in _parts(token, lookup)]
    mended = [_mended(token, vocabulary, lookup) for token in typed]
    phrases = _phrases(_units(mended, vocabulary, lookup))
    return _worded(prompt, phrases, tuple((a, b) for a, b in zip(typed, mended, strict=True) if a != b))


def _parts(token: str, lookup: Tables) -> list[str]:
    whole = "-" not in token or token in lookup.adjectives or token in lookup.nouns
    return [token] if whole else token.split("-")


def _mended(token: str, vocabulary: Collection[str], lookup: Tables) -> str:
    """Returns a word, or that which a misspelt one is meant to be."""
    known = token in vocabulary or token in SMALL or token in JOINING or token in lookup.parts
    if known or len(token) < LEAST_MENDED or not (token.isascii() and token.isalpha()):
        return token
    if any(single in lookup.nouns for single in singulars(token)) or token.endswith(MODIFIES):
        return token
    for group in (vocabulary, lookup.common):
        words = [word for word in group if word[0] == token[0]]
        swapped = [word for word in words if sorted(word) == sorted(token)]  # bycicle
        if alike := swapped or get_close_matches(token, words, 1, ALIKE):
            return alike[0]
    return token


def _units(tokens: Sequence[str], vocabulary: Collection[str], lookup: Tables) -> Iterator[_Unit]:
    """Splits a prompt into units, each as long as possible."""
    at = 0
    while at < len(tokens):
        unit, length = _unit_at(tokens, at, vocabulary, lookup)
        if length > 1 and at + length < len(tokens) and _is_look(_Unit(tokens[at], tokens[at])):
            after, further = _unit_at(tokens, at + 1, vocabulary, lookup)
            if after.noun and 1 + further > length:  # a wooden chest of drawers is no wooden chest
                unit, length = _word(tokens[at], vocabulary, lookup), 1
        yield unit
        at += length


def _unit_at(tokens: Sequence[str], at: int, vocabulary: Collection[str], lookup: Tables) -> tuple[_Unit, int]:
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
            return _Unit(phrase, lookup.adjectives[phrase]), length
    return _word(tokens[at], vocabulary, lookup), 1


def _noun(phrase: str, vocabulary: Collection[str], lookup: Tables) -> _Unit | None:
    """Looks a noun up, in the singular or the plural."""
    if phrase in SMALL or phrase in JOINING:
        return None
    single = next((each for each in (phrase, *singulars(phrase)) if each in lookup.nouns), None)
    if single is None:
        return None
    noun, several = lookup.nouns[single], single != phrase
    if noun.paint and set(noun.paint.split()) <= set(vocabulary):
        together = plural(noun.paint)
        together = together if set(together.split()) <= set(vocabulary) else ""  # not all kinds come in numbers
        unit = _Unit(phrase, noun.paint, True, together=together, taught=single == noun.paint)
        return _counted(unit) if several else unit
    if phrase in vocabulary:
        return None  # a word of what was taught: coffee, of a coffee table
    return _Unit(phrase, noun=True, describes=phrase in lookup.adjectives, near=noun.near)


def _counted(unit: _Unit) -> _Unit:
    """Returns a noun as one of which several are asked for."""
    many = bool(unit.together)
    return unit._replace(paint=unit.together or unit.paint, many=many, lone=not many)


def _word(token: str, vocabulary: Collection[str], lookup: Tables) -> _Unit:
    """Looks a word up that is no noun, or takes it for an unknown one."""
    if token in JOINING:
        return _Unit(token, JOINING[token] if JOINING[token] in vocabulary else "", said=False)
    if token in lookup.adjectives:
        return _Unit(token, lookup.adjectives[token])
    if token in vocabulary:
        return _Unit(token, token)
    if token in SMALL or token in AMOUNTS or not token[0].isalnum():
        return _Unit(token, said=False)
    return _Unit(token, noun=not token.endswith(MODIFIES) and not token.isdigit(), listed=False)


def _phrases(units: Iterable[_Unit]) -> list[list[_Unit]]:
    """Splits a prompt where something is joined to what comes before: "a cat", "on the couch"."""
    phrases: list[list[_Unit]] = [[]]
    for unit in units:
        last = phrases[-1]
        amount = last and all(not each.noun and each.typed not in JOINING for each in last)
        doing = unit.typed.endswith("ing") and not unit.noun and any(each.noun for each in last)
        if not unit.typed[0].isalnum():
            phrases.append([])
        elif unit.typed == "and" and last and not _has_thing(last):  # a red and white umbrella
            last.append(unit)
        elif unit.typed == "of" and amount:  # a pair of, a lot of
            last.append(unit if last[-1].paint else _Unit("of", said=False))
        elif doing and not unit.paint:  # a dog chasing a ball
            phrases.append([unit._replace(paint=WITH)])
        else:
            if unit.typed in JOINING and last:
                phrases.append([])
            elif len(phrases) > 1 and not last and any(each.noun for each in phrases[-2]):
                last.append(_Unit(",", "and", said=False))
            phrases[-1].append(unit)
    return [phrase for phrase in phrases if phrase]


def _worded(prompt: str, phrases: Iterable[Sequence[_Unit]], mended: tuple[tuple[str, str], ...]) -> Wording:
    """Decides what becomes of each phrase."""
    kept: list[list[_Unit]] = []
    left_out: list[str] = []
    gap = False  # whether what comes before was left out
    waiting: list[_Unit] = []  # "in front", until it is known of what
    for phrase in phrases:
        thing_before = any(_has_thing(each) for each in kept)
        if thing_before:  # a couch in velvet
            phrase = [unit._replace(noun=unit.noun and not unit.describes) for unit in phrase]
        nouns = sorted((unit for unit in phrase if unit.noun), key=lambda unit: unit.listed)
        thing = nouns[-1] if nouns else None
        joined = phrase[0].typed in (*JOINING, ",") or phrase[0].paint == WITH
        if thing and not thing.paint and not thing_before:
            return Wording(prompt, unknown=(Unknown(thing.typed, thing.near),))
        if thing and (
            not thing.paint or (joined and not phrase[0].paint) or (thing_before and _is_part(phrase, thing))
        ):
            left_out.append(thing.typed)
            if phrase[0].typed in OF and not _has_thing(kept[-1]):
                kept.pop()
            gap, waiting = True, []
            continue
        paints = [unit for unit in phrase if not unit.noun or unit is thing or unit.paint == unit.typed]
        left_out += [unit.typed for unit in phrase if unit.said and not (unit.paint and unit in paints)]
        if thing is None and thing_before:
            looks = [unit for unit in phrase if _is_look(unit)]
            kept[-1] += looks  # a table of wood, a yacht, white
            says = any(unit.paint not in ("", WITH, "and", *JOINING) for unit in paints)
            kept += [paints] if joined and says and not looks and not gap else []
            waiting = paints if gap else []
        elif not (phrase[0].typed == "of" and " of " in _paint_before(kept)):  # a vase of flowers, for a vase
            kept += [waiting, paints] if waiting and phrase[0].typed in OF else [paints]
            gap, waiting = False, []
    words = _with_articles([word for phrase in kept for word in _words(phrase)])
    if not words:
        return Wording(prompt, unknown=tuple(Unknown(word, ()) for word in left_out or [prompt.strip()]))
    if words == [token for token in TOKEN.findall(prompt.lower()) if token[0].isalnum()]:
        return Wording(prompt)
    units = [unit for phrase in kept for unit in phrase if unit.paint]
    replaced = tuple((unit.typed, unit.paint) for unit in units if unit.paint != unit.typed and unit.said)
    return Wording(" ".join(words), mended + replaced, tuple(dict.fromkeys(left_out)))


def _is_part(phrase: Sequence[_Unit], thing: _Unit) -> bool:
    """Tells whether a phrase names a part of a thing, of which something else would come: with a thin brass frame."""
    first, named = phrase[0].typed, any(unit.typed in ARTICLES for unit in phrase)
    return not thing.taught and (first in PARTS or (not named and (first == "and" or first not in JOINING)))


def _has_thing(phrase: Sequence[_Unit]) -> bool:
    return any(unit.noun for unit in phrase)


def _paint_before(kept: Sequence[Sequence[_Unit]]) -> str:
    return kept[-1][-1].paint if kept else ""


def _is_look(unit: _Unit) -> bool:
    return not unit.noun and any(word in looks for word in unit.paint.split() for looks in LOOKS)


def _words(phrase: Sequence[_Unit]) -> list[str]:
    """Returns the words of a phrase for the model."""
    head = next((unit for unit in reversed(phrase) if unit.noun and unit.paint), None)
    at = phrase.index(head) if head else len(phrase)
    if head and not head.many and any(unit.typed in COUNTS for unit in phrase[:at]):  # two of what has one form
        head = _counted(head)
        phrase = [*phrase[:at], head, *phrase[at + 1 :]]
    late = [unit for unit in phrase[at + 1 :] if _is_look(unit)]  # a yacht, white
    order = [*phrase[:at], *late, *(unit for unit in phrase[at:] if unit not in late)]
    asked = {word for unit in phrase if not unit.noun for word in unit.paint.split()}
    out = {","} if head is None else set[str]()  # nothing follows the "and" of a list
    if head is not None and head.lone:
        out |= {*COUNTS, "pair", "of", "a", "an"}
    elif head is not None and head.many and "pair" not in asked:
        out |= {"a", "an"}
    words: list[str] = []
    painted = [unit for unit in order if unit.paint]
    for unit, after in zip(painted, [*painted[1:], None], strict=False):
        if unit.typed == "and" and unit is not painted[0] and not (after and _is_look(after)):
            continue  # of a steel and leather chair
        for word in unit.paint.split():
            own = unit.noun and any(word in looks and asked & looks for looks in LOOKS)
            if not own and unit.typed not in out and word not in words[-1:]:
                words.append(word)  # but not the yellow of taxis, where a red one is asked for
    if head is not None and head.lone and "the" not in asked:
        words.insert(1 if words[0] in JOINING else 0, "a")
    return words


def _with_articles(words: Sequence[str]) -> list[str]:
    """Returns words with a or an as the next one wants it."""
    return [
        article(after) if word in ("a", "an") and after else word
        for word, after in zip(words, [*words[1:], ""], strict=False)
    ]
