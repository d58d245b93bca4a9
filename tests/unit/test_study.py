"""A study: its folders, its plans, its answers, what they come to, and its command."""

import csv
import shutil
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import pytest

from editor.formats.images import decode_tile, encode_png
from editor.imaging.limits import MAX_STUDY_QUESTIONS
from editor.store.store import Store
from editor.store.studies import Answer, Closed
from editor.study import comparisons
from editor.study.comparisons import CHECK, MATCH, PAIR, REALISM, REPEAT, Comparison, plan
from editor.study.pictures import encoded, spoil
from editor.study.results import excluded, question_result, report, table
from editor.study.samples import paired, read_samples
from editor.study.study import Study, find_study, pair_of, read_picture, study_of
from pipelines.errors import InvalidInput
from tests.conftest import Run
from tests.study_folders import answers_of, begun, picture, prefers, prompt, unstored, write_folders

RATERS = [f"{n:032x}" for n in range(200)]

# folders


def pairs_of(folders: tuple[Path, Path]) -> list[tuple[str, str]]:
    return [(one.file.stem, two.file.stem) for one, two in paired(*map(read_samples, folders))]


def test_pictures_of_the_same_name_and_prompt_are_a_pair(tmp_path: Path) -> None:
    folders = write_folders(tmp_path, 3)
    assert pairs_of(folders) == [(name, name) for name in ("000", "001", "002")]


def test_pictures_of_the_same_prompt_are_a_pair_whatever_their_names(tmp_path: Path) -> None:
    folders = write_folders(tmp_path, 3)
    for ending in ("png", "txt"):
        for new, old in (("z", "000"), ("y", "001"), ("x", "002")):
            (folders[1] / f"{old}.{ending}").rename(folders[1] / f"{new}.{ending}")
    assert pairs_of(folders) == [("000", "z"), ("001", "y"), ("002", "x")]


def test_of_several_pictures_of_one_prompt_the_first_goes_with_the_first(tmp_path: Path) -> None:
    folders = write_folders(tmp_path, 4)
    for folder, names in zip(folders, (("000", "001"), ("002", "003")), strict=True):
        for name in names:
            (folder / f"{name}.txt").write_text("  two\n of a kind ")
    for folder, names in zip(folders, (("002", "003"), ("000", "001")), strict=True):
        for number, name in enumerate(names):
            (folder / f"{name}.txt").write_text(f"single {number}")
    assert pairs_of(folders) == [("000", "002"), ("001", "003"), ("002", "000"), ("003", "001")]


def test_without_prompts_names_decide_and_only_realism_is_asked(tmp_path: Path, store: Store) -> None:
    folders = write_folders(tmp_path, 4, prompts=False)
    study = begun(store, folders)
    assert not study.has_prompts and {each.question for each in plan(study, RATERS[0])} == {REALISM}
    for folder, text in zip(folders, ("", "\ufeff \n"), strict=True):  # an empty prompt is none
        for number in range(4):
            (folder / f"{number:03}.txt").write_text(text, "utf-8")
    assert not begun(store, folders, "Empty").has_prompts
    for number in range(4):  # one folder's prompts do for both
        (folders[1] / f"{number:03}.txt").write_text(prompt(number))
    assert begun(store, folders, "Other").has_prompts


def spoil_folders(folder: Path, how: str) -> tuple[Path, Path]:
    """Two folders that no study can compare."""
    first, second = write_folders(folder, 3)
    match how:
        case "no folder":
            second = folder / "hf:some/model"
        case "empty":
            shutil.rmtree(second)
            second.mkdir()
        case "missing":
            (second / "001.png").unlink()
            (second / "001.txt").unlink()
        case "other prompt":
            (second / "001.txt").write_text("a zebra")
        case "no prompt":
            (second / "001.txt").unlink()
        case "empty prompt":
            (second / "001.txt").write_text("\n")
        case "names":
            for file in (*first.glob("*.txt"), *second.glob("*.txt")):
                file.unlink()
            (second / "001.png").rename(second / "other.png")
        case "damaged":
            (second / "001.png").write_bytes((second / "001.png").read_bytes()[:100])
        case "no picture":
            (second / "001.png").write_bytes(b"")
        case "proportions":
            (second / "001.png").write_bytes(encode_png(picture(1, 1)[:40]))
        case "twice":
            shutil.copy(second / "001.png", second / "001.webp")
        case "not text":
            (second / "001.txt").write_bytes(b"\xff\xfe\xfa")
        case "long":
            (second / "001.txt").write_text("word " * 10_000)
    return first, second


