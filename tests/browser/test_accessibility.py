"""For those who do not see, do not point, or do not want things to move: axe-core over every view, and the keyboard."""

from collections.abc import Callable
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.browser.hands import Hands
from tests.browser.model_lists import ModelRoutes, busy, listing
from tests.browser.test_drop_and_paste import PASTE, PNG

AXE = Axe()


def complaints(hands: Hands, context: Any = None) -> list[str]:
    """What axe-core finds, a line for each place. By the developer tools it goes in where the page's policy lets in no
    script.
    """
    found = AXE.run(hands.page, context).response["violations"]
    return [
        f"{one['id']}: {' '.join(map(str, node['target']))} -- {node['failureSummary']}"
        for one in found
        for node in one["nodes"]
    ]


def start(hands: Hands) -> None:
    hands.open_sample()
    hands.page.evaluate("window.palimpsest.home()")
    hands.page.locator(".gallery .card img").first.wait_for()
    hands.page.locator(".samples .card img").first.wait_for()


def painted(hands: Hands) -> None:
    hands.open_sample()
    hands.paint()
    hands.wait_for("doc.plan.estimate")


def intent(name: str) -> Callable[[Hands], None]:
    def view(hands: Hands) -> None:
        hands.open_sample()
        hands.intend(name)

    return view


def settings(hands: Hands) -> None:
    hands.open_sample()
    hands.settings()
    hands.page.get_by_label("New seed each time").wait_for()


def mask_menu(hands: Hands) -> None:
    painted(hands)
    hands.press("Mask")
    hands.page.locator(".menu").get_by_role("button", name="Grow").wait_for()


def context_menu(hands: Hands) -> None:
    painted(hands)
    hands.page.mouse.click(*hands.client(200, 100), button="right")
    hands.page.locator(".context-menu").wait_for()


def saved_masks(hands: Hands) -> None:
    painted(hands)
    hands.whole_mask("Saved masks…")
    hands.press("Save mask")
    hands.page.get_by_role("button", name="Load Mask 1").wait_for()


def wand_in_a_turned_view(hands: Hands) -> None:
    painted(hands)
    hands.press("Magic wand")
    hands.key("f")
    hands.key("6")
    hands.key("q")
    hands.page.locator(".strip .turned").wait_for()


def history(hands: Hands) -> None:
    hands.open_sample()
    hands.edit("a vase")
    hands.edit("a lamp")
    hands.press("Undo")
    hands.wait_idle()
    hands.tidy = False
    hands.press("History")
    hands.page.locator(".step-card").wait_for()


def history_chosen(hands: Hands) -> None:
    """Everything unfolded, a star, a name, and two states compared."""
    history(hands)
    hands.press("Star: a vase")
    hands.press("Rename")
    hands.page.keyboard.type("The best")
    hands.key("Enter")
    hands.page.locator(".states .prompt").wait_for()
    hands.page.locator(".states li").filter(has_text="a lamp").hover()
    hands.press("More: a lamp")
    hands.page.locator(".step-card summary").last.click()
    hands.press("Starred only")
    hands.page.get_by_role("searchbox").fill("vase")
    hands.press("Compare from here")
    hands.page.locator(".picked").wait_for()


def layers(hands: Hands) -> None:
    hands.open_steps()
    hands.press("Layers")
    hands.press("Visible: a vase")
    hands.page.locator(".layers-panel").get_by_role("button", name="Apply").wait_for()


def models(hands: Hands) -> None:
    """Downloads in each state, and everything unfolded."""
    ModelRoutes(hands.page, busy()).load()
    hands.open_sample()
    hands.press("Models")
    panel = hands.page.get_by_role("tabpanel", name="Models")
    panel.get_by_role("progressbar").first.wait_for()
    panel.evaluate("one => one.querySelectorAll('details').forEach((each) => (each.open = true))")


def first_models(hands: Hands) -> None:
    """As at the first visit, with the recommended one as a card."""
    ModelRoutes(hands.page, listing()).load()
    hands.open_sample()
    hands.press("Models")
    hands.page.get_by_role("heading", name="Recommended for this machine").wait_for()


