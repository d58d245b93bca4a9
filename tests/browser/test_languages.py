"""The page in a reader's own language: what the modules say, what Gradio shows, and no English left in between."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser.hands import DRAWN, NO_TOUR, Hands
from tests.browser.model_lists import ModelRoutes, busy, listing

FOLDER = Path(__file__).parents[2] / "assets" / "canvas" / "locales"
WORDS: dict[str, dict[str, str]] = {file.stem: json.loads(file.read_text("utf-8")) for file in FOLDER.glob("*.json")}
READERS = {"de": "de-DE", "zh": "zh-CN"}
INTENTS = ("fill", "remove", "refine", "expand", "sketch")
SIZE = {"width": 1440, "height": 900}

# what an element and all in it say: texts, placeholders, tips and names; all of it, or what is to be seen
SAID = """(root, seen) => [root, ...root.querySelectorAll("*")]
    .filter((element) => !element.closest("body [lang=en]"))  // what the model reads
    .filter((element) => !seen || element.checkVisibility({ visibilityProperty: true }))
    .flatMap((element) => [
        element.placeholder, element.title, element.ariaLabel,
        ...[...element.childNodes].filter((node) => node instanceof Text).map(({ data }) => data.trim()),
    ])
    .filter(Boolean)"""


class Reader(Hands):
    """One tab of who reads this language."""

    def __init__(self, page: Any, server: Any, complaints: list[str], language: str) -> None:
        super().__init__(page, server, complaints)
        self.language, self.words = language, WORDS[language]

    def said(self, selector: str) -> set[str]:
        """All that is said there, on the screen or not."""
        return set(self.page.locator(selector).evaluate(SAID, False))

    @property
    def english(self) -> list[str]:
        """What is to be seen on the page and is English, of more than two words."""
        seen = self.page.locator("body").evaluate(SAID, True)
        assert len(seen) > 5  # else there was nothing to read
        return [text for text in seen if any(phrase.fullmatch(text) for phrase in phrases())]


def phrases() -> list[re.Pattern[str]]:
    """The English ones of more than two words, with anything for their {values}."""
    texts = [text for text in WORDS["en"].values() if len(re.sub(r"\{\w+\}|[^\w ]", "", text).split()) > 2]
    return [re.compile(".+".join(map(re.escape, re.split(r"\{\w+\}", text)))) for text in texts]


@pytest.fixture(scope="module", params=sorted(READERS))
def tab(request: pytest.FixtureRequest, chromium: Any, server: Any) -> Iterator[Reader]:
    context = chromium.new_context(viewport=SIZE, locale=READERS[request.param])
    context.set_default_timeout(60_000)
    context.add_init_script(f"try {{ {NO_TOUR} }} catch {{}}")  # the blank page before has no storage
    complaints: list[str] = []
    page = context.new_page()
    page.on("pageerror", lambda error: complaints.append(f"error: {error}"))
    page.on("console", lambda said: said.type == "error" and complaints.append(said.text))
    reader = Reader(page, server, complaints, request.param)
    reader.goto()
    yield reader
    context.close()


@pytest.fixture
def reader(tab: Reader) -> Iterator[Reader]:
    """At the start view."""
    tab.page.evaluate("window.palimpsest.home()")
    yield tab
    assert tab.complaints == []


def test_there_is_a_reader_of_every_language() -> None:
    assert {*READERS, "en"} == set(WORDS)


def test_the_start_view_is_in_the_readers_language(reader: Reader) -> None:
    reader.page.locator(".samples .card").first.wait_for()
    assert reader.page.evaluate("document.documentElement.lang") == reader.language
    own = ("lead", "open", "blank", "drop", "samples")
    assert {reader.words[f"start.{key}"] for key in own} <= reader.said(".start")
    assert reader.english == []
    reader.press(reader.words["start.blank"])
    assert reader.words["start.blank_hint"] in reader.said("dialog")
    assert reader.english == []
    reader.key("Escape")


def test_gradios_controls_are_in_the_readers_language(reader: Reader) -> None:
    reader.open_sample()
    reader.page.evaluate("window.palimpsest.panels.side.open('settings')")
    reader.page.get_by_label(reader.words["form_new_seed"]).wait_for()
    own = {text for key, text in reader.words.items() if key.startswith("form_")}
    reader.page.get_by_role("combobox", name=reader.words["form_variations"]).wait_for()  # has a name, and no label
    assert own - (reader.said("#dock") | reader.said("#settings")) <= {reader.words["form_variations"]}
    assert reader.english == []


def test_the_models_are_in_the_readers_language(reader: Reader) -> None:
    reader.open_sample()
    models = ModelRoutes(reader.page, listing())
    reader.page.evaluate("window.palimpsest.panels.side.open('models')")
    shown = reader.page.locator(".models")
    for state, key in ((listing(), "best"), (busy(), "downloads"), ({**busy(), "may_change": False}, "operator")):
        models.state = state
        models.load()
        shown.get_by_text(reader.words[f"models.{key}"], exact=True).first.wait_for()
        shown.evaluate("one => one.querySelectorAll('details').forEach((each) => (each.open = true))")
        assert reader.english == []
    shown.evaluate("one => one.querySelectorAll('details').forEach((each) => (each.open = false))")
    reader.page.evaluate("window.palimpsest.panels.side.open(null)")
    reader.page.unroute_all()
    models.load()
    reader.page.evaluate("window.palimpsest.home()")


def test_each_intent_asks_in_the_readers_language(reader: Reader) -> None:
    reader.open_sample()
    for intent in (*INTENTS[1:], INTENTS[0]):
        reader.page.locator("#intent label").get_by_text(reader.words[f"form_{intent}"], exact=True).click()
        asked = reader.words[f"prompt.{ {'remove': 'none', 'expand': 'fill'}.get(intent, intent) }"]
        reader.page.locator("#prompt").get_by_placeholder(asked, exact=True).wait_for()
        reader.page.locator("#aim .instruction").get_by_text(reader.words.get(f"instruction.{intent}", "")).wait_for(
            state="attached"
        )
        assert reader.english == []


def test_adjusting_is_in_the_readers_language(reader: Reader) -> None:
    reader.open_sample()
    reader.page.locator("#intent label").get_by_text(reader.words["form_adjust"], exact=True).click()
    reader.page.get_by_role("slider", name=reader.words["adjust.temperature"], exact=True).wait_for()
    reader.page.get_by_text(reader.words["adjust.whole"], exact=True).wait_for()
    reader.press(reader.words["form_apply"])
    reader.status(reader.words["status.adjust_first"])
    assert reader.english == []
    reader.page.locator("#intent label").get_by_text(reader.words["form_fill"], exact=True).click()


def test_the_bars_tips_are_in_the_readers_language(reader: Reader) -> None:
    reader.open_sample()
    buttons = reader.page.locator(":is(.top-bar, .palette) .icon-button[data-command]").all()
    assert len(buttons) > 10
    for button in buttons:
        own = reader.words[f"command.{button.get_attribute('data-command')}"]
        assert button.get_attribute("aria-label") == own
        assert button.locator(".tip").evaluate("(tip) => tip.firstChild.data") == own
    wand = reader.page.get_by_role("button", name=reader.words["command.wand"], exact=True)
    wand.hover()
    reader.page.wait_for_function(
        "(tip) => getComputedStyle(tip).opacity === '1'", arg=wand.locator(".tip").element_handle()
    )
    reader.press(reader.words["strip.mask"])
    assert {reader.words[f"mask.{command}"] for command in ("grow", "shrink", "load")} <= reader.said("#mask-menu")
    assert reader.english == []
    reader.key("Escape")


def test_the_help_is_in_the_readers_language(reader: Reader) -> None:
    reader.open_sample()
    reader.key("?")
    said = reader.said("dialog")
    assert {text for key, text in reader.words.items() if key.startswith("command.")} <= said
    assert reader.words["help.hand.space.key"] in said
    assert reader.english == []
    reader.press(reader.words["help.tour"])
    for step in ("paint", "say", "generate", "refine"):
        assert reader.words[f"tour.{step}"] in reader.said(".tour")
        assert reader.english == []
        reader.page.locator(".tour .primary").press("Enter")


def test_what_the_model_paints_has_its_names_in_the_readers_language(reader: Reader) -> None:
    reader.open_sample()
    reader.press(reader.words["kinds.title"])
    shown = reader.page.locator(".vocabulary-kinds")
    shown.get_by_text(reader.words["kind.hot_air_balloon"], exact=True).wait_for()
    own = {text for key, text in reader.words.items() if key.startswith("setting.")} | {reader.words["kinds.all"]}
    assert own <= reader.said(".vocabulary-places")
    assert shown.locator("button").count() == 108 and reader.english == []
    titles = reader.page.locator(".vocabulary-words button").evaluate_all("all => all.map((each) => each.title)")
    adjectives = {text for key, text in reader.words.items() if key.startswith("adjective.")}
    assert {title.split(" · ")[-1] for title in titles} == adjectives
    reader.page.keyboard.type(reader.words["kind.hedgehog"])
    shown.get_by_role("button").first.click()
    assert reader.prompt.input_value() == "a hedgehog"
    reader.write("")


def test_a_run_its_history_and_its_export_are_in_the_readers_language(reader: Reader) -> None:
    reader.open_sample()
    reader.press(reader.words["form_generate"])
    reader.status(reader.words["status.paint_first"])
    head = reader.state["head"]
    reader.paint()
    reader.press(reader.words["form_generate"])
    reader.wait_for(f"doc.state.head !== {head!r}")
    reader.wait_idle()
    reader.status(reader.words["status.done"])
    reader.press(reader.words["command.history"])
    card = reader.page.locator(".step-card")
    card.get_by_text(reader.words["step.blend"], exact=True).wait_for()
    assert {reader.words["history.opened"], reader.words["history.did.remove"]} <= reader.said(".history")
    card.get_by_text(reader.words["step.details"], exact=True).click()
    reader.press(reader.words["step.from"])
    reader.page.locator(".picked").get_by_text(reader.words["history.opened"]).or_(
        reader.page.locator(".picked").get_by_text(reader.words["history.did.remove"])
    ).wait_for()
    assert reader.english == []
    card.get_by_text(reader.words["step.blend"], exact=True).click()
    assert {reader.words["blend.edge"], reader.words["blend.keep"]} <= reader.said(".blend")
    assert reader.english == []
    reader.press(reader.words["blend.leave"])
    reader.press(reader.words["command.layers"])
    eye = reader.page.get_by_role("button", name=reader.words["layers.visible"].partition("{")[0])
    eye.wait_for()
    assert {reader.words["layers.visibility"], reader.words["layers.move_tip"]} <= reader.said(".layers")
    head = reader.state["head"]
    eye.click()
    reader.status(reader.words["layers.updated"])
    reader.wait_for(f"doc.state.head !== {head!r}")
    reader.wait_idle()
    assert reader.english == []
    reader.press(reader.words["command.layers"])
    reader.press(reader.words["command.export"])
    assert {reader.words[f"export.{key}"] for key in ("png.hint", "with_recipe", "recipe")} <= reader.said("dialog")
    assert reader.english == []
    reader.key("Escape")
    reader.page.evaluate("window.palimpsest.home()")
    steps = reader.words["start.steps"].partition("{when}")[0].replace("{steps}", "2")
    reader.page.locator(".gallery .detail").filter(has_text=steps).first.wait_for()
    assert reader.english == []


# what is cut off: an element that shows fewer pixels of its own text than it has, and lets none of it be scrolled to
CUT = """() => [...document.querySelectorAll("button, label, h2, h3, legend, summary, .chip, .instruction, .info")]
    .filter((element) => element.checkVisibility({ visibilityProperty: true }) && element.textContent.trim())
    .filter((element) => element.scrollWidth > element.clientWidth + 1)
    .filter((element) => getComputedStyle(element).overflowX !== "visible")
    .filter((element) => !element.matches(".state, .document-name"))  // others' words, of any length
    .map((element) => `${element.className || element.id}: ${element.textContent.trim()}`)"""

IN_LINE = """() => {
    const buttons = [...document.querySelectorAll(".top-bar button")].filter((one) => one.checkVisibility());
    const boxes = buttons.map((one) => one.getBoundingClientRect()).sort((a, b) => a.left - b.left);
    const next = (i) => boxes[i + 1]?.left ?? innerWidth;
    return boxes.every(({ right, height }, i) => height < 40 && right <= next(i) + 1);
}"""


def nothing_cut(tab: Reader, size: tuple[int, int], where: str) -> None:
    """What watches sizes acts a frame or two later."""
    tab.page.evaluate(f"async () => {{ for (let i = 0; i < 30 && ({CUT})().length; i++) await {DRAWN}; }}")
    assert tab.page.evaluate(CUT) == [], (size, where)


def test_no_label_is_cut_off_or_broken_in_any_window(tab: Reader) -> None:
    """A font for Chinese comes with the browser, see programs.sh."""
    tab.page.evaluate("window.palimpsest.home()")
    tab.open_sample()
    for size in ((1440, 900), (1024, 768), (820, 1180), (390, 844)):
        tab.page.set_viewport_size({"width": size[0], "height": size[1]})
        tab.page.evaluate("window.palimpsest.form.intend('fill')")
        tab.press(tab.words["kinds.title"])
        tab.page.locator(".kind-own").first.wait_for()
        nothing_cut(tab, size, "vocabulary")
        tab.key("Escape")
        for intent in (*INTENTS, "adjust"):
            tab.page.evaluate(f"window.palimpsest.form.intend({intent!r})")
            nothing_cut(tab, size, intent)
        for panel in ("settings", "history", "layers", "queue", "models"):
            tab.page.evaluate(f"window.palimpsest.panels.side.open({panel!r})")
            nothing_cut(tab, size, panel)
        assert tab.page.evaluate(IN_LINE), f"buttons of the top bar overlap or wrap at {size}"
        tab.page.evaluate("window.palimpsest.panels.side.open(null)")
    tab.page.set_viewport_size(SIZE)
