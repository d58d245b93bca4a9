"""Live mode in a real Chromium, with the embedded model in its own process: how soon a picture follows a keystroke."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.bench.page import PROBE, WINDOW
from tests.browser.conftest import ARGUMENTS, CHROMIUM
from tests.browser.hands import DRAWN, NO_TOUR, Hands
from tests.measuring import Row, spread
from tests.server_process import ServerProcess

PROMPT, TYPED = "a red couch", " and a dog"  # ten keystrokes behind what is there
CORNERS = (80.0, 300.0), (300.0, 460.0)  # of the ellipse that is masked, on the plane
# the last target is painted, and what is shown is of it
READY = "window.palimpsest.live.painter.run === 'ready' && window.palimpsest.live.shown"
OF_PROMPT = f"(prompt) => {READY} && JSON.parse(window.palimpsest.live.painter.key)[0].prompt === prompt"


def typing() -> Iterator[Row]:
    """One keystroke after another, each once the picture of the last is there; the pause after it is included."""
    if CHROMIUM is None:
        yield "live mode in a browser", "not measured: there is no Chromium here", ""
        return
    from playwright.sync_api import sync_playwright

    firsts, lasts = [], []
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        folder = Path(name)
        with ServerProcess(folder / "data", folder / "log") as server:
            browser: Any = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS, headless=True)
            page = browser.new_context(viewport=WINDOW).new_page()
            page.add_init_script(f"try {{ {NO_TOUR} }} catch {{}}")
            hands = Hands(page, server, [])
            hands.goto()
            hands.open_sample()
            hands.write(PROMPT)
            hands.key("Escape")  # out of the field, so that a letter chooses a tool
            hands.key("o")
            hands.drag(*CORNERS)
            page.locator(".live-button").click()
            page.wait_for_function(OF_PROMPT, arg=PROMPT)
            page.evaluate(PROBE)
            hands.prompt.press("End")
            for count, letter in enumerate(TYPED, 1):
                page.evaluate("window.drawn.length = 0")
                page.keyboard.press(letter)
                page.wait_for_function(OF_PROMPT, arg=PROMPT + TYPED[:count])
                page.evaluate(DRAWN)
                drawn, pressed = page.evaluate("[window.drawn.map(([at]) => at), window.pressed]")
                firsts.append((drawn[0] - pressed) / 1000)
                lasts.append((drawn[-1] - pressed) / 1000)
            browser.close()
    yield (
        f"live mode, glide-mini: a key pressed, its first picture drawn ({len(firsts)} keys)",
        spread(firsts),
        "400 ms",
    )
    yield "the same, its last picture drawn", spread(lasts), ""