def blending(hands: Hands) -> None:
    history(hands)
    hands.page.locator(".step-card").get_by_text("Blend").click()
    hands.page.locator(".blend").wait_for()


def queue(hands: Hands) -> None:
    hands.open_sample()
    hands.choose("slow")
    for number in range(3):
        hands.paint()
        hands.write(f"a vase {number}")
        hands.generate()
    hands.wait_for("doc.queue.groups.length === 3")
    hands.press("Queue")
    hands.page.locator(".queue li").nth(2).wait_for()


def variations(hands: Hands) -> None:
    hands.open_sample()
    hands.variations(3)
    hands.edit()
    hands.page.locator(".choice").nth(2).wait_for()


def export(hands: Hands) -> None:
    hands.open_sample()
    hands.press("Export")
    hands.page.get_by_role("dialog").wait_for()


def sheet(hands: Hands) -> None:
    hands.open_steps()
    hands.press("Export")
    hands.page.locator(".kind").filter(has_text="Contact sheet").click()
    hands.page.locator(".export-steps li").nth(2).wait_for()


def timelapse(hands: Hands) -> None:
    hands.open_steps()
    hands.press("Export")
    hands.page.locator(".kind").filter(has_text="Time-lapse").click()
    hands.page.locator(".export-summary").filter(has_text="3 steps").wait_for()


def help(hands: Hands) -> None:
    hands.open_sample()
    hands.tidy = False
    hands.key("?")
    hands.page.get_by_role("dialog").wait_for()


def blank(hands: Hands) -> None:
    hands.tidy = False
    hands.press("Blank canvas")
    hands.page.get_by_role("dialog").wait_for()


def tour(hands: Hands) -> None:
    help(hands)
    hands.press("Show the first steps")
    hands.page.locator(".tour").wait_for()


def note(hands: Hands) -> None:
    hands.goto("?doc=nothing-here")
    hands.note()
    hands.complained("404")


def suggestions(hands: Hands) -> None:
    hands.open_sample()
    hands.prompt.press_sequentially("zebra no")
    hands.page.get_by_role("option", name="noise").wait_for()
    hands.page.locator(".strange").first.wait_for()


def recent(hands: Hands) -> None:
    hands.open_sample()
    for prompt in ("a vase", "a red lamp"):
        hands.edit(prompt)
    hands.press("Recent prompts")
    hands.page.keyboard.type("a")
    hands.page.get_by_role("option", name="a red lamp").wait_for()


def vocabulary(hands: Hands) -> None:
    hands.open_sample()
    hands.press("What can it paint?")
    hands.page.locator(".vocabulary [data-word=dotted]").click()
    hands.page.locator(".kind-picture").first.wait_for()


def expanding(hands: Hands) -> None:
    hands.open_sample()
    hands.write("a long floor")
    hands.intend("Expand")
    hands.page.get_by_role("button", name="16:9").click()
    hands.page.locator(".frame-size").wait_for()


def removing(hands: Hands) -> None:
    hands.open_sample()
    hands.intend("Remove")
    hands.paint()
    hands.wait_for("doc.plan.estimate")


def comparing(hands: Hands) -> None:
    hands.open_sample()
    hands.edit()
    hands.key("c")
    hands.page.get_by_role("slider", name="Before and after").wait_for()


def amending(hands: Hands) -> None:
    history(hands)
    hands.page.locator(".step-card").get_by_text("Edit step and replay").click()
    hands.page.locator(".amending").wait_for()


def asked_to_place(hands: Hands) -> None:
    painted(hands)
    hands.page.locator(".viewport").focus()
    hands.page.evaluate(PASTE, [{}, [PNG]])
    hands.page.get_by_role("dialog").wait_for()


def placing(hands: Hands) -> None:
    asked_to_place(hands)
    hands.press("Place into this picture")
    hands.page.get_by_role("group", name="Transform").wait_for()


def transforming_the_mask(hands: Hands) -> None:
    painted(hands)
    hands.key("t")
    hands.page.get_by_role("group", name="Transform").wait_for()


