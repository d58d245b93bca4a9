"""What a user does with the page and sees on it: in plane coordinates, and waiting for what the page says."""

import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from editor.edits.edit import Edit
from editor.imaging.geometry import Box
from editor.imaging.raster import Pixels
from editor.web.modules import MODULES
from tests.samples import an_edit, disc

SIZE = {"width": 1024, "height": 700}
NO_TOUR = "localStorage.setItem('palimpsest-tour', '1')"  # it has a test of its own
# all is there, and the form says what its model is usually asked
PROMPT = "#prompt :is(input, textarea)"
READY = """window.palimpsest?.ready && !window.palimpsest.form.model.loading
    && !Object.keys(window.palimpsest.form.pendingValues).length"""
# of `packed`: as a list of numbers, bytes take Playwright a second for each 100 KB
UNPACK = "(text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0))"
DRAWN = "new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))"
IDLE = """() => {
    const doc = window.palimpsest.doc;
    return doc && doc.draft && !doc.busy && doc.picture.revision === doc.state.head && !doc.picture.preview;
}"""


def photo(width: int, height: int, seed: int = 0) -> Pixels:
    """uint8 (height, width, 3): smooth shapes with some grain, as hard to compress as a photograph."""
    random = np.random.default_rng(seed)
    coarse = random.uniform(30, 225, (max(2, height // 60), max(2, width // 60), 3)).astype(np.float32)
    smooth = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    grain = random.integers(-4, 5, (height, width, 1), np.int8)
    return np.clip(smooth + grain, 0, 255).astype(np.uint8)


def packed(data: bytes) -> str:
    """Bytes for the page, which reads them with UNPACK."""
    return b64encode(data).decode()


class Hands:
    """One tab and who sits before it. complaints: what a page may not say; any fails the test."""

    def __init__(self, page: Any, server: Any, complaints: list[str]) -> None:
        self.page, self.server, self.complaints = page, server, complaints
        self.tidy = True  # the settings are as they were found, so that the next visitor may go on from here
        self.lasting = True  # nothing hangs on the tab that a reload leaves

    # going places

    def goto(self, path: str = "") -> None:
        self.tidy = False
        self.page.goto(self.server.url + path)
        self._arrived()

    def reload(self) -> None:
        self.tidy = False
        self.page.reload()
        self._arrived()

    def _arrived(self) -> None:
        self.page.wait_for_function(READY)
        self.page.evaluate(DRAWN)

    def open_three_steps(self) -> None:
        """Opens a document of three steps, made on the server."""
        self.tidy = False
        session = self.server.session
        document = session.open(photo(360, 300), "Room")
        for n, prompt in enumerate(("a vase", "a lamp", "a corgi")):
            edit = an_edit(disc(Box(30 + 90 * n, 40, 60, 50)), prompt=prompt, seed=n, steps=2)
            last = session.submit(document.id, edit, session.store.jobs.tail(document.id))
        self.goto(f"?doc={document.id}")
        self.wait_for(f"doc.state.head === {last.id!r}")
        self.wait_idle()

    def open_sample(self) -> None:
        self.page.locator(".samples .card").filter(has_text="Living room").click()
        self.wait_idle()

    def open_pixels(self, pixels: Pixels) -> None:
        """A document made on the server, by its address."""
        document = self.server.session.open(pixels, "Large")
        self.goto(f"?doc={document.id}")
        self.wait_idle()

    def open_steps(self) -> None:
        """A document of four steps on two branches, made on the server."""
        self.tidy = False
        session = self.server.session
        document = session.open(photo(320, 270), "Living room")
        for number, prompt in enumerate(("a vase", "a lamp", "a red couch beside a window that looks upon the sea")):
            self._made(document.id, prompt, number)
        session.undo(document.id)
        self._made(document.id, "a corgi", 3)
        self.page.evaluate("(id) => void window.palimpsest.openDocument(id)", document.id)
        self.wait_idle()

    def _made(self, document: str, prompt: str, seed: int) -> None:
        mask = disc(Box(170 + 5 * seed, 140, 60, 40))
        made = self.server.session.submit(document, Edit(mask, prompt=prompt, seed=seed, pipeline="noise"))
        while self.server.session.store.revisions.get(made.id).pending:
            time.sleep(0.01)

    def another_tab(self) -> "Hands":
        self.tidy = False
        other = Hands(self.page.context.new_page(), self.server, self.complaints)
        other.goto(f"?doc={self.document}")
        return other

    # waiting: for what the page or the server says, never for time

    def wait_idle(self) -> None:
        """The document is open, nothing runs, and its picture is drawn."""
        self.page.wait_for_function(IDLE)

    def wait_for(self, condition: str) -> None:
        """A condition on `doc`, the open document in the page."""
        self.page.wait_for_function(f"() => {{ const doc = window.palimpsest.doc; return doc && ({condition}); }}")

    def wait_kept(self) -> None:
        """The draft on screen is in the browser's database."""
        self.page.evaluate(
            """async (modules) => {
                const { loadDraft } = await import(`/${modules}draft/draft-storage.js`);
                const { doc } = window.palimpsest;
                const same = (layer, box) => JSON.stringify(layer?.box ?? null) === JSON.stringify(box);
                for (;;) {
                    const kept = await loadDraft(doc.id);
                    const { mask, sketch } = doc.draft;
                    if (kept && same(kept.mask, mask.bounds()) && same(kept.sketch, sketch.bounds())) return;
                    await new Promise(requestAnimationFrame);
                }
            }""",
            MODULES,
        )

    def wait_previews(self, count: int) -> None:
        self.wait_for(f"doc.display.previewsShown >= {count}")

    # doing things

    def places(self, *points: tuple[float, float]) -> list[tuple[float, float]]:
        """Plane points in the window's coordinates, once a panel that opened or closed has moved the picture."""
        places: list[tuple[float, float]] = self.page.evaluate(
            f"""async (points) => {{
                await {DRAWN};
                const {{ viewport }} = window.palimpsest;
                const {{ left, top }} = viewport.root.getBoundingClientRect();
                return points.map(([x, y]) => {{
                    const [sx, sy] = viewport.view.toViewport(x, y);
                    return [left + sx / viewport.ratio, top + sy / viewport.ratio];
                }});
            }}""",
            points,
        )
        return places

    def client(self, x: float, y: float) -> tuple[float, float]:
        """A plane point in the window's coordinates."""
        left, top = self.places((x, y))[0]
        return left, top

    def drag(self, *points: tuple[float, float], button: str = "left") -> None:
        """Press at the first plane point, move along the others, let go."""
        places = self.places(*points)
        self.page.mouse.move(*places[0])
        self.page.mouse.down(button=button)
        for place in places[1:]:
            self.page.mouse.move(*place, steps=4)
        self.page.mouse.up(button=button)

    def paint(self, x: float = 200, y: float = 150) -> None:
        """A short stroke about a plane point."""
        self.drag((x - 30, y), (x + 30, y), (x, y + 20))

    @property
    def prompt(self) -> Any:
        """The field in which the prompt is written."""
        return self.page.locator(PROMPT)

    def write(self, prompt: str) -> None:
        self.prompt.fill(prompt)

    def wait_value(self, field: str, value: str) -> None:
        """A field with this selector says so: what an earlier visit or an edit left comes after the picture does."""
        self.page.wait_for_function(
            "([field, value]) => document.querySelector(field)?.value === value", arg=[field, value]
        )

    def generate(self) -> None:
        """Press it, and wait until the page has shown the server's answer (by then the run itself may be over)."""
        with self.page.expect_response(lambda answer: answer.request.method == "POST" and "/edits" in answer.url):
            self.page.get_by_role("button", name="Generate").click()
        self.wait_for("!doc.submitting")

    def settings(self) -> None:
        """Open the settings in the side panel, or close it."""
        self.tidy = False
        self.press("Settings")
        self.page.evaluate(DRAWN)

    def variations(self, count: int) -> None:
        """How many results each run makes."""
        self.tidy = False
        self.page.get_by_role("combobox", name="Variations").click()
        self.page.get_by_role("option", name=f"{count}x").click()
        self.page.wait_for_function(f"window.palimpsest.form.values.variations === {count}")

    def intend(self, intent: str) -> None:
        """Fill, Remove, Refine, Expand, Sketch or Adjust."""
        self.tidy = False
        self.page.locator("#intent label").filter(has_text=intent).click()
        self.page.wait_for_function(f"window.palimpsest.form.intent === '{intent.lower()}'")

    def choose(self, model: str) -> None:
        self.tidy = False
        tab = "window.palimpsest.panels.side.tab"
        before = self.page.evaluate(tab)
        self.page.evaluate("window.palimpsest.panels.side.open('settings')")
        self.page.get_by_role("combobox", name="Model").click()
        self.page.get_by_role("option", name=model).click()
        self.page.evaluate("(name) => window.palimpsest.panels.side.open(name)", before)

    def leave(self) -> None:
        """Tidy up for the next visitor, or leave an empty tab, or none."""
        self.page.evaluate(f"localStorage.clear(); {NO_TOUR}")
        if self.tidy:
            self.page.evaluate("window.palimpsest.tool.choose('brush'); window.palimpsest.tool.set('hardness', 1)")
            if self.page.evaluate("window.palimpsest.doc !== null"):
                self.write("")
            return
        first, *others = self.page.context.pages
        for page in others:
            page.close()
        if not self.lasting:
            first.close()
        else:  # a new tab takes a second and a half more than one that is used again (measured)
            first.unroute_all()
            first.emulate_media(color_scheme="null", reduced_motion="null")
            first.set_viewport_size(SIZE)
            first.evaluate("sessionStorage.clear()")
            first.goto("about:blank")

    def whole_mask(self, item: str) -> None:
        """An item of the menu for the whole mask."""
        self.press("Mask")
        self.page.locator(".menu").get_by_role("button", name=item).click()

    def save_as(self, kind: str) -> None:
        """Save the picture by the dialog."""
        self.press("Export")
        self.page.locator(".kind").filter(has=self.page.get_by_text(kind, exact=True)).click()
        self.press("Save")
        self.page.get_by_role("dialog").get_by_role("button", name="Close", exact=True).click()

    def press(self, name: str) -> None:
        self.page.get_by_role("button", name=name, exact=True).click()

    def key(self, keys: str) -> None:
        self.page.keyboard.press(keys)

    @contextmanager
    def choosing_file(self, file: Path) -> Iterator[None]:
        """Gives this file to the chooser that is opened meanwhile."""
        with self.page.expect_file_chooser() as chooser:
            # Playwright asks for choosers to be caught and does not wait for that: what comes later is answered later
            self.page.evaluate("0")
            yield
        chooser.value.set_files(file)

    def edit(self, prompt: str = "a vase") -> None:
        """One whole edit."""
        head = self.state["head"]
        self.paint()
        self.write(prompt)
        self.generate()
        self.wait_for(f"doc.state.head !== {head!r}")
        self.wait_idle()

    def complained(self, words: str) -> None:
        """Take back the one complaint which the test caused on purpose."""
        [mine] = [complaint for complaint in self.complaints if words in complaint]
        self.complaints.remove(mine)

    # seeing things

    @property
    def state(self) -> dict[str, Any]:
        state: dict[str, Any] = self.page.evaluate("window.palimpsest.doc.state")
        return state

    @property
    def document(self) -> str:
        return str(self.page.evaluate("window.palimpsest.doc.id"))

    @property
    def mask_bounds(self) -> list[int] | None:
        bounds: list[int] | None = self.page.evaluate("window.palimpsest.doc.mask.bounds()")
        return bounds

    @property
    def stored(self) -> Pixels:
        """The document's picture as the server has it."""
        picture = self.server.session.picture(self.document)
        return picture.read(picture.box).pixels

    @property
    def digest(self) -> str:
        return str(self.server.session.picture(self.document).digest)

    def drawn(self) -> Pixels:
        """The picture as it stands on the canvas, uint8 (height, width, 3); it is zoomed to 100 % for it."""
        values = self.page.evaluate(
            """async () => {
                const { viewport, doc } = window.palimpsest;
                viewport.zoom(1);
                viewport.view.centre(doc.picture.box, viewport.room);
                viewport.invalidate();
                await new Promise(requestAnimationFrame);
                await new Promise(requestAnimationFrame);
                const [x, y, width, height] = viewport.view.viewportRect(doc.picture.box);
                return [width, height, viewport.below.getImageData(x, y, width, height).data.toString()];
            }"""
        )
        width, height, data = values
        return np.fromstring(data, np.uint8, sep=",").reshape(height, width, 4)[..., :3]

    def note(self) -> str:
        """The sentence of the note on screen, once there is one."""
        return str(self.page.locator(".note p").first.inner_text())

    def status(self, text: str) -> None:
        """Wait until the status line says this."""
        self.page.locator("#status .status").filter(has_text=text).wait_for()