BAD = {
    "no folder": "hf:some/model is no folder. A study compares two folders",
    "empty": "lora has no pictures",
    "missing": "lora lacks 1 prompt of .*base: 'a blue vase of kind 1'",
    "other prompt": "base lacks 1 prompt of .*lora: 'a zebra'",
    "no prompt": "pictures without a prompt: '001.png'",
    "empty prompt": "pictures without a prompt: '001.png'",
    "names": "base lacks 1 picture of .*lora: 'other'",
    "damaged": "001.png cannot be shown",
    "no picture": "001.png cannot be shown. The file is empty",
    "proportions": "48 x 48 pixels and .*001.png 48 x 40",
    "twice": "several pictures of the same name: '001'",
    "not text": "001.txt is no text in UTF-8",
    "long": "001.txt is too long for a prompt",
}


@pytest.mark.parametrize("how", BAD)
def test_folders_that_cannot_be_compared_get_a_sentence(tmp_path: Path, store: Store, how: str) -> None:
    with pytest.raises(InvalidInput, match=BAD[how]):
        begun(store, spoil_folders(tmp_path, how))
    assert store.studies.all() == []


# pictures


def test_both_pictures_have_one_size_and_nothing_but_pixels(tmp_path: Path, store: Store) -> None:
    folders = write_folders(tmp_path, 2)
    (folders[1] / "000.png").write_bytes(encode_png(picture(0, 1, side=96)))
    study = begun(store, folders)
    comparison = next(each for each in plan(study, RATERS[0]) if each.pair == 0 and each.kind == PAIR)
    files = [encoded(study, shown) for shown in (comparison.left, comparison.right)]
    for file in files:
        assert decode_tile(file).shape == (48, 48, 3)
        size = int.from_bytes(file[16:20], "little")
        assert file[12:16] == b"VP8L" and len(file) == 20 + size + size % 2  # and no other chunk
    assert np.array_equal(decode_tile(files[comparison.left.arm]), picture(0, 0))  # lossless


def test_a_picture_that_has_changed_is_not_shown(tmp_path: Path, store: Store) -> None:
    study = begun(store, write_folders(tmp_path, 2))
    (tmp_path / "base" / "000.png").write_bytes(encode_png(picture(9, 0)))
    with pytest.raises(InvalidInput, match="has changed since the study"):
        read_picture(study, 0, 0)


def test_a_spoiled_picture_is_another_even_of_one_colour() -> None:
    for pixels in (picture(0, 0, 50), np.full((50, 70, 3), 128, np.uint8), picture(0, 0, 3)):
        spoiled = spoil(pixels)
        assert spoiled.shape == pixels.shape and spoiled.dtype == np.uint8
        assert np.abs(spoiled.astype(int) - pixels).mean() > 15
        assert np.array_equal(spoiled, spoil(pixels))


# plans


@pytest.mark.parametrize("rater", RATERS[:20])
def test_a_plan_asks_both_questions_about_the_same_pairs_each_once(rater: str) -> None:
    comparisons = plan(unstored(40), rater)
    questions = [each.question for each in comparisons]
    assert questions == sorted(questions, reverse=True)  # realism, then match
    asked = {q: [c.pair for c in comparisons if c.question == q and c.kind == PAIR] for q in (REALISM, MATCH)}
    assert sorted(asked[REALISM]) == sorted(asked[MATCH]) and len(set(asked[REALISM])) == 24
    assert asked[REALISM] != asked[MATCH]
    for question in (REALISM, MATCH):
        kinds = Counter(each.kind for each in comparisons if each.question == question)
        assert kinds == {PAIR: 24, CHECK: 5, REPEAT: 2}


@pytest.mark.parametrize(
    ("pairs", "checks", "repeats"), [(1, 1, 0), (3, 3, 0), (5, 5, 0), (24, 5, 2), (120, 12, 9), (500, 49, 39)]
)
def test_one_in_12_is_a_check_but_5_of_a_part_and_one_in_15_a_repeat(pairs: int, checks: int, repeats: int) -> None:
    comparisons = [each for each in plan(unstored(pairs, questions=pairs), RATERS[0]) if each.question == REALISM]
    kinds = Counter(each.kind for each in comparisons)
    assert kinds == Counter({PAIR: pairs, CHECK: checks, REPEAT: repeats})
    if pairs >= 120:
        assert len(comparisons) / kinds[CHECK] == pytest.approx(12, abs=2)
    if pairs >= 24:
        assert len(comparisons) / kinds[REPEAT] == pytest.approx(15, abs=2)