VIEWS = {
    "asked to place": asked_to_place, "placing": placing, "transforming the mask": transforming_the_mask,
    "start": start, "painted": painted, "settings": settings, "mask menu": mask_menu, "context menu": context_menu,
    "saved masks": saved_masks, "wand in a turned view": wand_in_a_turned_view, "history": history,
    "history chosen": history_chosen,
    "models": models, "first models": first_models,
    "layers": layers, "blending": blending, "amending": amending, "comparing": comparing, "queue": queue,
    "variations": variations,
    "export": export, "sheet": sheet, "timelapse": timelapse,
    "help": help, "blank": blank, "tour": tour, "note": note, "suggestions": suggestions,
    "recent": recent, "vocabulary": vocabulary, "expanding": expanding, "removing": removing,
    **{f"to {name.lower()}": intent(name) for name in ("Remove", "Refine", "Expand", "Sketch", "Adjust")},
}  # fmt: skip


OFTEN = (
    "start",
    "painted",
    "context menu",
    "saved masks",
    "wand in a turned view",
    "settings",
    "history",
    "history chosen",
    "to adjust",
    "layers",
    "models",
    "first models",
    "amending",
    "queue",
    "variations",
    "export",
    "sheet",
    "help",
    "recent",
    "vocabulary",
    "expanding",
)


@pytest.mark.parametrize(
    "view", [view if view in OFTEN else pytest.param(view, marks=pytest.mark.proof) for view in VIEWS]
)
def test_axe_finds_nothing(hands: Hands, view: str) -> None:
    hands.tidy = False
    hands.page.emulate_media(reduced_motion="reduce")  # a colour on its way to another has no contrast to be measured
    hands.page.locator(".samples .card").wait_for()
    VIEWS[view](hands)
    found = []
    for scheme in ("light", "dark"):
        hands.page.emulate_media(color_scheme=scheme)
        hands.page.wait_for_function(f"document.body.classList.contains('dark') === {str(scheme == 'dark').lower()}")
        found += [f"{scheme}: {said}" for said in complaints(hands)]
    if view == "queue":
        hands.server.slow.allow(3 * 20)  # the next visitor finds nothing running
        hands.wait_for("!doc.busy")
    assert not found, "\n".join(found)


# --- by the keyboard alone

STOPS = """() => [
    ...document.querySelectorAll("a[href], button, input, select, summary, textarea, [tabindex]"),
].filter((one) =>
    one.checkVisibility({ visibilityProperty: true }) && !one.disabled && one.tabIndex >= 0
    && (one.type !== "radio" || one.checked) && (!document.querySelector("dialog[open]") || one.closest("dialog")))"""


def tab_to(hands: Hands, role: Any, name: str, exact: bool = True) -> None:
    """Press Tab until it is there."""
    wanted = hands.page.get_by_role(role, name=name, exact=exact).last
    for _ in range(120):
        if wanted.evaluate("one => one === document.activeElement"):
            return
        hands.key("Tab")
    raise AssertionError(f"Tab does not lead to the {role} {name!r}.")


def test_a_picture_is_opened_changed_and_saved_by_the_keyboard_alone(hands: Hands) -> None:
    hands.tidy = False
    hands.page.locator(".samples .card").wait_for()
    tab_to(hands, "button", "Living room")
    hands.key("Enter")
    hands.wait_idle()
    tab_to(hands, "button", "Ellipse")
    hands.key("Space")
    hands.page.wait_for_function("window.palimpsest.tool.name === 'ellipse'")
    tab_to(hands, "button", "Mask")
    hands.key("Enter")
    tab_to(hands, "button", "Invert")
    hands.key("Enter")
    hands.wait_for("!doc.mask.empty")
    tab_to(hands, "combobox", "Prompt")
    hands.page.keyboard.type("a vase")
    tab_to(hands, "button", "Generate")
    hands.key("Enter")
    hands.wait_for("doc.state.can_undo")
    hands.wait_idle()
    assert hands.server.session.store.revisions.get(hands.state["head"]).edit.prompt == "a vase"
    tab_to(hands, "button", "Export")
    hands.key("Enter")
    tab_to(hands, "radio", "PNG", exact=False)
    hands.key("ArrowDown")
    tab_to(hands, "button", "Save")
    with hands.page.expect_download() as download:
        hands.key("Enter")
    assert download.value.suggested_filename == "Living room.jpg"
    hands.key("Escape")
    hands.page.locator("dialog").wait_for(state="detached")


