"""Results of a study: what people decided, who of them counts, and what follows from it."""

import csv
import io
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from editor.store.studies import Answer
from editor.study.comparisons import CHECK, LEFT, MATCH, PAIR, REALISM, REPEAT, TIE
from editor.study.statistics import (
    ENOUGH,
    RATERS_TO_GENERALISE,
    Decisions,
    Interval,
    Rating,
    agreement,
    davidson,
    elo,
    share,
    wilson,
)
from editor.study.study import Study

# share of the checks that a person must have right to count; set before any study. Of 10, as a plan has at least, 8:
# who clicks at random between the sides passes in 5.5 of 100 cases, who errs in one of 20 checks fails in 1.2
CHECKS_RIGHT = 0.8
WANTED = 200  # decisions on a question that a study aims at: 80 % power for a true share of 60 %
COLUMNS = (
    "study", "rater", "counts", "question", "kind", "pair", "prompt", "left", "right", "choice", "chosen", "expected",
    "milliseconds",
)  # fmt: skip


class QuestionResult(NamedTuple):
    """What people decided about one question."""

    decisions: int
    raters: int
    wins: tuple[int, int]  # of each arm
    ties: int
    # share of the left side among the choices of a side; 0.5 by the coin unless people prefer a side; None without any
    left: float | None
    repeats: tuple[int, int]  # how many repeats got the same answer, of how many
    share: float  # of the first arm, a tie as half a win
    wilson: Interval
    elo: Rating
    davidson: Rating
    shared: int  # decisions on pairs that several people decided
    alpha: float | None


def excluded(answers: Sequence[Answer]) -> set[str]:
    """Returns the people who do not count: fewer than CHECKS_RIGHT of their checks are right, or none was reached."""
    right: dict[str, list[bool]] = {answer.rater: [] for answer in answers}
    for answer in answers:
        if answer.kind == CHECK:
            right[answer.rater].append(answer.choice == answer.expected)
    return {rater for rater, checks in right.items() if not checks or sum(checks) < CHECKS_RIGHT * len(checks)}


def outcome(answer: Answer) -> int:
    """Returns +1 where the first arm's picture was chosen, -1 for the second's, 0 for neither."""
    if answer.choice == TIE:
        return 0
    return 1 if (answer.choice == LEFT) == (answer.left_arm == 0) else -1


def question_result(answers: Sequence[Answer], question: str) -> QuestionResult | None:
    """Returns the result of a question; None without decisions. Checks and repeats are no decisions."""
    asked = [answer for answer in answers if answer.question == question]
    pairs = [answer for answer in asked if answer.kind == PAIR]
    if not pairs:
        return None
    outcomes = np.array([outcome(answer) for answer in pairs], np.float64)
    raters = np.unique([answer.rater for answer in pairs], return_inverse=True)[1].astype(np.int64)
    decisions = Decisions(raters, np.array([answer.pair for answer in pairs], np.int64), outcomes)
    of_pair = {(answer.rater, answer.pair): outcome(answer) for answer in pairs}
    repeats = [answer for answer in asked if answer.kind == REPEAT and (answer.rater, answer.pair) in of_pair]
    same = sum(outcome(answer) == of_pair[answer.rater, answer.pair] for answer in repeats)
    sides = [answer.choice == LEFT for answer in pairs if answer.choice != TIE]
    first = share(outcomes)
    counts = np.bincount(decisions.prompts)
    return QuestionResult(
        len(pairs), int(raters.max()) + 1, (int((outcomes > 0).sum()), int((outcomes < 0).sum())),
        int((outcomes == 0).sum()), sum(sides) / len(sides) if sides else None, (same, len(repeats)), first,
        wilson(first, len(pairs)), elo(decisions), davidson(decisions),
        int(counts[counts > 1].sum()), agreement(decisions),
    )  # fmt: skip


