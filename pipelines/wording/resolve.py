"""From a prompt as people type it to one in the words that a model was taught.

A word that a model was never taught spoils those that it was: of "a green velvet couch" came a bowl. So a noun gives
way to the kind of thing that it is (a taxi is a yellow car), what cannot be shown is left out (velvet), spelling is
mended, and German and Chinese are translated word by word. What is of no kind that the model knows is said so.
"""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from pipelines.training.scenes.words import article
from pipelines.wording.tables import tables
from pipelines.wording.translate import translated
from pipelines.wording.units import ARTICLES, JOINING, LOOKS, NEGATING, Unit, counted, is_look, mended, parts, units

TOKEN = re.compile(r"[^\W_]+(?:['-][^\W_]+)*|[,;:.!?()\n]")
# what people say to a machine around what they want
ASKING = re.compile(
    r"(?:(?:please|can|could|would|will|you|kindly|i'd|i|we|want|like|need|to|see|have|let's|there|should|be|is|add|put"
    r"|insert|place|draw|paint|make|create|generate|show|give|render|me|us|it"
    r"|(?:a|an|the) (?:image|photo|illustration|drawing) of)\b[\s,:]*)+"
)
CHANGING = re.compile(r"(?:please )?(?:change|turn|replace|swap|transform|make) .*? (?:to|into|with|by|for) (?=\w)")
REMOVING = re.compile(
    r"(?:please )?(?:remove|erase|delete|get rid of|take away|take out|no|entferne|lösche|kein|keine)\b"
    r"|移除|删除|去掉|擦除"
)
FULL = re.compile(r"\b(?:full|filled|covered|made out|made|lots) of\b|\b(?:filled|covered|decorated) with\b")
PARTS = ("with", "of", "wearing")  # what follows these belongs to the thing before
WITH, OF = "with", ("of", "to")  # the second go on what began before: in front, next
COUNTS = frozenset("two three 2 3".split())  # that the model was taught


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
    things_left_out: tuple[str, ...] = ()  # those of them that name things, and what there is to be none of
    unknown: tuple[Unknown, ...] = ()  # what it cannot paint though it is what is asked for
    removes: bool = False  # whether something is to go, which no prompt does

    def sentence(self, model: str) -> str:
        """Says what is not painted as it was typed, '' where all is."""
        if self.removes:
            return "A prompt says what to add. To take away what is there, use Remove."
        if self.unknown:
            word, near = self.unknown[0]
            offer = f" It can paint: {', '.join(near)}." if near else ""
            return f"“{word}” is nothing that {model} was taught: what it paints there is a guess.{offer}"
        words = ", ".join(f"“{word}”" for word in self.left_out[:3])
        out = f" {words} {'is' if len(self.left_out) == 1 else 'are'} left out." if self.left_out else ""
        return f"Painted as “{self.prompt}”.{out}" if self.replaced or self.left_out else ""


def resolve(prompt: str, vocabulary: Collection[str] | None) -> Wording:
    """Puts a prompt into the words of a vocabulary.

    Args:
        prompt: as it was typed.
        vocabulary: the words that the model was taught, lower case; None where any may mean something to it.
    """
    if vocabulary is None or not prompt.strip():
        return Wording(prompt)
    lowered = prompt.lower().replace("\u2019", "'").strip()
    if REMOVING.match(lowered):
        return Wording(prompt, removes=True)
    text = translated(lowered, vocabulary)
    for around in (CHANGING, ASKING):
        text = around.sub("", text, count=1) if around.match(text) and not around.fullmatch(text) else text
    lookup = tables()
    typed = [part for token in TOKEN.findall(FULL.sub("of", text)) for part in parts(token, lookup)]
    tokens = [mended(token, vocabulary, lookup) for token in typed]
    phrases = _phrases(units(tokens, vocabulary, lookup))
    return _worded(prompt, phrases, tuple((a, b) for a, b in zip(typed, tokens, strict=True) if a != b))


