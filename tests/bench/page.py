"""The page in a real Chromium, headless and without a graphics card: rows of `make bench`.

Page and server share the processor's cores, and the same clock: the system's.
"""

import math
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from starlette.requests import Request as Asked

from editor.imaging.geometry import Box
from pipelines.base import Request, Run, Step
from tests.browser.conftest import ARGUMENTS, CHROMIUM, Server
from tests.browser.hands import NO_TOUR, READY, Hands
from tests.fakes import NoisePipeline
from tests.measuring import Row, photograph, spread
from tests.samples import an_edit, disc

SIDE = 4096
WINDOW = {"width": 1440, "height": 900}  # CSS pixels
STEPS = 20  # what the form asks for at first
PACE = 0.35  # seconds of a model's step: more than a preview should ever take
STROKE = 3.0  # seconds
RUNS = 5
STATES = 300
HISTORY_SIDE = 2048  # of the picture with so many states; pixels
SMOOTH = "60/s, 22 ms"
WHERE = "no GPU, two shared cores"

# pressed: when the last click or key reached the browser. drawn: [when, revision, whether a preview lies over it] after
# each drawing of something new, its pixels made: reading one back waits for them. Milliseconds of the system's clock.
PROBE = """() => {
    const now = () => performance.timeOrigin + performance.now();
    for (const kind of ["click", "keydown"]) {
        addEventListener(kind, (event) => (window.pressed = performance.timeOrigin + event.timeStamp), true);
    }
    window.drawn = [];
    const { picture } = window.palimpsest.doc;
    const draw = picture.draw.bind(picture);
    let seen = null;
    picture.draw = (context, ...rest) => {
        draw(context, ...rest);
        const what = picture.preview?.bitmap ?? picture.revision;
        if (what === seen) return;
        seen = what;
        context.getImageData(0, 0, 1, 1);
        window.drawn.push([now(), picture.revision, Boolean(picture.preview)]);
    };
}"""
# from the tab's being asked for to the frame after the one that draws it
OPENING = """(count) => new Promise((resolve) => {
    const begun = performance.now();
    window.palimpsest.panels.side.open("history");
    const look = () => {
        const rows = document.querySelectorAll(".states li:not(.step-card)").length;
        if (rows === count) requestAnimationFrame(() => setTimeout(() => resolve(performance.now() - begun)));
        else requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
})"""
FRAMES = """() => {
    const times = [];
    window.frames = times;
    const tick = (time) => {
        if (window.frames !== times) return;
        times.push(time);
        requestAnimationFrame(tick);
    };
    requestAnimationFrame(tick);
}"""


class ClockedPipeline(NoisePipeline):
    """Noise, a step every PACE seconds and at no fixed phase; `finished` says when each was done."""

    def __init__(self) -> None:
        super().__init__(size=256, name="clocked")
        self.finished: list[float] = []

    def inpaint(self, request: Request) -> Run:
        random = np.random.default_rng(request.seeds)
        for index in range(1, request.steps + 1):
            preview = self.image(index, request.prompts[0])[None]
            time.sleep(PACE * random.uniform(1, 1.5))
            self.finished.append(time.time())
            yield Step(index, request.steps, preview)
        return self.image(0, request.prompts[0])[None]


class Editor(Server):
    """The editor with models which cost nothing, and a note of each edit that came."""

    def start(self) -> None:
        from editor.web.routes import edits  # here: the routes come with Gradio's page

        self.clocked = ClockedPipeline()
        self.models = [NoisePipeline(size=256), self.clocked]
        self.came: list[tuple[float, int]] = []  # when an edit was read, and its bytes, headers included
        read = edits.read_body  # type: ignore[attr-defined]

        async def read_body(request: Asked, limit: int, subject: str) -> bytes:
            body = await read(request, limit, subject)
            if request.url.path.endswith("/edits"):
                headers = sum(len(name) + len(value) + 4 for name, value in request.headers.raw)
                self.came.append((time.time(), len(body) + headers))
            return body

        edits.read_body = read_body  # type: ignore[attr-defined]
        super().start()


