"""What stands around the canvas: queue, comparing, a step's card, the gallery, exports, keys, words and the tour."""

import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from editor.formats.export import recipe_of
from editor.formats.images import read_image
from editor.web.modules import MODULES
from tests.browser.hands import UNPACK, Hands, packed, photo
from tests.browser.test_history import row, rows, wait_rows

MODE = "window.palimpsest.compare.mode"


def generate(hands: Hands, prompt: str, x: float, y: float) -> None:
    hands.paint(x, y)
    hands.write(prompt)
    hands.generate()


def queued(hands: Hands) -> list[str]:
    titles: list[str] = hands.page.locator(".queue .title").all_inner_texts()
    return titles


def wait_queue(hands: Hands, wanted: list[str]) -> None:
    hands.page.wait_for_function(
        "wanted => JSON.stringify([...document.querySelectorAll('.queue .title')].map((e) => e.innerText)) === wanted",
        arg=json.dumps(wanted, separators=(",", ":")),
    )


def test_more_is_asked_for_while_one_runs_and_the_queue_is_the_users(hands: Hands, server: Any) -> None:
    hands.open_sample()
    hands.choose("slow")
    hands.press("Queue")
    for i, prompt in enumerate(("one", "two", "three", "four")):
        generate(hands, prompt, 80 + 50 * i, 100)
    wait_queue(hands, ["one", "two", "three", "four"])
    assert hands.page.evaluate("window.palimpsest.viewport.pendingMasks.length") == 4  # each mask is seen at its place
    server.slow.allow(2)
    hands.wait_for("doc.run?.index === 2")
    hands.page.get_by_role("button", name="Move up: four").click()
    wait_queue(hands, ["one", "two", "four", "three"])
    hands.page.get_by_role("button", name="Cancel: two").click()
    wait_queue(hands, ["one", "four", "three"])
    assert hands.page.evaluate("window.palimpsest.viewport.pendingMasks.length") == 3
    server.slow.allow(60)
    hands.wait_for("doc.state.running.length === 0")
    hands.wait_idle()
    document = hands.server.session.store.documents.get(hands.document)
    way = [state.edit.prompt for state in hands.server.store.revisions.path_to(document.head) if state.edit]
    assert way == ["one", "four", "three"]
    assert np.array_equal(hands.drawn(), hands.stored)


def test_an_edit_that_fails_does_not_take_the_others_with_it(hands: Hands) -> None:
    hands.open_sample()
    hands.choose("slow")
    generate(hands, "slow one", 80, 100)
    hands.choose("failing")
    generate(hands, "bad", 150, 100)
    hands.choose("noise")
    generate(hands, "good", 240, 100)
    hands.server.slow.allow(20)
    hands.wait_for("doc.state.running.length === 0")
    hands.wait_idle()
    document = hands.server.session.store.documents.get(hands.document)
    assert [state.edit.prompt for state in hands.server.store.revisions.path_to(document.head) if state.edit] == [
        "slow one",
        "good",
    ]
    hands.page.locator(".note p").first.wait_for()  # and it says why


def test_before_and_after(hands: Hands) -> None:
    hands.open_sample()
    before = hands.stored
    assert hands.page.get_by_role("button", name="Before and after, split").is_disabled()
    hands.edit()
    after = hands.stored
    hands.page.locator(".viewport").focus()
    hands.page.keyboard.down("\\")
    hands.page.wait_for_function(f"{MODE} === 'whole'")
    assert np.array_equal(hands.drawn(), before)
    hands.page.keyboard.up("\\")
    hands.page.wait_for_function(f"{MODE} === null")
    assert np.array_equal(hands.drawn(), after)
    hands.key("d")
    hands.page.wait_for_function(f"{MODE} === 'difference'")
    assert np.array_equal(hands.drawn(), np.abs(after.astype(int) - before).astype(np.uint8))
    hands.key("c")
    hands.page.wait_for_function(f"{MODE} === 'split'")
    line = hands.page.get_by_role("slider", name="Before and after")
    line.focus()
    for _ in range(60):
        hands.key("ArrowRight")
    assert float(line.get_attribute("aria-valuenow") or 0) == 98
    assert np.array_equal(hands.drawn(), before)  # the line stands right of the picture
    hands.key("c")  # the line still has the focus, and takes no letters
    hands.page.wait_for_function(f"{MODE} === null")
    hands.key("c")
    hands.page.wait_for_function(f"{MODE} === 'split'")
    hands.page.locator(".viewport").focus()
    hands.key("Escape")
    hands.page.wait_for_function(f"{MODE} === null")