def _phrases(found: Iterable[Unit]) -> list[list[Unit]]:
    """Splits a prompt where something is joined to what comes before: "a cat", "on the couch"."""
    phrases: list[list[Unit]] = [[]]
    for unit in found:
        last = phrases[-1]
        amount = last and all(not each.noun and each.typed not in JOINING for each in last)
        doing = unit.typed.endswith("ing") and not unit.noun and _has_thing(last)
        if not unit.typed[0].isalnum():
            phrases.append([])
        elif unit.typed == "and" and last and not _has_thing(last):  # a red and white umbrella
            last.append(unit)
        elif unit.typed == "of" and amount:  # a pair of, a lot of
            last.append(unit if last[-1].paint else Unit("of", said=False))
        elif doing and not unit.paint:  # a dog chasing a ball
            phrases.append([unit._replace(paint=WITH)])
        else:
            if unit.typed in JOINING and last:
                phrases.append([])
            elif len(phrases) > 1 and not last and _has_thing(phrases[-2]):
                last.append(Unit(",", "and", said=False))
            phrases[-1].append(unit)
    return [phrase for phrase in phrases if phrase]


def _worded(prompt: str, phrases: Iterable[Sequence[Unit]], spelt: tuple[tuple[str, str], ...]) -> Wording:
    """Decides what becomes of each phrase."""
    kept: list[list[Unit]] = []
    left_out: list[str] = []
    things_left_out: list[str] = []
    gap = False  # whether what comes before was left out
    waiting: list[Unit] = []  # "in front", until it is known of what
    for phrase in phrases:
        thing_before = any(_has_thing(each) for each in kept)
        if thing_before:  # a couch in velvet
            phrase = [unit._replace(noun=unit.noun and not unit.describes) for unit in phrase]
        if phrase[0].typed in NEGATING:
            left_out.append(" ".join(unit.typed for unit in phrase))
            things_left_out.append(left_out[-1])
            gap = True
            continue
        nouns = sorted((unit for unit in phrase if unit.noun), key=lambda unit: unit.listed)
        thing = nouns[-1] if nouns else None
        joined = phrase[0].typed in (*JOINING, ",") or phrase[0].paint == WITH
        if thing and not thing.paint and not thing_before:
            return Wording(prompt, unknown=(Unknown(thing.typed, thing.near),))
        if thing and (
            not thing.paint or (joined and not phrase[0].paint) or (thing_before and _is_part(phrase, thing))
        ):
            left_out.append(thing.typed)
            things_left_out.append(thing.typed)
            if phrase[0].typed in OF and not _has_thing(kept[-1]):
                kept.pop()
            gap, waiting = True, []
            continue
        paints = [unit for unit in phrase if not unit.noun or unit is thing or unit.paint == unit.typed]
        lost = [unit for unit in phrase if unit.said and not (unit.paint and unit in paints)]
        left_out += [unit.typed for unit in lost]
        things_left_out += [unit.typed for unit in lost if unit.noun and not unit.describes and unit.listed]
        if thing is None and thing_before:
            looks = [unit for unit in phrase if is_look(unit)]
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
    painted = [unit for phrase in kept for unit in phrase if unit.paint]
    replaced = tuple((unit.typed, unit.paint) for unit in painted if unit.paint != unit.typed and unit.said)
    things = tuple(dict.fromkeys(things_left_out))
    return Wording(" ".join(words), spelt + replaced, tuple(dict.fromkeys(left_out)), things)


def _is_part(phrase: Sequence[Unit], thing: Unit) -> bool:
    """Tells whether a phrase names a part of a thing, of which something else would come: with a thin brass frame."""
    first, named = phrase[0].typed, any(unit.typed in ARTICLES for unit in phrase)
    return not thing.taught and (first in PARTS or (not named and (first == "and" or first not in JOINING)))


def _has_thing(phrase: Sequence[Unit]) -> bool:
    return any(unit.noun for unit in phrase)


def _paint_before(kept: Sequence[Sequence[Unit]]) -> str:
    return kept[-1][-1].paint if kept else ""


def _words(phrase: Sequence[Unit]) -> list[str]:
    """Returns the words of a phrase for the model."""
    head = next((unit for unit in reversed(phrase) if unit.noun and unit.paint), None)
    at = phrase.index(head) if head else len(phrase)
    if head and not head.many and any(unit.typed in COUNTS for unit in phrase[:at]):  # two of what has one form
        head = counted(head)
        phrase = [*phrase[:at], head, *phrase[at + 1 :]]
    late = [unit for unit in phrase[at + 1 :] if is_look(unit)]  # a yacht, white
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
        if unit.typed == "and" and unit is not painted[0] and not (after and is_look(after)):
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