def rows() -> Iterator[Row]:
    """All of them."""
    if CHROMIUM is None:
        yield "the page in a browser", "not measured: there is no Chromium here", ""
        return
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        server = Editor(Path(folder))
        try:
            yield from ready(playwright.chromium, server)
            with visitor(playwright.chromium, server) as hands:
                yield from generating(hands)
                yield from undoing(hands)
                yield from previews(hands)
            with visitor(playwright.chromium, server) as hands:
                yield from moving(hands)
            document = long_document(server)  # before a page follows it, which would show each of its steps
            with visitor(playwright.chromium, server) as hands:
                yield from long_history(hands, document)
            with visitor(playwright.chromium, server) as hands:
                yield from memory(hands)
        finally:
            server.stop()


@contextmanager
def visitor(chromium: Any, server: Editor) -> Iterator[Hands]:
    """A browser of one's own at a large picture."""
    browser = chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS, headless=True)
    page = browser.new_context(viewport=WINDOW).new_page()
    page.add_init_script(f"try {{ {NO_TOUR} }} catch {{}}")
    hands = Hands(page, server, [])
    hands.open_pixels(photograph(SIDE))
    hands.write("a red couch")
    yield hands
    browser.close()


def ready(chromium: Any, server: Editor) -> Iterator[Row]:
    """From the address to a page that can be used, as the page's own clock has it."""
    first, again = [], []
    for _ in range(7):
        with tempfile.TemporaryDirectory() as profile:
            context = chromium.launch_persistent_context(
                profile, executable_path=CHROMIUM, args=ARGUMENTS, headless=True, viewport=WINDOW
            )
            page = context.pages[0]
            for times, go in (
                (first, lambda page=page: page.goto(server.url)),
                (again, page.reload),
                (again, page.reload),
            ):
                go()
                clock = page.wait_for_function(f"{READY} && performance.now()")
                times.append(clock.json_value() / 1000)
            context.close()
    yield f"page ready, a browser's first visit ({WHERE})", spread(first), "1.5 s"
    yield "page ready, loaded again", spread(again), "0.6 s"


def generating(hands: Hands) -> Iterator[Row]:
    """A mask of three long strokes, sent."""
    random, server = np.random.default_rng(0), hands.server
    hands.page.evaluate(PROBE)
    took, sizes = [], []
    for trial in range(13):
        x, y = random.uniform(800, SIDE - 800, 2)
        for _ in range(3):
            hands.drag(*((x + dx, y + dy) for dx, dy in random.uniform(-500, 500, (4, 2))))
        finish(hands)
        came, size = server.came[-1]
        if trial >= 3:
            took.append(came - hands.page.evaluate("window.pressed") / 1000)
            sizes.append(size)
    yield f"Generate pressed, the server has the mask ({SIDE}x{SIDE}, three strokes)", spread(took), "200 ms"
    yield "bytes up for that edit", f"{median(sizes) / 1000:.1f} KB (to {max(sizes) / 1000:.1f})", "40 KB"


def finish(hands: Hands) -> None:
    """Generate, and see it through."""
    head = hands.state["head"]
    hands.generate()
    hands.wait_for(f"doc.state.head !== {head!r}")
    hands.wait_idle()


def undoing(hands: Hands) -> Iterator[Row]:
    """Back through the edits that are there, by the key, after having been there and back once."""
    took = []
    for measured in (False, True):
        for key in ("Control+z", "Control+Shift+z"):
            for _ in range(12):
                hands.page.evaluate("window.drawn.length = 0")
                hands.key(key)
                hands.page.wait_for_function("window.drawn.length")
                hands.wait_idle()
                if measured and key == "Control+z":
                    took.append(hands.page.evaluate("window.drawn[0][0] - window.pressed") / 1000)
    yield f"undo pressed, the picture drawn ({SIDE}x{SIDE}, tiles cached)", spread(took), "50 ms"