def test_a_step_is_blended_anew_live_and_kept(hands: Hands) -> None:
    hands.tidy = False
    hands.open_sample()
    before = hands.stored
    hands.edit("a vase")
    hands.edit("a lamp")
    whole = hands.stored
    hands.press("History")
    wait_rows(hands, ["Original", "a vase", "a lamp"])
    hands.press("Blend")
    slider = hands.page.get_by_role("slider", name="Opacity")
    slider.focus()
    hands.key("Home")
    hands.wait_for("doc.picture.preview")
    assert len(hands.server.session.store.revisions.tree(hands.document)) == 3  # looked at, not made
    hands.page.locator(".blend").get_by_role("button", name="Cancel").click()
    hands.wait_for("!doc.picture.preview")
    assert np.array_equal(hands.drawn(), whole)
    hands.press("Blend")
    slider.focus()
    hands.key("Home")
    hands.press("Apply")
    hands.wait_for("doc.state.running.length === 0")
    hands.page.wait_for_function("document.querySelectorAll('.states .state').length === 4")
    hands.wait_idle()
    [step] = [hands.server.session.store.revisions.get(hands.state["head"])]
    assert step.edit.blend.opacity == 0
    assert not np.array_equal(hands.stored, whole) and not np.array_equal(hands.stored, before)


def test_a_step_is_changed_and_what_follows_is_made_again(hands: Hands) -> None:
    hands.tidy = False
    hands.open_sample()
    hands.edit("a vase")
    hands.paint(80, 60)
    hands.write("a lamp")
    head = hands.state["head"]
    hands.generate()
    hands.wait_for(f"doc.state.head !== {head!r}")
    hands.wait_idle()
    hands.press("History")
    wait_rows(hands, ["Original", "a vase", "a lamp"])
    old = hands.state["head"]
    row(hands, "a vase").get_by_role("button").first.click()
    hands.wait_for(f"doc.state.head !== {old!r}")
    hands.press("Edit step and replay")
    hands.page.locator(".amending").filter(has_text="a vase").wait_for()
    hands.wait_for("!doc.mask.empty")
    hands.page.wait_for_function("document.querySelector('#prompt input').value === 'a vase'")
    hands.write("a jug")
    hands.press("Generate")
    hands.page.wait_for_function("document.querySelectorAll('.states .state').length >= 4")
    assert hands.page.locator(".amending").is_hidden()
    hands.wait_idle()
    assert "a jug" in rows(hands) and "a vase" in rows(hands)


def test_a_steps_settings_are_taken_up(hands: Hands) -> None:
    hands.tidy = False
    hands.open_sample()
    hands.paint()
    hands.intend("Refine")
    hands.settings()
    hands.page.get_by_label("number input for Steps").fill("7")
    hands.key("Tab")
    hands.write("a vase")
    hands.generate()
    hands.wait_for("doc.state.can_undo")
    hands.wait_idle()
    seed = hands.server.session.store.revisions.get(hands.state["head"]).edit.seed
    hands.page.get_by_label("number input for Steps").fill("3")
    hands.key("Tab")
    hands.settings()
    hands.choose("flat")
    hands.intend("Fill")
    hands.write("something else")
    hands.press("History")
    hands.press("Use its settings")
    hands.page.wait_for_function("window.palimpsest.form.values.prompt === 'a vase'")
    values = hands.page.evaluate("window.palimpsest.form.values")
    taken = {name: values[name] for name in ("intent", "pipeline", "steps", "seed", "new_seed", "refine_strength")}
    wanted: dict[str, Any] = {"intent": "refine", "pipeline": "noise", "steps": 7, "seed": seed, "new_seed": True}
    assert taken == wanted | {"refine_strength": 0.9}
    hands.wait_value("[aria-label=Model]", "noise")


def test_a_recipe_is_saved_from_a_step(hands: Hands) -> None:
    hands.tidy = False
    hands.open_sample()
    hands.edit("a vase")
    hands.press("History")
    wait_rows(hands, ["Original", "a vase"])
    with hands.page.expect_download() as download:
        hands.page.get_by_role("link", name="Recipe").click()
    assert "a vase" in Path(download.value.path()).read_text()