@pytest.mark.parametrize(
    "view",
    [
        "start",
        "painted",
        "saved masks",
        "to expand",
        "to adjust",
        "settings",
        "layers",
        "models",
        "blending",
        "variations",
        "export",
        "help",
        "blank",
    ],
)
def test_tab_leads_everywhere_and_one_sees_where_one_is(hands: Hands, view: str) -> None:
    hands.tidy = False
    VIEWS[view](hands)
    hands.page.evaluate("document.activeElement.blur()")  # on the picture, after a click there, Tab hides the panels
    hands.page.evaluate("window.seen = new Set(); window.unseen = []")
    stops = hands.page.evaluate(f"({STOPS})().length")
    assert stops > 2
    for _ in range(stops + 10):
        hands.key("Tab")
        hands.page.evaluate(
            """() => {
                const one = document.activeElement;
                const marked = [one, one.closest("label"), one.parentElement].filter(Boolean).some((each) => {
                    const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(each);
                    return (outlineStyle !== "none" && outlineWidth !== "0px") || boxShadow !== "none";
                });
                if (one !== document.body && !marked) window.unseen.push(one.outerHTML.slice(0, 200));
                window.seen.add(one);
            }"""
        )
    missed = hands.page.evaluate(
        f"({STOPS})().filter((one) => !window.seen.has(one)).map((one) => one.outerHTML.slice(0, 200))"
    )
    assert missed == []
    assert hands.page.evaluate("[...new Set(window.unseen)]") == []


# --- what is said, and what moves

REGION = "[aria-live], [role=status], [role=alert], [role=log]"


def test_what_is_said_is_said_aloud(hands: Hands) -> None:
    """In a region that was there before: of what comes together with its words, only alerts are read out for sure."""
    hands.open_sample()
    remember = f"window.regions = new Set(document.querySelectorAll('{REGION}'))"
    hands.page.evaluate(remember)

    def aloud(selector: str) -> None:
        said = hands.page.locator(selector).filter(has_text=" ").first
        said.wait_for()
        assert said.evaluate(
            f"""one => {{
                for (let at = one.closest('{REGION}'); at; at = at.parentElement?.closest('{REGION}'))
                    if (window.regions.has(at) || at.getAttribute("role") === "alert") return true;
                return false;
            }}"""
        ), selector

    hands.press("Generate")
    aloud("#status .status")
    hands.write("a zebra")
    aloud("#status .hint")
    hands.edit("a vase")
    hands.tidy = False
    hands.press("History")
    hands.press("Delete it and what follows")
    aloud(".note.info p")
    hands.page.evaluate("window.palimpsest.notifications.note('Something broke.', 'test')")
    aloud(".note.error p")


def test_nothing_moves_where_motion_is_not_wanted(hands: Hands) -> None:
    hands.open_sample()
    hands.choose("slow")
    hands.paint()
    hands.generate()
    hands.page.locator("#status .progress.waiting").wait_for()
    moving = "document.getAnimations().length"
    assert hands.page.evaluate(moving) > 0
    hands.page.emulate_media(reduced_motion="reduce")
    hands.page.wait_for_function(f"{moving} === 0")
    slow = """() => [...document.querySelectorAll("body *")].filter((one) => {
        const { transitionDuration, animationName } = getComputedStyle(one);
        return transitionDuration.split(",").some((time) => parseFloat(time) > 0) || animationName !== "none";
    }).map((one) => one.outerHTML.slice(0, 120))"""
    assert hands.page.evaluate(slow) == []
    hands.server.slow.allow(20)
    hands.wait_for("!doc.busy")