def previews(hands: Hands) -> Iterator[Row]:
    """Runs of a model that idles between its steps."""
    clocked, waits = hands.server.clocked, []
    hands.choose("clocked")
    hands.page.evaluate("window.palimpsest.tool.resize(100)")
    for trial in range(2):
        clocked.finished.clear()
        hands.page.evaluate("window.drawn.length = 0")
        hands.paint(1000 + 1000 * trial, 1500)
        finish(hands)
        drawn = [at / 1000 for at, _, preview in hands.page.evaluate("window.drawn") if preview]
        waits += [at - max(done for done in clocked.finished if done < at) for at in drawn]
    seen = f"; {len(waits)} of {2 * STEPS} drawn"
    yield "a step finished, its preview drawn", spread(waits) + seen, "60 ms"


def moving(hands: Hands) -> Iterator[Row]:
    """Pointers at work on a large picture, all of it under the mask; each at first with all of it in sight."""
    page = hands.page
    page.evaluate("window.palimpsest.doc.draftEditor.invert()")
    planned(page)
    middle = "({ room: [x, y, w, h], ratio }) => [(x + w / 2) / ratio, (y + h / 2) / ratio]"
    x, y = page.evaluate(f"({middle})(window.palimpsest.viewport)")

    def along(turn: float) -> None:
        """To a point of a curve about the middle, some ten pixels on at each turn."""
        page.mouse.move(x + 250 * math.sin(turn / 31), y + 220 * math.sin(turn / 23))

    def wheel(turn: int) -> None:
        page.mouse.wheel(0, -20 if turn % 80 < 40 else 20)

    pauses = []
    for zoom, sight in (("fit()", "all in sight"), ("zoom(1)", "at 100 %")):
        page.evaluate(f"window.palimpsest.viewport.{zoom}")
        for tool in ("brush", "eraser"):
            page.evaluate(f"window.palimpsest.tool.choose({tool!r})")
            runs = []
            for _ in range(RUNS):
                along(0)
                page.mouse.down()
                runs.append(paced(page, along))
                page.evaluate("(window.plan = window.palimpsest.viewport.editRegion)")
                page.evaluate(FRAMES)
                page.mouse.up()
                planned(page)
                pauses.append(max(intervals(page)))
            yield f"{tool} at {SIDE}x{SIDE}, all of it masked, {sight} ({WHERE})", values(runs), SMOOTH
        page.keyboard.down("Space")
        along(0)
        page.mouse.down()
        runs = [paced(page, along) for _ in range(RUNS)]
        page.mouse.up()
        page.keyboard.up("Space")
        yield f"pan, {sight}", values(runs), SMOOTH
    page.evaluate("window.palimpsest.viewport.fit()")
    page.mouse.move(x, y)
    yield "zoom, from all in sight to nearly 100 % and back", values([paced(page, wheel) for _ in range(RUNS)]), SMOOTH
    yield "a stroke ended, all masked: the longest the page stands still", spread(pauses), ""


def planned(page: Any) -> None:
    """Wait until what a run would change is shown anew."""
    region = "window.palimpsest.viewport.editRegion"
    page.wait_for_function(f"{region} && {region} !== window.plan")


def paced(page: Any, turn: Callable[[int], None]) -> list[float]:
    """Move for a while, as fast as the page takes it: the seconds from each frame to the next."""
    turn(0)
    page.evaluate(FRAMES)
    count, end = 0, time.perf_counter() + STROKE
    while time.perf_counter() < end:
        count += 1
        turn(count)
    return intervals(page)


def intervals(page: Any) -> list[float]:
    """Seconds between the frames that were noted, which ends."""
    times = page.evaluate("(() => { const { frames } = window; window.frames = null; return frames; })()")
    return list(np.diff(times) / 1000)


