"""The side panel, and what the dock has beside the prompt: nothing covers the picture, or moves it needlessly."""

from typing import Any

import pytest

from tests.browser.hands import DRAWN, Hands, photo

VIEW = "(({ scale, x, y }) => [scale, x, y])(window.palimpsest.viewport.view)"
# its left, top and bottom, in CSS pixels of the window
PICTURE = """(({ view, ratio, picture, root }) => {
    const top = root.getBoundingClientRect().top + view.y / ratio;
    return [view.x / ratio, top, top + (picture.box[3] * view.scale) / ratio];
})(window.palimpsest.viewport)"""
TABS = ("Settings", "History", "Layers", "Queue", "Models")


def box(hands: Hands, selector: str) -> dict[str, float]:
    bounds: dict[str, float] = hands.page.locator(selector).bounding_box()
    return bounds


@pytest.mark.parametrize("size", [(1440, 900), (820, 1180), (390, 844)])
def test_no_tab_covers_the_picture(hands: Hands, size: tuple[int, int]) -> None:
    hands.page.set_viewport_size({"width": size[0], "height": size[1]})
    hands.open_steps()
    before = hands.page.evaluate(VIEW)
    for name in TABS:
        if hands.page.get_by_role("button", name=name, exact=True).is_visible():
            hands.press(name)
        else:  # a phone's bar has no room for it
            hands.page.get_by_role("tab", name=name).click()
        hands.page.get_by_role("tabpanel", name=name).wait_for()
        assert hands.page.get_by_role("tab", name=name).get_attribute("aria-selected") == "true"
        panel, picture, dock = (box(hands, place) for place in (".side-panel", ".viewport", "#dock"))
        if size[0] > 860:
            assert picture["x"] + picture["width"] <= panel["x"] and dock["x"] + dock["width"] <= panel["x"]
        else:
            assert max(each["y"] + each["height"] for each in (picture, dock)) <= panel["y"]
        if size[0] >= 1280:
            assert hands.page.evaluate(VIEW) == before
        else:  # it is fitted into what is left
            _, top, bottom = hands.page.evaluate(PICTURE)
            assert box(hands, ".top-bar")["height"] <= top and bottom <= dock["y"] and bottom - top > 100
    hands.press("Models")
    hands.page.locator(".side-panel").wait_for(state="hidden")
    assert hands.page.evaluate(VIEW) == before


def test_a_fitted_picture_is_clear_of_the_palette(hands: Hands) -> None:
    hands.page.set_viewport_size({"width": 390, "height": 844})
    hands.open_pixels(photo(400, 200))

    def edges() -> tuple[float, float]:
        hands.page.evaluate(DRAWN)
        palette = box(hands, ".palette")
        return palette["x"] + palette["width"], hands.page.evaluate(PICTURE)[0]

    column, before = edges()
    hands.press("History")
    columns, left = edges()
    assert columns > column + 30, "it has more columns beside a panel"
    assert columns <= left and column <= before
    hands.press("History")
    assert edges() == (column, before)


# how far a panel lies over the picture, and how far the picture is from the middle of its room, in CSS pixels
PLACE = """(({ view, ratio, picture, room, width }) => {
    const [x, , across] = view.viewportRect(picture.box);
    return [Math.max(0, x + across - width) / ratio, (x + across / 2 - room[0] - room[2] / 2) / ratio];
})(window.palimpsest.viewport)"""


def place(hands: Hands) -> tuple[float, float]:
    hands.page.evaluate(DRAWN)
    covered, aside = hands.page.evaluate(PLACE)
    return covered, abs(aside)


def test_a_fitted_picture_stays_in_sight_beside_a_panel_and_comes_back(hands: Hands) -> None:
    hands.page.set_viewport_size({"width": 1280, "height": 800})
    hands.open_pixels(photo(400, 270))
    hands.page.evaluate("window.palimpsest.panels.side.open(null)")
    assert place(hands) <= (0, 1)
    before = hands.page.evaluate(VIEW)
    hands.press("History")
    assert place(hands)[0] == 0 and hands.page.evaluate(VIEW) != before
    hands.press("History")
    assert place(hands) <= (0, 1) and hands.page.evaluate(VIEW) == before
    hands.press("History")
    hands.key("Control+0")
    assert place(hands) <= (0, 1)
    hands.page.get_by_role("separator").focus()
    hands.key("ArrowLeft")  # a wider panel
    assert place(hands)[0] == 0
    hands.press("History")
    assert place(hands) <= (0, 1)
    assert hands.page.evaluate(VIEW) == before
    hands.page.evaluate("window.palimpsest.viewport.pan(-40, 0)")
    moved = hands.page.evaluate(VIEW)
    for _ in range(2):  # where the user has moved it, it stays
        hands.press("History")
        hands.page.evaluate(DRAWN)
        assert hands.page.evaluate(VIEW) == moved


def test_its_tab_and_size_are_the_users(hands: Hands) -> None:
    hands.open_steps()
    hands.press("History")
    before = box(hands, ".side-panel")["width"]
    hands.page.get_by_role("separator").focus()
    for _ in range(3):
        hands.key("ArrowLeft")
    assert box(hands, ".side-panel")["width"] == before + 60
    hands.reload()
    hands.wait_idle()
    assert box(hands, ".side-panel")["width"] == before + 60
    hands.page.get_by_role("tab", name="History").focus()
    hands.key("ArrowRight")
    hands.page.get_by_role("tabpanel", name="Layers").wait_for()
    hands.key("ArrowRight")
    hands.page.get_by_role("tabpanel", name="Queue").get_by_text("Nothing is running").wait_for()


def test_tab_hides_the_panels_of_one_who_paints(hands: Hands) -> None:
    hands.open_sample()
    hands.tidy = False
    hands.paint()
    hands.key("Tab")
    hands.page.locator("#dock").wait_for(state="hidden")
    assert hands.page.locator(".palette").is_hidden() and hands.page.locator(".top-bar").is_visible()
    hands.key("Tab")
    hands.page.locator("#dock").wait_for()
    hands.key("Tab")
    hands.key("/")  # what is to be written in comes back
    hands.page.locator("#dock").wait_for()


def test_a_step_is_generated_again_with_another_seed(hands: Hands, server: Any) -> None:
    hands.open_steps()
    again = hands.page.get_by_role("button", name="Again")
    before = hands.state
    again.click()
    hands.wait_for(f"doc.state.head !== {before['head']!r}")
    hands.wait_idle()
    first, second = (server.store.revisions.get(id) for id in (before["head"], hands.state["head"]))
    assert second.parent == first.parent and second.edit.prompt == first.edit.prompt
    assert second.edit.seed != first.edit.seed and second.edit.mask == first.edit.mask
    assert hands.page.locator(".choice").count() == 2  # both are there to pick
    hands.page.locator(".viewport").focus()
    hands.key("Control+Shift+Enter")
    hands.wait_for(f"doc.state.head !== {second.id!r}")
    hands.wait_idle()
    assert hands.page.locator(".choice").count() == 3


def test_the_chip_says_the_model_and_leads_to_the_others(hands: Hands) -> None:
    hands.open_sample()
    hands.tidy = False
    hands.page.get_by_role("button", name="Model: noise. drawings").click()
    hands.page.get_by_role("tabpanel", name="Models").wait_for()
    hands.page.wait_for_function("document.activeElement.id === 'tab-models'")
