"""Where the panels lie: beside one another and within the window, at every size, however much is open."""

from itertools import product

import pytest

from tests.browser.hands import Hands

SIZES = ((1440, 900), (1024, 768), (1024, 700), (860, 1180), (820, 1180), (768, 1024), (390, 844), (844, 390))
PANELS = (".top-bar", ".palette", ".strip", ".side-panel", ".amending", ".tray .choices", ".note", "#dock")
# [what is wrong with the panels to be seen, the panels themselves]
MEASURED = """(panels) => {
    const seen = panels.flatMap((name) => [...document.querySelectorAll(name)]
        .filter((one) => one.checkVisibility({ visibilityProperty: true }))
        .map((one) => {
            const { left, top, right, bottom } = one.getBoundingClientRect();
            const box = [left, top, right, bottom].map(Math.round);
            for (let at = one.parentElement; at; at = at.parentElement) { // what is scrolled away is not there
                if (!/auto|scroll/.test(getComputedStyle(at).overflowY)) continue;
                const clip = at.getBoundingClientRect();
                [box[1], box[3]] = [Math.max(box[1], Math.round(clip.top)), Math.min(box[3], Math.round(clip.bottom))];
            }
            return [name, box];
        }).filter(([, box]) => box[3] > box[1]));
    const wrong = [];
    seen.forEach(([name, a], i) => {
        const out = a[0] < 0 || a[1] < 0 || a[2] > innerWidth || a[3] > innerHeight;
        if (out) wrong.push(`${name} ${a} leaves the window`);
        for (const [other, b] of seen.slice(i + 1)) {
            const shared = [0, 1].map((axis) => Math.min(a[axis + 2], b[axis + 2]) - Math.max(a[axis], b[axis]));
            if (Math.min(...shared) > 1) wrong.push(`${name} ${a} lies on ${other} ${b}`);
        }
    });
    return [wrong, seen.map(([name]) => name)];
}"""
# the same, once the folds of Gradio have come to rest and while the page knows how high its dock is: until another call
# came, the dock might have grown and the panels not have heard of it yet, which nobody gets to see
MEASURED_AT_REST = """(panels) => new Promise((done) => {
    const measured = MEASURED;
    let [before, calm] = [null, 0];
    const look = () => {
        const { top, height } = document.querySelector("#dock").getBoundingClientRect();
        const reach = parseFloat(getComputedStyle(document.documentElement).getPropertyValue("--dock"));
        const now = JSON.stringify([top, height]);
        calm = now === before && Math.abs(reach - (innerHeight - top)) < 1 ? calm + 1 : 0;
        before = now;
        if (calm > 3) done(measured(panels));
        else requestAnimationFrame(look);
    };
    look();
})""".replace("MEASURED", MEASURED)
FOOTER_CUT = """() => {
    const rect = (name) => document.querySelector(name)?.getBoundingClientRect();
    const [dialog, footer] = [rect("dialog"), rect("dialog footer")];
    return Boolean(footer) && (footer.bottom > dialog.bottom + 1 || footer.top < dialog.top);
}"""
NOTE = "One of the pictures could not be read: it is damaged, or of a kind that is not known here."


def faults(hands: Hands, wanted: tuple[str, ...]) -> list[str]:
    """What lies wrong at any size, with each tab of the side panel open and with none, in the light and in the dark.
    wanted: panels which must be seen where none is open.
    """
    found = []
    for (width, height), tab in product(SIZES, (None, "settings", "history", "layers", "queue", "models")):
        hands.page.set_viewport_size({"width": width, "height": height})
        hands.page.evaluate("(tab) => window.palimpsest.panels.side.open(tab)", tab)
        scheme = "light" if tab in (None, "history") else "dark"
        hands.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        wrong, seen = hands.page.evaluate(MEASURED_AT_REST, PANELS)
        missing = [] if tab else [f"{panel} is not seen" for panel in wanted if panel not in seen]
        where = f"{width}x{height} {scheme}, {tab}: "
        found += [where + fault for fault in [*wrong, *missing]]
    return found


@pytest.mark.parametrize("jobs", [pytest.param(1, marks=pytest.mark.proof), 8])
def test_no_panel_lies_on_another_while_jobs_wait(hands: Hands, jobs: int) -> None:
    hands.open_steps()
    hands.choose("slow")
    for number in range(jobs):
        hands.paint(80 + 20 * number, 100)
        hands.write(f"job {number}, whose prompt is longer than the panel is wide")
        hands.generate()
    hands.wait_for(f"doc.queue.groups.length === {jobs}")
    found = faults(hands, ("#dock",))
    hands.page.evaluate("(text) => window.palimpsest.notifications.note(text, 'test')", NOTE)
    found += faults(hands, (".note",))
    hands.page.set_viewport_size({"width": 1024, "height": 700})
    hands.server.slow.allow(20 * jobs)
    hands.wait_for("!doc.busy")
    assert not found, "\n".join(found)


def test_no_panel_lies_on_another_while_a_step_is_edited(hands: Hands) -> None:
    hands.open_steps()
    hands.variations(4)
    hands.edit("four of them, of which one is to be picked by somebody who looks at each")
    hands.page.locator(".choice").nth(3).wait_for()
    hands.press("History")
    hands.page.locator(".step-card").get_by_text("Edit step and replay").click()
    hands.page.locator(".amending").wait_for()
    assert hands.page.locator(".choices").is_visible()
    found = faults(hands, (".amending",))
    hands.page.evaluate("(text) => window.palimpsest.notifications.note(text, 'test')", NOTE)
    found += faults(hands, (".note", ".amending"))
    assert not found, "\n".join(found)


def test_dialogs_and_the_start_view_stay_within_the_window(hands: Hands) -> None:
    hands.open_steps()
    found = []
    for width, height in SIZES:
        hands.page.set_viewport_size({"width": width, "height": height})
        for key in ("Control+s", "?"):
            hands.page.locator(".viewport").focus()
            hands.key(key)
            hands.page.get_by_role("dialog").wait_for()
            wrong, seen = hands.page.evaluate(MEASURED, ["dialog"])
            found += [f"{width}x{height}, {key}: {fault}" for fault in wrong or [] if seen]
            if hands.page.evaluate(FOOTER_CUT):
                found.append(f"{width}x{height}, {key}: the buttons at the end are scrolled out of sight")
            hands.key("Escape")
            hands.page.locator("dialog").wait_for(state="detached")
    hands.page.evaluate("window.palimpsest.home()")
    hands.page.locator(".gallery .card img").first.wait_for()
    for width, height in SIZES:
        hands.page.set_viewport_size({"width": width, "height": height})
        for one in (".start .sheet", ".start .drop", ".start .card"):
            out = """(them) => them.some((one) => {
                const { left, right } = one.getBoundingClientRect();
                return left < 0 || right > innerWidth;
            })"""
            if hands.page.locator(one).evaluate_all(out):
                found.append(f"{width}x{height}: {one} leaves the window")
    assert not found, "\n".join(found)