def values(runs: list[list[float]]) -> str:
    """Frames per second and the time that 95 of 100 frames stay below, over some runs."""
    rates = [len(run) / sum(run) for run in runs]
    rate, least, most = (f"{value:.0f}" for value in (median(rates), min(rates), max(rates)))
    return f"{rate}/s ({least} to {most}), 95th percentile {spread([float(np.percentile(run, 95)) for run in runs])}"


def long_document(server: Editor) -> str:
    """Makes a document with STATES states; returns its id."""
    session, random = server.session, np.random.default_rng(2)
    document, jobs = session.open(photograph(HISTORY_SIDE), "Long").id, session.store.jobs
    for step in range(1, STATES):
        x, y = (int(v) for v in random.integers(100, HISTORY_SIDE - 100, 2))
        edit = an_edit(disc(Box(x, y, 50, 40)), prompt=f"step {step}", steps=2)
        session.submit(document, edit, jobs.tail(document))
    while jobs.pending(document):
        time.sleep(0.5)
    return document


def long_history(hands: Hands, document: str) -> Iterator[Row]:
    """The History tab of a document with many states: how soon it is there, and how it scrolls."""
    page = hands.page
    hands.goto(f"?doc={document}")
    hands.wait_idle()
    page.evaluate("window.palimpsest.panels.side.open('settings')")
    took = []
    for _ in range(7):
        took.append(page.evaluate(OPENING, STATES) / 1000)
        page.evaluate("window.palimpsest.panels.side.open('settings')")
    yield f"History opened with {STATES} states, its rows drawn ({WHERE})", spread(took[1:]), "200 ms"
    page.evaluate("window.palimpsest.panels.side.open('history')")
    box = page.locator(".states").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    runs = [paced(page, lambda turn: page.mouse.wheel(0, -60 if turn % 160 < 80 else 60)) for _ in range(RUNS)]
    yield f"History scrolled, {STATES} states", values(runs), SMOOTH


def memory(hands: Hands) -> Iterator[Row]:
    """What the browser's processes hold while 200 edits are made all over a picture, each looked at in full size."""
    random, sizes = np.random.default_rng(1), {}
    for edit in range(1, 201):
        x, y = (float(v) for v in random.uniform(200, SIDE - 200, 2))
        hands.page.evaluate(
            """([x, y]) => {
                const { viewport } = window.palimpsest;
                viewport.zoom(1);
                const [left, top] = viewport.view.toViewport(x, y);
                viewport.pan(viewport.width / 2 - left, viewport.height / 2 - top);
            }""",
            [x, y],
        )
        hands.paint(x, y)
        finish(hands)
        if edit % 50 == 0:
            sizes[edit] = held()
    own = ", ".join(f"{alone:.2f} GB after {edit}" for edit, (alone, _) in sizes.items())
    share = f"{sizes[200][1]:.2f} GB with its share of what processes share"
    yield f"memory of the browser's processes alone, edits at {SIDE}x{SIDE}", f"{own}; {share}", "0.6 GB after 200"


def held() -> tuple[float, float]:
    """GB of the Chromium that this process started: what its processes have each for itself, and with their share of
    what they have in common.
    """
    alone = shared = 0
    for process in browsers(os.getpid()):
        lines = (line.split() for line in Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()[1:])
        sizes = {line[0]: int(line[1]) for line in lines}  # kB
        alone += sizes["Private_Clean:"] + sizes["Private_Dirty:"]
        shared += sizes["Pss:"]
    return alone * 1024 / 1e9, shared * 1024 / 1e9


def browsers(ancestor: int) -> Iterator[int]:
    """All processes of Chromium that descend from a process."""
    parents = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parents[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue  # it ended
    family = {ancestor}
    while more := {process for process, parent in parents.items() if parent in family} - family:
        family |= more
    for process in family:
        if b"chrom" in Path(f"/proc/{process}/cmdline").read_bytes().split(b"\0")[0]:
            yield process