@pytest.mark.parametrize("rater", RATERS[:20])
def test_a_repeat_mirrors_an_earlier_comparison_some_way_back(rater: str) -> None:
    comparisons = plan(unstored(40), rater)
    for at, each in enumerate(comparisons):
        if each.kind == REPEAT:
            first = next(
                n for n, c in enumerate(comparisons) if (c.question, c.pair, c.kind) == (each.question, each.pair, PAIR)
            )
            assert (each.left, each.right) == (comparisons[first].right, comparisons[first].left)
            assert at - first >= 5


@pytest.mark.parametrize("rater", RATERS[:20])
def test_a_check_has_one_right_answer_as_often_on_either_side(rater: str) -> None:
    study = unstored(40)
    checks = [each for each in plan(study, rater) if each.kind == CHECK]
    assert Counter(each.expected for each in checks) == {"left": 5, "right": 5}
    for question in (REALISM, MATCH):
        assert len({each.pair for each in checks if each.question == question}) == 5
    for each in checks:
        good, bad = (each.left, each.right) if each.expected == "left" else (each.right, each.left)
        assert good == (each.pair, good.arm, False) and bad.arm == good.arm
        if each.question == REALISM:
            assert bad == (each.pair, good.arm, True)
        else:
            mine, other = (set(study.pairs[shown.pair].prompt.split()) for shown in (good, bad))
            assert bad.spoiled and len(mine & other) <= 3  # "a", "of", "kind"


def test_without_prompts_there_are_as_many_checks_in_one_part(tmp_path: Path, store: Store) -> None:
    study = begun(store, write_folders(tmp_path, 24, prompts=False))
    assert Counter(each.kind for each in plan(study, RATERS[0])) == {PAIR: 24, CHECK: 10, REPEAT: 2}


def far_prompts(prompts: Sequence[str], raters: int = 20) -> list[tuple[str, str]]:
    """Whose picture is beside whose in the checks of the match; no check may have the same picture twice."""
    study = unstored(len(prompts))
    study = replace(study, pairs=tuple(replace(p, prompt=text) for p, text in zip(study.pairs, prompts, strict=True)))
    found = []
    for rater in RATERS[:raters]:
        for each in plan(study, rater):
            if each.kind == CHECK and each.question == MATCH:
                good, bad = (each.left, each.right) if each.expected == "left" else (each.right, each.left)
                assert bad.spoiled and not good.spoiled and good.pair == each.pair
                found.append((prompts[good.pair], prompts[bad.pair]))
    return found


CHINESE = (
    "一只坐在红色沙发上的白色小猫", "一只坐在红色沙发上的黑色小猫", "一只坐在红色沙发上的灰色小猫",
    "雨中城市街道的夜景", "雨中城市街道的清晨", "海边悬崖旁边有座灯塔",
)  # fmt: skip


def test_prompts_without_spaces_are_far_apart_only_where_their_characters_are() -> None:
    for mine, other in far_prompts(CHINESE):
        assert mine == other or len(set(mine) & set(other)) <= 3
    assert len({pair for pair in far_prompts(CHINESE) if pair[0] != pair[1]}) > 5
    alike = [f"一只坐在红色沙发上的白色小{animal}" for animal in "猫狗兔鸟马羊"]
    assert all(mine == other for mine, other in far_prompts(alike))


@pytest.mark.parametrize("others", [["a red couch"], ["🚗"], ["!"], ["🚗", "🌊", "..."]])
def test_a_prompt_that_has_no_words_or_is_all_alike_is_far_from_none(others: list[str]) -> None:
    found = far_prompts([(others * 24)[n] for n in range(24)])
    assert found and all(mine == other for mine, other in found)
    mixed = far_prompts([*others, "a blue vase by a window", "two lamps"])
    assert {mine for mine, other in mixed if mine != other} & {"two lamps"}
    assert all(mine == other for mine, other in mixed if not set(mine) & set("abc"))
    assert not {other for mine, other in mixed if mine != other} & {"🚗", "🌊", "...", "!"}


