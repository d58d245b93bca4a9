// The start view: opens a picture, a document, a sample or a blank canvas.

import { dialog, h, icon, smallButton } from "../lib/dom.js";
import { addText, loadTexts } from "../lib/storage.js";
import { t } from "../lib/locale.js";
import { Unreachable } from "../net/responses.js";

const STORED = "palimpsest-documents";
const MAX_STORED = 200;
const MAX_SHOWN = 8; // documents, until the user asks for all
const SIZES = ["512 × 512", "768 × 512", "512 × 768", "1024 × 1024", "1280 × 720"];

/** The ids of the documents that this browser opened, the newest first. */
const recentDocuments = () => loadTexts(STORED);
export const rememberDocument = (id) => addText(STORED, id, MAX_STORED);

/** Lets the user choose a picture file; take(file) gets it. */
export function choosePicture(take) {
  const input = h("input", { type: "file", accept: "image/*", onchange: () => input.files[0] && take(input.files[0]) });
  input.click();
}

/**
 * server: of the lists and thumbnails. actions: { openFile(file), openSample(name), openDocument(id), blank(width, height),
 * note(sentence, action) }.
 */
export function startView(server, actions) {
  const input = h("input", {
    type: "file", accept: "image/*,.palimpsest", class: "file-input", "aria-hidden": "true", tabindex: -1, // the button opens it
    onchange: () => {
      if (input.files[0]) actions.openFile(input.files[0]);
      input.value = "";
    },
  });
  const open = h("button", { type: "button", class: "primary", onclick: () => input.click() }, icon("open"), t("start.open"));
  const blank = h("button", { type: "button", class: "secondary", onclick: () => askSize() }, t("start.blank"));
  const samples = h("div", { class: "cards samples" });
  const gallery = h("ul", { class: "cards gallery" });
  let all = false; // whether every document is shown, not just the newest
  const showAll = () => {
    all = true;
    refreshGallery();
  };
  const more = h("button", { type: "button", class: "secondary more", hidden: true, onclick: showAll });
  const sampleSection = h("section", { hidden: true }, h("h2", {}, t("start.samples")), samples);
  const gallerySection = h("section", { hidden: true }, h("h2", {}, t("start.documents")), gallery, more);
  const element = h(
    "div", // Gradio has a main already
    { class: "start" },
    h(
      "div",
      { class: "sheet" },
      h("h1", {}, "Palimpsest"),
      h("p", { class: "lead" }, t("start.lead")),
      h("div", { class: "drop" }, h("div", { class: "choices-row" }, open, blank), h("p", {}, t("start.drop")), input),
      gallerySection,
      sampleSection,
    ),
  );

  function askSize() {
    const sizes = h("div", { class: "sizes" }, ...SIZES.map((size) => h("button", { type: "button", class: "chip", onclick: () => begin(...size.split(" × ").map(Number)) }, size)));
    const [width, height] = [512, 512].map((value, i) => h("input", { type: "number", min: 64, max: 8192, value, "aria-label": t(i ? "start.height" : "start.width") }));
    const begin = (w, h) => {
      close();
      actions.blank(Math.round(w), Math.round(h));
    };
    const go = h("button", { type: "button", class: "primary", onclick: () => begin(Number(width.value), Number(height.value)) }, t("start.create"));
    const { close } = dialog(t("start.blank"), h("p", {}, t("start.blank_hint")), sizes, h("div", { class: "extent-row" }, width, "×", height, "px"), h("footer", {}, go));
  }

  const frame = (source) => h("span", { class: "frame" }, h("img", { src: source, alt: "", loading: "lazy", draggable: "false" }));

  function rename(entry) {
    const enter = (event) => {
      if (event.key !== "Enter") return;
      event.preventDefault(); // or it presses the button that has the focus next
      save();
    };
    const field = h("input", { type: "text", maxlength: 200, "aria-label": t("start.name"), onkeydown: enter });
    field.value = entry.name;
    const save = () => {
      close();
      if (field.value.trim() && field.value.trim() !== entry.name) act(() => server.renameDocument(entry.document, field.value.trim()));
    };
    const { close } = dialog(t("start.rename", { name: entry.name }), field, h("footer", {}, h("button", { type: "button", class: "primary", onclick: save }, t("start.save"))));
    field.select();
  }

  async function act(request) {
    try {
      await request();
    } catch (error) {
      actions.note(error.message);
    }
    await refreshGallery();
  }

  async function remove(entry) {
    await act(() => server.shelve(entry.document, "delete"));
    const back = { label: t("note.have_back"), press: () => act(() => server.shelve(entry.document, "restore")) };
    actions.note(t("start.deleted", { name: entry.name }), back);
  }

  function card(entry) {
    const when = new Date(entry.changed * 1000).toLocaleDateString(document.documentElement.lang, { day: "numeric", month: "short" });
    return h(
      "li",
      {},
      h("button", { type: "button", class: "card", onclick: () => actions.openDocument(entry.document) }, frame(server.url(`documents/${entry.document}/thumbnail`, { head: entry.head })), h("span", { class: "label" }, entry.name), h("span", { class: "detail" }, t(entry.steps === 1 ? "start.step" : "start.steps", { steps: entry.steps, when }))),
      h("span", { class: "tools" },
        smallButton("rename", t("start.rename", { name: entry.name }), () => rename(entry)),
        smallButton("duplicate", t("start.duplicate", { name: entry.name }), () => act(async () => rememberDocument((await server.shelve(entry.document, "duplicate")).document))),
        smallButton("clear", t("start.delete", { name: entry.name }), () => remove(entry))),
    );
  }

  async function refreshGallery() {
    const entries = await server.documents(recentDocuments());
    const shown = all ? entries : entries.slice(0, MAX_SHOWN);
    gallery.replaceChildren(...shown.map(card));
    more.hidden = shown.length === entries.length;
    more.textContent = t("start.all", { n: entries.length });
    gallerySection.hidden = !entries.length;
  }

  return {
    element,
    /** Lets the user choose a file to open. */
    chooseFile: () => input.click(),
    async refresh() {
      const documents = refreshGallery().catch((error) => {
        if (error instanceof Unreachable) throw error; // the samples say so too
        actions.note(error.message);
      });
      const [list] = await Promise.all([server.samples(), documents]);
      element.scrollTop = 0;
      samples.replaceChildren(
        ...list.map(({ name, title }) =>
          h("button", { type: "button", class: "card", onclick: () => actions.openSample(name) }, frame(server.url(`samples/${encodeURIComponent(name)}`)), h("span", { class: "label" }, title)),
        ),
      );
      sampleSection.hidden = !list.length;
    },
  };
}
