"""A study in a real browser: by keys alone, by finger, over crashes and reloads, and for who does not see well."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe

from editor.store.store import Store
from editor.store.studies import Answer
from editor.study.comparisons import PAIR, Comparison, plan
from editor.study.study import find_study
from tests.server_process import ROOT, free_port
from tests.study_folders import write_folders

KEYS = {"ArrowLeft": "left", "3": "right", "ArrowDown": "tie", "1": "left", "ArrowRight": "right", "2": "tie"}
LOOK = 800  # ms before an answer
ALL = 62  # comparisons of a person at 24 pairs: 48, 10 checks, 4 repeats


class StudyProcess:
    """`app.py study` on two folders; `kill` is a crash, and `start` begins it again at the same port."""

    def __init__(self, folder: Path, pairs: int) -> None:
        self.folders, self.data, self.port = write_folders(folder, pairs), folder / "data", free_port()
        self.start()

    def start(self) -> None:
        command = [sys.executable, "app.py", "study", *map(str, self.folders), "--data", str(self.data)]
        self.process = subprocess.Popen(
            [*command, "--port", str(self.port)], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        lines = []
        for line in self.process.stdout:
            lines.append(line)
            if "Ctrl+C" in line:
                break
        link = re.search(r"http://\S+", "".join(lines))
        assert link, "".join(lines)
        self.url = link[0]

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def answers(self, rater: str | None = None) -> list[Answer]:
        """What stands in the database, by everybody or by one person."""
        store = Store(self.data)
        try:
            return store.studies.answers(find_study(store, None).id, rater)
        finally:
            store.close()

    def plan(self, rater: str) -> tuple[Comparison, ...]:
        store = Store(self.data)
        try:
            return plan(find_study(store, None), rater)
        finally:
            store.close()


class Person:
    """One browser with the study's link, and a clock to be put forward. complaints: what the page may not say."""

    def __init__(self, chromium: Any, study: StudyProcess, **options: Any) -> None:
        self.context = chromium.new_context(**{"viewport": {"width": 1024, "height": 700}} | options)
        self.context.set_default_timeout(30_000)
        self.page = self.context.new_page()
        self.complaints: list[str] = []
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("console", lambda said: said.type == "error" and self.complaints.append(said.text))
        self.page.clock.install()
        self.page.goto(study.url)

    @property
    def rater(self) -> str:
        token: str = self.page.evaluate(
            "JSON.parse(localStorage[`palimpsest-study-${location.pathname.split('/').at(-1)}`])"
        )
        return token

    @property
    def count(self) -> str:
        text: str = self.page.locator(".count").inner_text()
        return text

    def begin(self) -> None:
        self.page.locator(".sheet .primary").wait_for()
        self.page.keyboard.press("Enter")

    def shown(self) -> None:
        """Both pictures are there."""
        for side in ("left", "right"):
            self.page.locator(f"figure.{side} img").wait_for()

    def look(self, milliseconds: int = LOOK) -> None:
        self.shown()
        self.page.clock.fast_forward(milliseconds)

    def key(self, key: str) -> None:
        self.look()
        self.page.keyboard.press(key)

    def wait_sent(self) -> None:
        """Every answer is on the server."""
        waiting = "Object.keys(localStorage).some((key) => key.startsWith('palimpsest-answer-'))"
        while self.page.evaluate(waiting):  # wait_for_function needs eval, which the page forbids
            self.page.clock.run_for(1000)

    def leave(self) -> None:
        self.context.close()


@pytest.fixture
def study(tmp_path: Path, chromium: Any) -> Iterator[StudyProcess]:
    study = StudyProcess(tmp_path, 24)
    yield study
    study.kill()


@pytest.fixture(scope="module")
def lasting(tmp_path_factory: pytest.TempPathFactory, chromium: Any) -> Iterator[StudyProcess]:
    """One that several people's tests share."""
    study = StudyProcess(tmp_path_factory.mktemp("study"), 24)
    yield study
    study.kill()