def test_prompts_are_split_once_however_many_people_come(monkeypatch: pytest.MonkeyPatch) -> None:
    split: list[str] = []

    class Counted:
        def findall(self, text: str) -> list[str]:
            split.append(text)
            return text.split()

    monkeypatch.setattr(comparisons, "TERM", Counted())
    study = unstored(300)
    for rater in RATERS[:5]:
        plan(study, rater)
    assert len(split) == 300


def test_sides_are_fair_and_orders_differ() -> None:
    study = unstored(60, questions=60)
    comparisons = [each for rater in RATERS[:60] for each in plan(study, rater) if each.kind == PAIR]
    left = np.mean([each.left.arm == 0 for each in comparisons])
    assert abs(left - 0.5) < 3 * 0.5 / np.sqrt(len(comparisons))
    assert len({tuple(each.pair for each in plan(study, rater)) for rater in RATERS[:60]}) == 60


def test_a_plan_is_the_same_again_and_another_for_another_study_or_person() -> None:
    plans = [plan(study, rater) for study in (unstored(40), unstored(40)) for rater in RATERS[:2]]
    assert plans[0] == plans[2] and plans[1] == plans[3] and plans[0] != plans[1]
    assert plan(unstored(40, secret=1), RATERS[0]) != plans[0]


def test_a_plan_is_what_it_was_in_the_version_before() -> None:
    """A study that is open goes on after an update. Whoever changes plans on purpose puts the new digest here."""
    every = [
        (each.question, each.kind, each.pair, *each.left, *each.right, each.expected, each.tokens)
        for each in plan(unstored(40), RATERS[0])
    ]
    assert (
        sha256(repr(every).encode()).hexdigest() == "325c3d6e2251af37ada7644fa0673e5352533a15673df34312895444bae582ab"
    )


def test_every_picture_has_a_name_of_its_own() -> None:
    comparisons = [each for rater in RATERS[:10] for each in plan(unstored(40), rater)]
    names = {name for each in comparisons for name in each.tokens}
    assert len(names) == 2 * len(comparisons) and all(len(name) == 32 for name in names)


# answers


def an_answer(study: Study, rater: str = RATERS[0], number: int = 0, **changes: Any) -> Answer:
    (answer,) = answers_of(study, rater, prefers(0), number, number + 1)
    return replace(answer, **changes)


def test_a_study_comes_back_from_the_database(where: Path | str, tmp_path: Path) -> None:
    store = Store(where)
    study = begun(store, write_folders(tmp_path, 3), "Böse; -- Namen", questions=2)
    store.close()
    again = Store(where)
    found = find_study(again, None)
    assert vars(found) == vars(study) and study_of(again.studies.get(study.id)).pairs == study.pairs
    assert plan(found, RATERS[0]) == plan(study, RATERS[0])
    again.close()


def test_an_answer_is_stored_once_however_often_it_is_sent(where: Path | str, tmp_path: Path) -> None:
    store = Store(where)
    study = begun(store, write_folders(tmp_path, 3))
    for _ in range(3):
        store.studies.add(an_answer(study))
    store.studies.add(an_answer(study, token="another tab's", choice="tie"))  # the first one stands
    assert store.studies.answers(study.id) == [an_answer(study)]
    assert store.database.row("SELECT count(*) FROM answer")[0] == 1
    store.close()


def test_the_last_answer_can_be_taken_back_and_given_anew(where: Path | str, tmp_path: Path) -> None:
    store = Store(where)
    study = begun(store, write_folders(tmp_path, 3))
    back = an_answer(study, token="back", choice="undone")
    store.studies.add(replace(back, token="early"))  # there is nothing to take back
    assert store.studies.answers(study.id) == []
    first, second = an_answer(study), an_answer(study, token="second", choice="tie")
    for answer in (first, back, first, back):  # all is sent twice
        store.studies.add(answer)
    assert store.studies.answers(study.id) == []
    for answer in (second, first, back):
        store.studies.add(answer)
    assert store.studies.answers(study.id) == [second]
    assert store.studies.answers(study.id, RATERS[0]) == [second] and store.studies.answers(study.id, RATERS[1]) == []
    store.close()


def test_people_who_answer_at_once_lose_nothing(where: Path | str, tmp_path: Path) -> None:
    store = Store(where)
    study = begun(store, write_folders(tmp_path, 6))
    everything = [[*answers_of(study, rater, prefers(0))] for rater in RATERS[:4]]

    def send(answers: list[Answer]) -> None:
        for answer in answers:
            store.studies.add(answer)
            store.studies.add(answer)

    threads = [Thread(target=send, args=(answers,)) for answers in everything]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    stored = {answer.token: answer for answer in store.studies.answers(study.id)}
    assert stored == {answer.token: answer for answers in everything for answer in answers}
    assert store.database.row("SELECT count(*) FROM answer")[0] == len(stored)
    store.close()