def test_the_gallery_opens_renames_duplicates_and_deletes_with_a_way_back(hands: Hands) -> None:
    hands.open_sample()
    hands.edit()
    document = hands.document
    hands.press("Home")
    assert "doc=" not in hands.page.url
    cards = hands.page.locator(".gallery li")
    first = cards.first
    assert first.locator(".label").inner_text() == "Living room"
    assert first.locator(".detail").inner_text().startswith("1 step")
    first.hover()
    first.get_by_role("button", name="Rename").click()
    hands.page.get_by_role("dialog").get_by_label("Name").fill("<i>Mine</i>")
    hands.key("Enter")
    hands.page.locator(".gallery .label").filter(has_text="<i>Mine</i>").first.wait_for()
    assert hands.server.session.store.documents.get(document).name == "<i>Mine</i>"
    before = cards.count()
    first.hover()
    first.get_by_role("button", name="Duplicate").click()
    hands.page.locator(".gallery .label").filter(has_text="<i>Mine</i> copy").wait_for()
    copy = hands.server.session.store.documents.all()[0].id
    assert (
        copy != document and hands.server.session.picture(copy).digest == hands.server.session.picture(document).digest
    )
    mine = cards.filter(has=hands.page.get_by_text("<i>Mine</i> copy", exact=True))
    mine.hover()
    mine.get_by_role("button", name="Delete").click()
    hands.page.locator(".note p").filter(has_text="was deleted").wait_for()
    assert mine.count() == 0
    hands.page.locator(".note").get_by_role("button", name="Undo").click()
    mine.wait_for()
    assert cards.count() in (before, before + 1)
    cards.filter(has=hands.page.get_by_text("<i>Mine</i>", exact=True)).locator(".card").click()
    hands.wait_idle()
    assert hands.document == document


def test_a_document_is_renamed_in_the_bar(hands: Hands) -> None:
    hands.open_sample()
    hands.page.locator("button.document-name").click()
    hands.page.keyboard.type("Kitchen")
    hands.key("Enter")
    hands.wait_for("doc.state.name === 'Kitchen'")
    assert hands.page.title().startswith("Kitchen")


def test_a_picture_from_words_alone(hands: Hands) -> None:
    hands.press("Blank canvas")
    hands.page.get_by_role("dialog").get_by_label("Width").fill("300")
    hands.page.get_by_role("dialog").get_by_label("Height").fill("200")
    hands.press("Create")
    hands.wait_idle()
    hands.wait_for("!doc.mask.empty")
    assert hands.mask_bounds == [0, 0, 300, 200]
    assert hands.page.evaluate("document.activeElement.closest('#prompt') !== null")
    hands.page.keyboard.type("a beach")
    hands.generate()
    hands.wait_for("doc.state.can_undo")
    hands.wait_idle()
    assert np.array_equal(hands.drawn(), hands.stored) and (hands.stored != 0).any()


@pytest.mark.parametrize("kind", ["JPEG", "WebP", "TIFF", "AVIF", "OpenRaster", "Palimpsest"])
def test_every_kind_of_file_is_saved(hands: Hands, kind: str) -> None:
    hands.open_sample()
    hands.edit()
    with hands.page.expect_download() as download:
        hands.save_as(kind)
    name, file = download.value.suggested_filename, Path(download.value.path())
    if kind == "OpenRaster":
        assert name.endswith(".ora") and "stack.xml" in zipfile.ZipFile(file).namelist()
    elif kind == "Palimpsest":
        assert name.endswith(".palimpsest")
    else:
        assert read_image(file.read_bytes()).pixels.shape == hands.stored.shape


def test_quality_and_recipe_are_the_users(hands: Hands) -> None:
    hands.open_sample()
    hands.edit("a secret vase")
    hands.press("Export")
    dialog = hands.page.get_by_role("dialog")
    hands.page.locator(".kind").filter(has_text="JPEG").click()
    sizes = []
    for key in ("Home", "End"):
        dialog.get_by_role("slider", name="Quality").focus()
        hands.key(key)
        with hands.page.expect_download() as download:
            hands.press("Save")
        data = Path(download.value.path()).read_bytes()
        sizes.append(len(data))
        assert "secret vase" in (recipe_of(data) or "")
    assert sizes[1] > 2 * sizes[0]
    dialog.get_by_label("Embed recipe").uncheck()
    with hands.page.expect_download() as download:
        hands.press("Save")
    assert recipe_of(Path(download.value.path()).read_bytes()) is None
    dialog.get_by_role("button", name="Close", exact=True).click()