def test_a_study_of_24_pairs_is_finished_by_keys_alone(chromium: Any, lasting: StudyProcess) -> None:
    person = Person(chromium, lasting)
    keys, expected = [*KEYS], []
    for number in range(ALL):
        if number in (0, ALL // 2):
            person.begin()  # each part
        key = keys[number % len(keys)]
        person.key(key)
        if number == 10:  # takes the answer back, and gives another
            person.shown()
            assert person.count == f"Comparison 12 of {ALL}"
            person.page.keyboard.press("Backspace")
            assert person.count == f"Comparison 11 of {ALL}" and person.page.locator(".undo").is_disabled()
            key = "2"
            person.key(key)
        expected.append(KEYS[key])
    person.page.get_by_role("heading", name="Thank you").wait_for()
    person.wait_sent()
    stored = sorted(lasting.answers(person.rater), key=lambda answer: answer.comparison)
    assert [answer.comparison for answer in stored] == [*range(ALL)]
    assert [answer.choice for answer in stored] == expected
    comparisons = lasting.plan(person.rater)
    assert [(a.kind, a.pair, a.left_arm) for a in stored] == [(c.kind, c.pair, c.left.arm) for c in comparisons]
    assert sum(answer.kind == PAIR for answer in stored) == 48 and {a.rater for a in stored} == {person.rater}
    assert all(700 <= answer.milliseconds < 60_000 for answer in stored)
    person.page.keyboard.press("Enter")  # the last answer can be taken back here, too
    person.look()
    assert person.count == f"Comparison {ALL} of {ALL}"
    person.wait_sent()
    assert len(lasting.answers(person.rater)) == ALL - 1 and person.complaints == []
    person.leave()


def test_a_study_of_24_pairs_is_finished_by_touch(chromium: Any, lasting: StudyProcess) -> None:
    person = Person(chromium, lasting, viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    targets = [".answer.left", ".answer.tie", ".answer.right", "figure.left", "figure.right"]
    for number in range(ALL):
        if number in (0, ALL // 2):
            person.page.locator(".sheet .primary").tap()
        person.look()
        person.page.locator(targets[number % 5]).tap()
        if number == 3:
            person.page.locator(".undo").tap()
            person.look()
            person.page.locator(targets[3]).tap()
    person.page.get_by_role("heading", name="Thank you").wait_for()
    person.wait_sent()
    stored = sorted(lasting.answers(person.rater), key=lambda answer: answer.comparison)
    assert [answer.choice for answer in stored] == (["left", "tie", "right", "left", "right"] * 13)[:ALL]
    assert person.complaints == []
    person.leave()


def test_a_crash_between_two_answers_loses_none_and_counts_none_twice(chromium: Any, study: StudyProcess) -> None:
    """Two people at once, one of whom reloads; the server is killed, and answers go on meanwhile."""
    first, second = Person(chromium, study), Person(chromium, study)
    for person in (first, second):
        person.begin()
    for _ in range(3):
        first.key("1")
        second.key("3")
    first.wait_sent()
    first.look(0)  # the pictures of the fourth comparison are there
    second.look(0)
    study.kill()
    for person in (first, second):
        person.key("2")
        person.page.get_by_role("alert").filter(has_text="kept in this browser").wait_for()
    study.start()
    for person in (first, second):
        person.wait_sent()
        person.page.locator(".trouble").wait_for(state="hidden")
    first.page.reload()
    first.begin()
    first.look(0)
    assert first.count == f"Comparison 5 of {ALL}"
    first.key("1")
    second.key("3")
    for person in (first, second):
        person.wait_sent()
    stored = {(a.rater, a.comparison): a.choice for a in study.answers()}
    assert len(stored) == len(study.answers()) == 10 and first.rater != second.rater
    for person, choice in ((first, "left"), (second, "right")):
        assert [stored[person.rater, n] for n in range(5)] == [choice, choice, choice, "tie", choice]
    first.leave()
    second.leave()


def test_an_answer_before_both_pictures_could_be_seen_is_none(chromium: Any, lasting: StudyProcess) -> None:
    person = Person(chromium, lasting)
    person.page.clock.pause_at(person.page.evaluate("Date.now() + 3_600_000"))
    person.begin()
    person.look(500)
    person.page.keyboard.press("1")
    person.page.locator(".answer.right").click(force=True)
    person.page.locator("figure.left").click()
    assert person.count == f"Comparison 1 of {ALL}" and person.page.locator(".answer[aria-disabled=true]").count() == 3
    person.page.clock.run_for(300)
    assert person.page.locator(".answer[aria-disabled=false]").count() == 3
    person.page.keyboard.press("1")
    assert person.count == f"Comparison 2 of {ALL}"
    person.leave()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_fits_every_window_and_axe_has_no_complaint(chromium: Any, lasting: StudyProcess, scheme: str) -> None:
    person = Person(chromium, lasting, color_scheme=scheme)
    page, axe = person.page, Axe()

    def check(name: str) -> None:
        for width, height in ((1440, 900), (820, 1180), (390, 844), (320, 560)):
            page.set_viewport_size({"width": width, "height": height})
            wide = page.evaluate("[document.querySelector('.study').scrollWidth, innerWidth]")
            assert wide[0] <= wide[1], f"{name} at {width}"
            if name == "comparison":
                tall = page.evaluate("[document.querySelector('.study').scrollHeight, document.body.scrollHeight]")
                assert max(tall) <= height, f"it scrolls at {width} by {max(tall) - height}"
                boxes = [
                    page.locator(each).bounding_box() for each in (".answer.left", ".answer.right", "figure.right")
                ]
                assert all(
                    box["y"] + box["height"] <= height + 1 and box["x"] + box["width"] <= width + 1 for box in boxes
                )
        found = axe.run(page).response["violations"]
        assert [(one["id"], node["target"]) for one in found for node in one["nodes"]] == []

    page.locator(".sheet .primary").wait_for()
    assert page.evaluate("document.body.classList.contains('dark')") is (scheme == "dark")
    check("sheet")
    person.begin()
    person.look()
    check("comparison")
    spoken = page.locator("[aria-live]").inner_text()
    assert spoken == f"Comparison 1 of {ALL}. Which picture looks more realistic?"
    group = page.get_by_role("group", name="Which picture looks more realistic?")
    assert group.get_by_role("button").count() == 3
    assert page.get_by_role("img").count() == 2
    person.leave()


def test_a_closed_study_and_a_wrong_link_say_so(chromium: Any, study: StudyProcess) -> None:
    person = Person(chromium, study, locale="de-DE")
    person.begin()
    person.look()
    store = Store(study.data)
    store.studies.close(find_study(store, None).id)
    store.close()
    person.page.keyboard.press("1")
    person.page.get_by_role("heading", name="Diese Studie ist beendet").wait_for()
    person.page.reload()
    person.page.get_by_role("heading", name="Diese Studie ist beendet").wait_for()
    answer = person.page.goto(study.url[:-1] + "x")
    assert answer.status == 404 and study.answers() == []
    person.leave()


@pytest.fixture
def short(tmp_path: Path, chromium: Any) -> Iterator[StudyProcess]:
    """A study of one pair, which has a check in each part."""
    study = StudyProcess(tmp_path, 1)
    yield study
    study.kill()


def test_what_is_no_refusal_by_the_study_loses_no_answer(chromium: Any, short: StudyProcess) -> None:
    """What a proxy or another server on the port says is shown, and the answers wait; one that is refused ends well."""
    person = Person(chromium, short)
    page, answers = person.page, "**/answers"
    status = 0

    def refuse(route: Any) -> None:
        route.fulfill(status=status, json={"error": f"{status} is away."})

    page.route(answers, refuse)
    for number, status in enumerate((421, 404, 429, 403)):
        if number in (0, 2):
            person.begin()  # each part
        person.key("1")
        alert = page.get_by_role("alert").filter(has_text=f"{status} is away. Your answers are kept in this browser")
        while not alert.is_visible():
            page.clock.run_for(1000)
    page.get_by_role("heading", name="Sending your answers").wait_for()
    assert short.answers() == []
    page.unroute(answers)
    person.wait_sent()
    page.get_by_role("heading", name="Thank you").wait_for()
    assert [answer.choice for answer in short.answers()] == ["left"] * 4
    page.keyboard.press("Enter")  # takes the last one back
    person.wait_sent()
    page.route(answers, lambda route: route.fulfill(status=400, json={"error": "This is refused."}))
    person.key("1")
    page.get_by_role("heading", name="Thank you").wait_for()
    page.get_by_role("alert").filter(has_text="This is refused.").wait_for()
    assert len(short.answers()) == 3
    person.leave()


def test_keys_are_said_as_they_are_where_pictures_lie_side_by_side_and_one_on_the_other(
    chromium: Any, lasting: StudyProcess
) -> None:
    person = Person(chromium, lasting)
    page = person.page
    wide = {"left": "1 ArrowLeft", "tie": "2 ArrowDown ArrowUp", "right": "3 ArrowRight"}
    high = {"left": "1 ArrowLeft ArrowUp", "tie": "2", "right": "3 ArrowRight ArrowDown"}

    def said(shortcuts: dict[str, str]) -> None:
        for (
            side,
            keys,
        ) in shortcuts.items():  # in whatever order; a change of the window's size is heard of a moment later
            page.wait_for_function(
                """([side, keys]) => document.querySelector(`.answer.${side}`).getAttribute("aria-keyshortcuts")
                    .split(" ").sort().join() === keys""",
                arg=[side, ",".join(sorted(keys.split()))],
            )

    page.get_by_text("With a keyboard: ← or 1, → or 3, and ↓ or 2").wait_for()
    page.set_viewport_size({"width": 500, "height": 900})
    page.get_by_text("With a keyboard: ↑ or 1, ↓ or 3, and 2 for").wait_for()
    person.begin()
    person.look()
    said(high)
    page.keyboard.press("ArrowDown")
    person.shown()
    person.wait_sent()
    assert [answer.choice for answer in lasting.answers(person.rater)] == ["right"]
    page.set_viewport_size({"width": 1024, "height": 700})
    said(wide)
    person.key("ArrowDown")
    person.shown()
    person.wait_sent()
    assert [answer.choice for answer in lasting.answers(person.rater)] == ["right", "tie"]
    person.leave()