def report(study: Study, answers: Sequence[Answer]) -> str:
    """Returns the results in words and figures, for those who count and for everybody."""
    out = excluded(answers)
    raters = {answer.rater for answer in answers}
    lines = [
        f"Study {study.name!r}, {'closed' if study.closed else 'open'}: {study.arms[0]} (A) against {study.arms[1]}"
        f" (B), {_count(len(study.pairs), 'pair')}, {_count(len(raters), 'person', 'people')}.",
        f"{len(out)} of {len(raters)} do not count: fewer than {CHECKS_RIGHT:.0%} of their checks are right, or none"
        " was reached.",
    ]
    if not study.closed:
        lines.append("It is open: to stop when a figure looks good makes it look better than it is.")
    counting = [answer for answer in answers if answer.rater not in out]
    for question in (REALISM, MATCH) if study.has_prompts else (REALISM,):
        lines += ["", question.capitalize(), *_question_lines(question_result(counting, question))]
        if out:
            lines += ["  With everybody:", *_question_lines(question_result(answers, question))]
    return "\n".join(lines)


def _question_lines(result: QuestionResult | None) -> Iterator[str]:
    decisions = 0 if result is None else result.decisions
    if result is None or decisions < ENOUGH:
        yield f"  Not enough yet: {decisions} of at least {ENOUGH} decisions, and {WANTED} are better."
        return
    (a, b), ties, (same, repeats) = result.wins, result.ties, result.repeats
    people = _count(result.raters, "person", "people")
    yield f"  {decisions} decisions by {people}: A {a}, B {b}, no clear difference {ties}."
    low, high = result.wilson
    yield f"  A wins {result.share:.1%} (Wilson {low:.1%} to {high:.1%}), a tie as half a win of each."
    alike = "all decisions are ties" if not a + b else "all decisions that are no ties are alike"
    rating = _rating(result.elo, "all decisions are alike")
    yield f"  Elo A - B: {rating}; with Davidson's ties: {_rating(result.davidson, alike)}."
    yield f"  Centred: A {result.elo.difference / 2:+.0f}, B {-result.elo.difference / 2:+.0f}."
    if result.raters < RATERS_TO_GENERALISE:
        yield f"  With fewer than {RATERS_TO_GENERALISE} people the Elo intervals hold for these people alone."
    yield f"  Agreement between people: {_agreement(result)}. Repeats answered alike: {same} of {repeats}."
    yield (
        "  No side was chosen."
        if result.left is None
        else (f"  Left was chosen in {result.left:.0%} of the choices of a side.")
    )


def _agreement(result: QuestionResult) -> str:
    if result.alpha is not None:
        return f"alpha {result.alpha:.2f}"
    if result.shared:
        return "no alpha, as all decisions on shared pairs are alike"
    return "no two of them decided on the same pair"


def _rating(rating: Rating, alike: str) -> str:
    """Says a rating; alike: what all decisions have in common where it has no interval."""
    if rating.interval is None:
        return f"{rating.difference:+.0f} ({alike}, so there is no interval)"
    return f"{rating.difference:+.0f} ({rating.interval.low:+.0f} to {rating.interval.high:+.0f})"


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def table(study: Study, answers: Sequence[Answer]) -> str:
    """Returns every answer that stands as CSV, with what was on which side."""
    file = io.StringIO(newline="")
    rows = csv.writer(file)
    rows.writerow(COLUMNS)
    out = excluded(answers)
    for answer in answers:
        left, right = study.arms[answer.left_arm], study.arms[1 - answer.left_arm]
        chosen = {LEFT: left, TIE: ""}.get(answer.choice, right)
        if answer.kind == CHECK:
            left = right = chosen = ""
        counts = "yes" if answer.rater not in out else "no"
        pair = study.pairs[answer.pair]
        rows.writerow(
            [
                study.name, answer.rater, counts, answer.question, answer.kind, pair.pictures[0].file,
                pair.prompt or "", left, right, answer.choice, chosen, answer.expected or "", answer.milliseconds,
            ]
        )  # fmt: skip
    return file.getvalue()
