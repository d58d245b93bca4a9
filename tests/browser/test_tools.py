"""The tools, the keyboard, the view, and what the page is to those who do not see or point."""

import pytest

from tests.browser.hands import Hands

VIEW = "(() => { const { scale, x, y } = window.palimpsest.viewport.view; return [scale, x, y]; })()"


def test_brush_and_eraser(hands: Hands) -> None:
    hands.open_sample()
    assert hands.page.get_by_role("button", name="Brush", exact=True).get_attribute("aria-pressed") == "true"
    hands.drag((200, 150), (200, 150))
    x, y, width, height = hands.mask_bounds or []
    diameter = hands.page.evaluate("window.palimpsest.tool.diameter")
    assert abs(width - diameter) <= 1 and abs(height - diameter) <= 1
    assert abs(x + width / 2 - 200) <= 1.5 and abs(y + height / 2 - 150) <= 1.5
    hands.press("Eraser")
    hands.key("]")
    hands.drag((200, 150), (201, 151))
    assert hands.mask_bounds is None


def test_the_keyboard(hands: Hands) -> None:
    hands.open_sample()
    hands.page.locator(".viewport").focus()
    tool = "window.palimpsest.tool"
    hands.key("e")
    assert hands.page.evaluate(f"{tool}.name") == "eraser"
    hands.key("b")
    assert hands.page.evaluate(f"{tool}.name") == "brush"
    size = hands.page.evaluate(f"{tool}.diameter")
    hands.key("]")
    assert hands.page.evaluate(f"{tool}.diameter") > size
    hands.key("[")
    hands.key("[")
    assert hands.page.evaluate(f"{tool}.diameter") < size
    hands.key("1")
    assert hands.page.evaluate(VIEW)[0] == 1
    hands.key("+")
    assert hands.page.evaluate(VIEW)[0] > 1
    hands.key("0")
    assert hands.page.evaluate("window.palimpsest.viewport.fitted")
    hands.key("/")
    hands.page.keyboard.type("b[e]1 a vase")  # in the field these are letters
    assert hands.prompt.input_value() == "b[e]1 a vase"
    assert hands.page.evaluate(f"{tool}.name") == "brush"
    hands.paint()
    hands.key("x")
    assert hands.mask_bounds is None
    hands.paint()
    hands.key("Control+Enter")
    hands.wait_for("doc.state.can_undo")


def test_enter_in_the_prompt_generates(hands: Hands) -> None:
    hands.open_sample()
    hands.paint()
    hands.write("a vase")
    hands.key("Enter")
    hands.wait_for("doc.state.can_undo")


def test_the_wheel_zooms_at_the_cursor(hands: Hands) -> None:
    hands.open_sample()
    at = hands.client(100, 100)
    hands.page.mouse.move(*at)
    before = hands.page.evaluate(VIEW)[0]
    hands.page.mouse.wheel(0, -300)
    hands.page.wait_for_function(f"window.palimpsest.viewport.view.scale > {before}")
    after = hands.client(100, 100)
    assert abs(after[0] - at[0]) < 1 and abs(after[1] - at[1]) < 1


@pytest.mark.parametrize("how", ["space", "middle button"])
def test_panning_moves_the_picture_and_paints_nothing(hands: Hands, how: str) -> None:
    hands.open_sample()
    hands.page.locator(".viewport").focus()
    _, x, y = hands.page.evaluate(VIEW)
    if how == "space":
        hands.page.keyboard.down(" ")
    hands.drag((200, 150), (240, 180), button="left" if how == "space" else "middle")
    hands.page.keyboard.up(" ")
    _, now_x, now_y = hands.page.evaluate(VIEW)
    assert now_x > x and now_y > y
    assert hands.mask_bounds is None


def test_the_view_stays_when_a_result_comes(hands: Hands) -> None:
    hands.open_sample()
    hands.page.mouse.move(*hands.client(200, 150))
    hands.page.mouse.wheel(0, -300)
    hands.page.wait_for_function("!window.palimpsest.viewport.fitted")
    view = hands.page.evaluate(VIEW)
    hands.edit()
    assert hands.page.evaluate(VIEW) == view


def test_dark_and_light_follow_the_system(hands: Hands) -> None:
    hands.open_sample()
    brightness = """() => ["#dock", ".top-bar", ".palette", "#prompt input", "body"].map((one) =>
        getComputedStyle(document.querySelector(one)).backgroundColor.match(/\\d+/g).slice(0, 3)
            .reduce((sum, value) => sum + Number(value), 0) / 3)"""
    hands.page.emulate_media(color_scheme="light")
    hands.page.wait_for_function("!document.body.classList.contains('dark')")
    assert min(hands.page.evaluate(brightness)) > 220
    hands.page.emulate_media(color_scheme="dark")
    hands.page.wait_for_function("document.body.classList.contains('dark')")
    assert max(hands.page.evaluate(brightness)) < 60
    hands.tidy = False


def test_everything_has_a_name(hands: Hands) -> None:
    things = "button, input:not([type=file]), [role=application], [role=toolbar], [role=progressbar]"
    unnamed = f"""() => [...document.querySelectorAll("{things}")]
        .filter((one) => one.checkVisibility())
        .filter((one) => !(one.getAttribute("aria-label") || one.textContent.trim() || one.labels?.length))
        .map((one) => one.outerHTML)"""
    assert hands.page.evaluate(unnamed) == []
    hands.open_sample()
    hands.settings()
    hands.page.get_by_label("New seed each time").wait_for()
    assert hands.page.evaluate(unnamed) == []
    assert hands.page.locator("[role=status][aria-live=polite]").count() >= 1


def test_the_page_may_not_be_framed_and_runs_no_foreign_script(hands: Hands) -> None:
    answer = hands.page.request.get(hands.server.url)
    policy = answer.headers["content-security-policy"]
    assert "frame-ancestors 'none'" in policy
    script = next(part for part in policy.split(";") if part.strip().startswith("script-src"))
    assert "'unsafe-inline'" not in script and "http" not in script
    hands.page.evaluate(
        """() => { const holder = document.createElement("div");
        holder.innerHTML = "<img onerror='window.pwned = 1'>";
        const failed = new Promise((done) => holder.firstChild.addEventListener("error", done));
        document.body.append(holder); holder.firstChild.src = "data:,";
        return failed.then(() => true); }"""
    )
    hands.complaints.clear()  # the policy says what it stopped
    hands.tidy = False
    assert hands.page.evaluate("window.pwned") is None