def test_a_closed_study_takes_no_answer_and_has_the_others(where: Path | str, tmp_path: Path) -> None:
    store = Store(where)
    study = begun(store, write_folders(tmp_path, 3))
    store.studies.add(an_answer(study))
    store.studies.close(study.id)
    store.studies.close(study.id)
    with pytest.raises(Closed, match="is closed"):
        store.studies.add(an_answer(study, number=1))
    store.studies.add(an_answer(study))  # it has that one
    assert store.studies.answers(study.id) == [an_answer(study)] and find_study(store, study.name).closed
    with pytest.raises(InvalidInput, match=r"is closed\. Choose another name"):
        begun(store, (tmp_path / "base", tmp_path / "lora"))
    store.close()


def test_a_study_goes_on_only_as_it_was_begun(store: Store, tmp_path: Path) -> None:
    folders = write_folders(tmp_path, 3)
    study = begun(store, folders)
    assert begun(store, folders).id == study.id
    with pytest.raises(InvalidInput, match="each person compares 24 pairs in it, not 2"):
        begun(store, folders, questions=2)
    with pytest.raises(InvalidInput, match=r"it compares .*base with .*lora"):
        begun(store, (folders[1], folders[0]), study.name)
    (folders[0] / "001.png").write_bytes(encode_png(picture(9, 0)))
    with pytest.raises(InvalidInput, match=r"have changed since, at 001\.png"):
        begun(store, folders)
    assert begun(store, folders, "Another").id != study.id
    for questions in (0, -1, MAX_STUDY_QUESTIONS + 1, 10_000):
        with pytest.raises(InvalidInput, match=f"--questions must be a number from 1 to 500, not {questions}"):
            begun(store, folders, "Third", questions=questions)


# people


def caught(
    choose: Callable[[np.random.Generator, Comparison], str], pairs: int, questions: int, prompts: bool = True
) -> float:
    """The share of 2,000 people who are excluded, by as many checks as everybody has."""
    study = unstored(pairs, questions=questions)
    if not prompts:
        study = replace(study, pairs=tuple(replace(pair, prompt=None) for pair in study.pairs))
    random, people = np.random.default_rng(0), 2000
    some = [answer for answer in answers_of(study, RATERS[0], lambda each: "") if answer.kind == CHECK]
    checks = [each for each in plan(study, RATERS[0]) if each.kind == CHECK]
    answers = [
        replace(answer, rater=f"{n:032x}", choice=choose(random, each))
        for n in range(people)
        for answer, each in zip(some, checks, strict=True)
    ]
    return len(excluded(answers)) / people


def test_clickers_are_caught_by_the_checks_and_others_are_not() -> None:
    for side in ("left", "right", "tie"):
        assert caught(lambda random, each, side=side: side, 40, 24) == 1
    assert caught(lambda random, each: random.choice(["left", "tie", "right"]), 40, 24) >= 0.97
    assert caught(lambda random, each: random.choice(["left", "right"]), 40, 24) >= 0.9
    assert caught(lambda random, each: random.choice(["left", "right"]), 60, 60) >= 0.95
    assert caught(lambda random, each: random.choice(["left", "right"]), 40, 24, prompts=False) >= 0.9


def errs(random: np.random.Generator, each: Comparison) -> str:
    """Who looks, and still has one check in 20 wrong."""
    wrong = {"left": "right", "right": "left"}
    return each.expected if random.random() >= 0.05 else wrong[each.expected]


@pytest.mark.parametrize("prompts", [True, False])
@pytest.mark.parametrize("questions", [24, 60])
def test_whoever_errs_at_times_counts(questions: int, prompts: bool) -> None:
    assert caught(errs, questions, questions, prompts) <= 0.03
    assert caught(lambda random, each: each.expected, questions, questions, prompts) == 0


def test_whoever_stops_before_the_first_check_does_not_count() -> None:
    study = unstored()
    first = next(n for n, each in enumerate(plan(study, RATERS[0])) if each.kind == CHECK)
    assert excluded([*answers_of(study, RATERS[0], prefers(0), 0, first)]) == {RATERS[0]}
    assert excluded([*answers_of(study, RATERS[0], prefers(0), 0, first + 1)]) == set()


