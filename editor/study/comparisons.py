"""Comparisons: what one person is shown, one after another.

Everything is decided by a keyed hash of the study's secret and the person's token, so that a plan need not be stored: a
reload, a restart and another version of the program give the same one. An answer is stored with the side that its
picture had.
"""

import hmac
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from hashlib import sha256
from typing import NamedTuple

from editor.study.study import Study

REALISM, MATCH = "realism", "match"  # the questions, in the order in which they are asked
PAIR, CHECK, REPEAT = "pair", "check", "repeat"
LEFT, RIGHT, TIE = "left", "right", "tie"
CHOICES = (LEFT, RIGHT, TIE)
CHECK_EVERY = 12  # comparisons of which one is a check at least,
REPEAT_EVERY = 15  # and one shows a pair once more, mirrored
# checks of a person at least, where there are as many pairs: with fewer, who clicks passes too often, or who errs at
# times does not, whatever share of them must be right (see `CHECKS_RIGHT`)
CHECKS = 10
CANDIDATES = 64  # pairs among which a check looks for a prompt far from its own
# scripts that have no spaces between words: Thai, Lao, Burmese, Khmer, kana, Han
UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
TERM = re.compile(rf"[{UNSPACED}]|[^\W{UNSPACED}]+")  # a character of these, a word of others


class Shown(NamedTuple):
    """A picture to show."""

    pair: int  # whose picture it is
    arm: int  # 0 or 1
    spoiled: bool = False  # cut into pieces and mixed up, see `spoil`


@dataclass(frozen=True)
class Comparison:
    """Two pictures side by side, and a question about them."""

    question: str
    kind: str
    pair: int  # whose prompt is shown
    left: Shown
    right: Shown
    expected: str | None = None  # the right choice of a check
    tokens: tuple[str, str] = ("", "")  # random names of the left and the right picture in URLs

    @property
    def mirrored(self) -> "Comparison":
        """The same pictures with their sides exchanged, as a repeat."""
        return replace(self, kind=REPEAT, left=self.right, right=self.left)


Chance = Callable[..., int]  # a number of 256 bits, always the same for the same arguments


@lru_cache(maxsize=256)
def plan(study: Study, rater: str) -> tuple[Comparison, ...]:
    """Returns what a person is shown, in order: all about realism, then all about the match with the prompts.

    The questions are about the same pairs. One comparison in CHECK_EVERY is a check, whose right answer is known, as
    often on the left as on the right, but there are at least CHECKS of them, or as many as pairs; one in REPEAT_EVERY
    shows an earlier pair mirrored.

    Args:
        study: the study.
        rater: the person's token.
    """
    key = bytes.fromhex(study.secret)

    def chance(*parts: object) -> int:
        return int.from_bytes(hmac.digest(key, repr((rater, *parts)).encode(), sha256), "big")

    pairs = sorted(range(len(study.pairs)), key=lambda pair: chance("pair", pair))[: study.questions]
    questions = (REALISM, MATCH) if study.has_prompts else (REALISM,)
    shown = len(pairs) / (1 - 1 / CHECK_EVERY - 1 / REPEAT_EVERY)
    checks = max(round(shown / CHECK_EVERY), min(CHECKS // len(questions), len(pairs)))
    repeats = round(shown / REPEAT_EVERY)
    sides = [(LEFT, RIGHT)[n % 2] for n in range(checks * len(questions))]
    sides = [sides[n] for n in sorted(range(len(sides)), key=lambda n: chance("side", n))]
    comparisons: list[Comparison] = []
    for question in questions:
        block = [_fair(question, pair, chance) for pair in sorted(pairs, key=lambda pair: chance(question, pair))]
        _insert_repeats(block, repeats, chance)
        checked = sorted(range(len(study.pairs)), key=lambda pair: chance("check", question, pair))[:checks]
        _insert_checks(block, [_check(study, question, pair, sides.pop(), chance) for pair in checked], chance)
        comparisons += block

    def token(number: int, side: str) -> str:
        return f"{chance('token', number, side) >> 128:032x}"

    return tuple(replace(each, tokens=(token(n, LEFT), token(n, RIGHT))) for n, each in enumerate(comparisons))


def _fair(question: str, pair: int, chance: Chance) -> Comparison:
    """Returns a comparison of a pair, its sides by a fair coin."""
    left = chance("coin", question, pair) & 1
    return Comparison(question, PAIR, pair, Shown(pair, left), Shown(pair, 1 - left))


def _insert_repeats(block: list[Comparison], count: int, chance: Chance) -> None:
    """Repeats comparisons of the first half of a block in its last third."""
    half = block[: len(block) // 2]
    for n, each in enumerate(sorted(half, key=lambda each: chance("repeat", each.question, each.pair))[:count]):
        start = 2 * len(block) // 3 + 1
        block.insert(start + chance("at", each.question, n) % (len(block) - start + 1), each.mirrored)


def _insert_checks(block: list[Comparison], checks: Sequence[Comparison], chance: Chance) -> None:
    """Puts one check anywhere in each of as many equal parts of a block."""
    ends = [len(block) * n // len(checks) for n in range(len(checks) + 1)]
    for n in reversed(range(len(checks))):
        at = ends[n] + chance("check at", checks[n].question, n) % max(1, ends[n + 1] - ends[n])
        block.insert(at, checks[n])


def _check(study: Study, question: str, pair: int, side: str, chance: Chance) -> Comparison:
    """Returns a check: a picture beside itself spoiled, or, for the match, beside that of a prompt far from its own,
    spoiled as well, so that the answer shows however badly an arm paints what it is asked for.

    Args:
        study: the study.
        question: REALISM or MATCH.
        pair: the check's pair.
        side: the right answer.
        chance: as in `plan`.
    """
    arm = chance("arm", question, pair) & 1
    other = _far_pair(study, pair, chance) if question == MATCH else pair
    good, bad = Shown(pair, arm), Shown(other, arm, spoiled=True)
    left, right = (good, bad) if side == LEFT else (bad, good)
    return Comparison(question, CHECK, pair, left, right, side)


def _far_pair(study: Study, pair: int, chance: Chance) -> int:
    """Returns, of CANDIDATES others of the same size, the pair whose prompt shares the smallest part of its terms with
    that of `pair`; `pair` itself where each shares half of them or more, or has none, as a prompt of emoji.
    """
    terms, count = _terms(study), len(study.pairs)
    start, step = chance("other", pair) % count, max(1, count // CANDIDATES)
    others = [(start + n * step) % count for n in range(min(count, CANDIDATES))]
    here = terms[pair]
    shared = {
        other: len(here & terms[other]) / len(here | terms[other])
        for other in others
        if study.pairs[other].size == study.pairs[pair].size and terms[other]
    }
    far = min(shared, key=shared.__getitem__, default=pair)
    return far if here and shared.get(far, 1) < 1 / 2 else pair


@lru_cache(maxsize=8)
def _terms(study: Study) -> tuple[frozenset[str], ...]:
    """Returns what the prompt of each pair is made of: its words, or its characters where no spaces part them."""
    return tuple(frozenset(TERM.findall((pair.prompt or "").lower())) for pair in study.pairs)