def test_the_picture_goes_to_the_clipboard(hands: Hands) -> None:
    hands.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    hands.open_sample()
    hands.edit()
    hands.press("Export")
    hands.press("Copy")
    hands.page.locator(".note p").filter(has_text="clipboard").wait_for()
    pasted = hands.page.evaluate(
        """async () => {
            const [item] = await navigator.clipboard.read();
            const image = await createImageBitmap(await item.getType("image/png"));
            return [image.width, image.height];
        }"""
    )
    assert pasted == [320, 270]


def test_every_key_is_listed_and_can_be_another(hands: Hands) -> None:
    hands.tidy = False
    hands.open_sample()
    hands.page.locator(".viewport").focus()
    hands.key("?")
    dialog = hands.page.get_by_role("dialog")
    commands = hands.page.evaluate(
        f"import('/{MODULES}app/bindings.js').then(({{ DEFAULTS }}) => Object.keys(DEFAULTS))"
    )
    assert dialog.get_by_role("button", name="Change the key").count() == len(commands)
    dialog.get_by_role("button", name="Lasso:").click()
    hands.key("e")
    dialog.get_by_text("That key no longer means “Eraser”").wait_for()
    dialog.get_by_role("button", name="Close", exact=True).click()
    hands.page.locator(".viewport").focus()
    hands.key("e")
    assert hands.page.evaluate("window.palimpsest.tool.name") == "lasso"
    hands.reload()
    hands.wait_idle()
    hands.key("e")
    assert hands.page.evaluate("window.palimpsest.tool.name") == "lasso"
    hands.page.evaluate("document.body.dispatchEvent(new KeyboardEvent('keydown', { key: '?', bubbles: true }))")
    hands.press("Reset the keys")
    dialog.get_by_role("button", name="Close", exact=True).click()
    hands.key("e")
    assert hands.page.evaluate("window.palimpsest.tool.name") == "eraser"


def test_prompts_used_before_are_a_list_to_search(hands: Hands) -> None:
    """By the keyboard and by the pointer; what is taken is not sent, and what is removed stays away."""
    hands.open_sample()
    for prompt in ("a cup of tea", "a red couch", "a green couch", "a cup of tea"):
        hands.edit(prompt)
    listed = hands.page.get_by_role("listbox", name="Recent prompts").get_by_role("option")
    field, head = hands.prompt, hands.state["head"]
    field.fill("something else")
    hands.key("Alt+ArrowDown")
    assert listed.all_text_contents() == ["a cup of tea", "a green couch", "a red couch"]
    search = hands.page.get_by_role("combobox", name="Search recent prompts")
    assert search.evaluate("(field) => field === document.activeElement")
    hands.page.keyboard.type("couch re")
    assert listed.all_text_contents() == ["a green couch", "a red couch"]  # "gREen"
    hands.page.keyboard.type("d")
    assert listed.all_text_contents() == ["a red couch"]
    for _ in range(2):
        hands.key("Backspace")
    hands.key("ArrowDown")
    assert listed.nth(1).get_attribute("aria-selected") == "true"
    hands.key("Enter")
    assert search.is_hidden() and field.input_value() == "a red couch"
    assert field.evaluate("(field) => field === document.activeElement")
    assert hands.state["head"] == head and not hands.page.evaluate("window.palimpsest.doc.busy")
    hands.wait_for("doc.draftEditor.prompts?.prompt === 'a red couch'")  # the form has it too
    hands.press("Recent prompts")
    hands.key("Home")
    hands.key("Delete")
    assert listed.all_text_contents() == ["a green couch", "a red couch"]
    listed.filter(has_text="green").locator(".remove").click()
    assert listed.all_text_contents() == ["a red couch"]
    hands.key("Escape")
    assert search.is_hidden() and field.input_value() == "a red couch"
    hands.reload()
    hands.wait_idle()
    hands.press("Recent prompts")
    listed.filter(has_text="a red couch").click()
    assert search.is_hidden()
    hands.press("Recent prompts")
    hands.page.keyboard.type("zebra")
    hands.page.get_by_text("No prompt matches.").wait_for()
    hands.page.mouse.click(*hands.client(100, 100))
    assert search.is_hidden() and hands.mask_bounds is not None  # one click closed the list, and painted