def test_results_count_pairs_alone_and_see_sides_and_repeats() -> None:
    study = unstored()
    answers = [a for rater in RATERS[:5] for a in answers_of(study, rater, prefers(1))]
    result = question_result(answers, REALISM)
    assert (result.decisions, result.raters, result.wins, result.ties) == (120, 5, (0, 120), 0)
    assert result.repeats == (10, 10) and result.share == 0 and 0.3 < result.left < 0.7
    left = [a for rater in RATERS[:5] for a in answers_of(study, rater, lambda each: "left")]
    assert question_result(left, REALISM).repeats == (0, 10) and question_result(left, REALISM).left == 1
    assert question_result([], MATCH) is None


def test_swapped_folders_negate_the_ratings_exactly() -> None:
    """The same people see the same pictures on the same sides; only the folders' order is another."""
    study, random = unstored(), np.random.default_rng(0)
    answers = [
        a for rater in RATERS[:9]
        for a in answers_of(study, rater, lambda each: random.choice(["left", "left", "tie", "right"]))
    ]  # fmt: skip
    swapped = [replace(answer, left_arm=1 - answer.left_arm) for answer in answers]
    for question in (REALISM, MATCH):
        here, there = question_result(answers, question), question_result(swapped, question)
        assert there.elo.difference == -here.elo.difference and there.davidson.difference == -here.davidson.difference
        assert there.elo.interval == (-here.elo.interval.high, -here.elo.interval.low)
        assert there.wins == here.wins[::-1] and there.alpha == here.alpha


def test_the_report_says_who_counts_and_what_is_not_enough() -> None:
    study = unstored()
    few = [a for rater in RATERS[:4] for a in answers_of(study, rater, prefers(0))]
    assert report(study, few).count("Not enough yet: 96 of at least 100 decisions") == 2
    assert "It is open" in report(study, few)
    many = [a for rater in RATERS[:5] for a in answers_of(study, rater, prefers(0))]
    clicks = [*answers_of(study, RATERS[9], lambda each: "left")]
    text = report(replace(study, closed=True), many + clicks)
    assert "1 of 6 do not count" in text and "It is open" not in text
    assert "120 decisions by 5 people: A 120, B 0, no clear difference 0." in text
    assert text.count("With everybody:") == 2 and "144 decisions by 6 people" in text
    assert "A wins 100.0% (Wilson 96.9% to 100.0%)" in text


def report_text(choice: Callable[[int, Comparison], str], raters: int = 5, shared: bool = True) -> str:
    """The report on people each of whose choices is of a number."""
    answers = []
    for n, rater in enumerate(RATERS[:raters]):
        own = [*answers_of(unstored(), rater, lambda each, n=n: choice(n, each))]
        answers += own if shared else [replace(answer, pair=answer.pair + 24 * n) for answer in own]
    return report(replace(unstored(24 * raters), closed=True), answers)


def test_the_report_says_what_all_decisions_have_in_common() -> None:
    ties = report_text(lambda n, each: each.expected or "tie")
    assert ties.count("Elo A - B: +0 (all decisions are alike, so there is no interval)") == 2
    assert ties.count("with Davidson's ties: +0 (all decisions are ties, so there is no interval)") == 2
    assert ties.count("no alpha, as all decisions on shared pairs are alike.") == 2
    assert ties.count("No side was chosen.") == 2 and "Left was" not in ties
    wins = report_text(lambda n, each: prefers(0)(each))
    assert (
        wins.count("(all decisions are alike, so") == wins.count("(all decisions that are no ties are alike, so") == 2
    )
    some = report_text(lambda n, each: each.expected or ("tie" if n == 0 else prefers(0)(each)))
    assert "A 96, B 0, no clear difference 24." in some and "(all decisions are alike" not in some
    assert some.count("(all decisions that are no ties are alike, so there is no interval)") == 2
    alone = report_text(lambda n, each: prefers(n % 2)(each), shared=False)
    assert alone.count("no two of them decided on the same pair.") == 2 and "Left was chosen in" in alone


def test_the_report_warns_where_few_people_decided() -> None:
    study, random = unstored(100, questions=100), np.random.default_rng(0)
    answers = [
        a for rater in RATERS[:2]
        for a in answers_of(study, rater, lambda each: each.expected or random.choice(["left", "right"]))
    ]  # fmt: skip
    assert report(study, answers).count("With fewer than 5 people the Elo intervals hold for these people alone.") == 2