def test_known_words_are_offered_and_strange_ones_marked(hands: Hands) -> None:
    hands.open_sample()
    field = hands.prompt
    (word,) = hands.page.evaluate("window.palimpsest.form.model.info.words")
    field.fill(f"a {word[:-1]}")
    hands.page.get_by_role("option", name=word, exact=True).click()
    assert field.input_value() == f"a {word}"
    hands.write("a zebra and a cup")
    hands.page.locator(".strange").filter(has_text="zebra").wait_for()
    hands.edit("a zebra")  # it is marked, not refused


def test_the_first_steps_are_shown_once(hands: Hands) -> None:
    hands.tidy = False
    page = hands.page.context.browser.new_context().new_page()
    page.goto(hands.server.url)
    page.get_by_role("button", name="Living room").last.click()
    tour = page.get_by_role("dialog", name="First steps")
    for _ in range(3):
        tour.get_by_role("button", name="Next").click()
    tour.get_by_role("button", name="Begin").click()
    assert tour.count() == 0
    page.reload()
    page.wait_for_function("window.palimpsest?.ready && window.palimpsest.doc?.draft")
    assert tour.count() == 0
    page.context.close()


def test_a_notification_says_when_it_is_done_in_another_tab(hands: Hands, server: Any) -> None:
    hands.page.context.grant_permissions(["notifications"])
    hands.open_sample()
    hands.choose("slow")
    generate(hands, "a vase", 150, 100)
    hands.page.evaluate(
        """() => {
            window.values = [];
            window.Notification = class {
                static permission = "granted";
                constructor(...said) { window.values.push(said); }
            };
            Object.defineProperty(document, "hidden", { get: () => true, configurable: true });
            document.dispatchEvent(new Event("visibilitychange"));
        }"""
    )
    server.slow.allow(20)
    hands.page.wait_for_function("window.values.length === 1")
    assert hands.page.evaluate("window.values[0][0]") == "Done"
    assert hands.page.title().startswith("✓")


def test_the_view_is_as_it_was_after_a_reload(hands: Hands) -> None:
    hands.open_pixels(photo(900, 700))
    hands.page.mouse.move(*hands.client(200, 150))
    hands.page.mouse.wheel(0, -300)
    hands.page.wait_for_function("!window.palimpsest.viewport.fitted")
    view = "(() => { const { scale, x, y } = window.palimpsest.viewport.view; return [scale, x, y]; })()"
    kept = hands.page.evaluate(view)
    hands.page.evaluate(
        """async (modules) => {
            const { loadDraft } = await import(`/${modules}draft/draft-storage.js`);
            const kept = async () => (await loadDraft(window.palimpsest.doc.id))?.view;
            while ((await kept())?.fitted !== false) await new Promise(requestAnimationFrame);
        }""",
        MODULES,
    )
    hands.reload()
    hands.wait_idle()
    hands.page.wait_for_function("!window.palimpsest.viewport.fitted")
    assert hands.page.evaluate(view) == kept


def test_a_model_is_switched_without_losing_anything(hands: Hands) -> None:
    hands.open_sample()
    hands.paint()
    mask = hands.mask_bounds
    hands.write("a vase")
    hands.choose("flat")
    assert hands.mask_bounds == mask
    assert hands.prompt.input_value() == "a vase"


def test_a_pasted_picture_opens_beside_what_is_open(hands: Hands, tmp_path: Path) -> None:
    hands.open_sample()
    document = hands.document
    Image.new("RGB", (40, 30), (1, 2, 3)).save(tmp_path / "one.png")
    hands.page.evaluate(
        f"""bytes => {{
            const clipboardData = new DataTransfer();
            clipboardData.items.add(new File([({UNPACK})(bytes)], "one.png", {{ type: "image/png" }}));
            document.dispatchEvent(new ClipboardEvent("paste", {{ clipboardData, bubbles: true }}));
        }}""",
        packed((tmp_path / "one.png").read_bytes()),
    )
    hands.page.get_by_role("dialog").get_by_role("button", name="Open", exact=True).click()
    hands.wait_for(f"doc.id !== {document!r} && doc.draft")
    assert hands.page.evaluate("window.palimpsest.doc.picture.box") == [0, 0, 40, 30]
    assert hands.server.session.store.documents.get(document)