# the command


def test_the_command_prints_results_closes_and_writes_every_answer(tmp_path: Path, here: Run) -> None:
    store = Store(tmp_path / "data")
    study = begun(store, write_folders(tmp_path, 24))
    for rater, choose in ((RATERS[0], prefers(0)), (RATERS[1], lambda each: "left")):
        for answer in answers_of(study, rater, choose):
            store.studies.add(answer)
    data, out = ("--data", tmp_path / "data"), tmp_path / "answers.csv"
    listed = here("study", *data).stdout
    assert listed == "base and lora  open, 124 answers, people: 2\n"
    refused = here("study", "results", "-o", out, *data)
    assert refused.returncode == 1 and "is open. Its answers show" in refused.stderr and not out.exists()
    assert "Not enough yet: 24 of" in here("study", "results", *data).stdout
    assert "is closed" in here("study", "close", *data).stdout
    assert "There are no open studies" in here("study", "close", *data).stderr
    results = here("study", "results", "base and lora", "-o", out, *data)
    assert results.returncode == 0, results.stderr
    rows = [*csv.DictReader(out.read_text("utf-8").splitlines())]
    assert len(rows) == 124 and {row["counts"] for row in rows if row["rater"] == RATERS[1]} == {"no"}
    for row in rows:
        if row["kind"] == CHECK:
            assert row["expected"] in ("left", "right") and row["left"] == row["chosen"] == ""
        else:
            assert {row["left"], row["right"]} == {"base", "lora"} and row["chosen"] == row[row["choice"]]
            assert row["rater"] == RATERS[1] or row["chosen"] == "base"
    assert rows[0]["pair"].endswith(".png") and rows[0]["prompt"].startswith("a ")
    assert out.read_bytes().decode() == table(find_study(store, None), store.studies.answers(study.id))
    store.close()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["one"], "takes two folders or models to compare"),
        (["one", "two", "three"], "takes two folders or models to compare"),
        (["none", "none either"], "none is no folder"),
        (["results"], "There are no studies"),
        (["results", "unknown"], "There are no studies"),
        (["close"], "There are no open studies"),
        (["-o", "x.csv", "close"], "--output is for"),
    ],
)
def test_words_that_make_no_sense_get_a_sentence(tmp_path: Path, here: Run, words: list[str], sentence: str) -> None:
    Store(tmp_path / "data").close()
    done = here("study", *words, "--data", tmp_path / "data")
    assert done.returncode == 1 and sentence in done.stderr


def test_of_several_open_studies_one_has_to_be_named(tmp_path: Path, here: Run) -> None:
    folders, store = write_folders(tmp_path, 2), Store(tmp_path / "data")
    for name in ("First", "Second"):
        begun(store, folders, name)
    data = ("--data", tmp_path / "data")
    assert "There are several. The open studies are: 'Second', 'First'." in here("study", "close", *data).stderr
    assert "There is no study 'Third'." in here("study", "results", "Third", *data).stderr
    assert "Study 'Second'" in here("study", "results", *data).stdout
    assert here("study", "close", "First", *data).returncode == 0 and find_study(store, "First").closed
    store.close()


def test_a_pair_of_another_size_is_shown_at_the_smaller(tmp_path: Path) -> None:
    folders = write_folders(tmp_path, 1)
    (folders[0] / "000.png").write_bytes(encode_png(picture(0, 0, side=2000)))
    assert pair_of(*paired(*map(read_samples, folders))[0]).size == (48, 48)
    (folders[1] / "000.png").write_bytes(encode_png(picture(0, 1, side=1500)))
    assert pair_of(*paired(*map(read_samples, folders))[0]).size == (1024, 1024)


@pytest.mark.parametrize("first", [0, 1])
def test_no_side_of_a_picture_is_enlarged(tmp_path: Path, first: int) -> None:
    """Of two pictures one may be wider and the other higher, as far as their proportions are the same."""
    folders = write_folders(tmp_path, 1)
    for arm, shape in ((first, (201, 400)), (1 - first, (200, 401))):
        (folders[arm] / "000.png").write_bytes(encode_png(np.zeros((*shape, 3), np.uint8)))
    assert pair_of(*paired(*map(read_samples, folders))[0]).size == (400, 200)
