// The editor in the page: puts the parts together, opens documents, and lets keys, buttons and the form reach them.

import { LARGEST, palette, SMALLEST, topBar } from "./bars.js";
import { h } from "./dom.js";
import { historyPanel } from "./history.js";
import { listen } from "./keys.js";
import { Notices } from "./notices.js";
import { OpenDocument } from "./open-document.js";
import { Pointer } from "./pointer.js";
import { Server } from "./server.js";
import { remember } from "./settings.js";
import { Stage } from "./stage.js";
import { variationTray } from "./variations.js";
import { acceptDrops, rememberDocument, startView } from "./start.js";
import { rested } from "./time.js";
import { zoomStop } from "./view.js";

const HINT_MS = 250; // typing rests for so long before the words are looked at
const BRUSH = 0.06; // of the picture's longest side: the brush's diameter at first

class Editor {
  constructor(root) {
    this.server = new Server(new URL("../", import.meta.url));
    this.tool = { name: "brush", diameter: 48, get radius() { return this.diameter / 2; } };
    this.doc = null; // OpenDocument
    this.hint = rested(HINT_MS, (pipeline, prompt) => this.#askHint(pipeline, prompt));
    this.#build(root);
    this.stage.onview = () => this.#refresh();
    this.pointer = new Pointer(this.stage, this.tool, {
      begin: () => this.doc?.beginStroke(),
      segment: (...line) => this.doc?.stroke(...line, this.tool.radius, this.tool.name === "brush" ? 255 : 0),
      end: () => this.doc?.endStroke(),
    });
    this.#listen();
  }

  #build(root) {
    this.bar = topBar({
      home: () => this.home(), undo: () => this.doc?.undo(), redo: () => this.doc?.redo(), fit: () => this.stage.fit(),
      zoom: (direction) => this.zoom(direction), actual: () => this.stage.zoom(1), history: () => this.toggleHistory(),
      download: () => this.download(),
    });
    this.tools = palette({
      tool: (name) => this.choose(name), size: (diameter) => this.size(diameter),
      clear: () => this.doc?.clearMask(), recall: () => this.doc?.recall(),
    });
    this.start = startView(this.server, {
      openFile: (file) => this.openFile(file), openSample: (name) => this.open(this.server.openSample(name)),
      openDocument: (id) => this.openDocument(id),
    });
    this.history = historyPanel(this.server, {
      show: (revision) => this.doc?.visit(revision), rename: (revision, name) => this.doc?.rename(revision, name),
      discard: (node) => this.doc?.discard(node), reuse: (node) => this.reuse(node), close: () => this.toggleHistory(),
    });
    this.tray = variationTray(this.server, {
      peek: (revision) => this.doc?.peek(revision), pick: (revision) => this.doc?.visit(revision),
    });
    const ground = h("div", {
      class: "stage", tabindex: 0, role: "application",
      "aria-label": "Picture. Paint with the brush over what should change; space and drag moves, the wheel zooms.",
    });
    this.veil = h("div", { class: "veil", hidden: true }, h("p", {}, "Drop to open"));
    root.replaceChildren(ground, this.bar.element, this.tools.element, this.history.element, this.tray.element, this.start.element, this.veil);
    this.stage = new Stage(ground);
    this.notices = new Notices(root);
  }

  #listen() {
    acceptDrops((file) => this.openFile(file), (over) => (this.veil.hidden = !over), () => this.doc === null);
    listen(
      {
        b: () => this.choose("brush"), e: () => this.choose("eraser"),
        "[": () => this.size(this.tool.diameter / 1.15 - 1), "]": () => this.size(this.tool.diameter * 1.15 + 1),
        0: () => this.stage.fit(), 1: () => this.stage.zoom(1), "+": () => this.zoom(1), "=": () => this.zoom(1), "-": () => this.zoom(-1),
        h: () => this.toggleHistory(), x: () => this.doc.clearMask(), l: () => this.doc.recall(), "/": () => document.querySelector("#prompt :is(input, textarea)")?.focus(),
        "Ctrl+z": () => this.doc.undo(), "Ctrl+Shift+z": () => this.doc.redo(), "Ctrl+y": () => this.doc.redo(),
        "Ctrl+Enter": () => document.querySelector("#generate")?.click(), Escape: () => this.doc.cancel(),
      },
      ["Ctrl+Enter", "Escape"],
      (down) => this.pointer.setHand(down),
      () => this.doc !== null,
    );
    // a click must not leave the focus on a button: the next space bar would press it again instead of moving the picture
    this.stage.root.parentElement.addEventListener("click", ({ detail, target }) => {
      const stays = document.activeElement?.closest("input"); // a button may have opened a field
      if (this.doc && detail > 0 && target.closest("button") && !stays) this.stage.root.focus({ preventScroll: true });
    });
    document.addEventListener("visibilitychange", () => this.doc?.follower.rest(document.hidden));
  }

  // --- documents

  openFile(file) {
    return this.open(this.server.openFile(file));
  }

  /** Show the document whose state `coming` brings; false when it does not come. */
  async open(coming) {
    document.documentElement.toggleAttribute("data-opening", true);
    try {
      const state = await coming;
      this.doc?.close();
      this.notices.clear();
      for (const note of state.notes ?? []) this.notices.note(note, note, "info");
      rememberDocument(state.document, state.name);
      this.#address(state.document);
      document.documentElement.dataset.view = "edit";
      this.stage.root.focus({ preventScroll: true });
      this.stage.fitted = true;
      this.doc = null;
      this.doc = new OpenDocument(state, {
        server: this.server, stage: this.stage, notices: this.notices,
        changed: (what) => this.#changed(what), gone: (error) => this.home(error.message),
      });
      this.doc.follower.rest(document.hidden);
      this.#refresh();
      return true;
    } catch (error) {
      this.notices.note(error.message, "open");
      return false;
    } finally {
      document.documentElement.toggleAttribute("data-opening", false);
    }
  }

  async openDocument(id) {
    if (!(await this.open(this.server.state(id)))) this.home(null);
  }

  /** Back to the start view. sentence: why, "" when the user wished it, null to leave the notes as they are. */
  home(sentence = "") {
    this.doc?.close();
    this.doc = null;
    if (sentence !== null) this.notices.clear();
    if (sentence) this.notices.note(sentence, "open");
    this.notices.status("");
    this.notices.progress(null);
    this.#address(null);
    document.title = "Palimpsest";
    document.documentElement.dataset.view = "start";
    this.#refresh();
    this.start.refresh().catch((error) => this.notices.note(error.message, "server"));
  }

  #address(id) {
    const url = new URL(location.href);
    if (id) url.searchParams.set("doc", id);
    else url.searchParams.delete("doc");
    history.replaceState(null, "", url);
  }

  download() {
    const revision = this.doc?.picture.revision;
    if (revision) h("a", { href: this.server.download(revision), download: "" }).click();
  }

  // --- the history

  toggleHistory() {
    this.history.element.hidden = this.history.open;
    document.documentElement.toggleAttribute("data-history", this.history.open);
    this.#refresh();
  }

  /** A step's mask and words again, to be changed and sent. */
  async reuse(node) {
    await this.doc?.reuse(node);
    setField("#prompt :is(input, textarea)", node.wish.prompt);
  }

  // --- tools

  choose(name) {
    this.tool.name = name;
    this.#refresh();
  }

  size(diameter) {
    this.tool.diameter = Math.min(LARGEST, Math.max(SMALLEST, Math.round(diameter)));
    this.#refresh();
  }

  zoom(direction) {
    this.stage.zoom(zoomStop(this.stage.view.scale, direction));
  }

  // --- the form, which is Gradio's

  /**
   * settings: { prompt, negative_prompt, pipeline, steps, guidance, new_seed, seed, feather, variations, strength,
   * opacity }. Returns the seed used, for the form to show.
   */
  async generate({ new_seed, ...wish }) {
    if (!this.doc || this.doc.busy) return wish.seed;
    this.pointer.finish();
    if (new_seed || !Number.isInteger(wish.seed)) wish.seed = crypto.getRandomValues(new Uint32Array(1))[0];
    if (!(await this.doc.submit(wish))) {
      const again = this.doc.recallable ? ", or press L for the last mask" : "";
      this.notices.status(`Paint over what should change first${again}.`);
      this.stage.root.focus({ preventScroll: true });
    }
    return wish.seed;
  }

  cancel() {
    return this.doc?.cancel();
  }

  settingsChanged(settings) {
    remember(settings);
    this.hint(settings.pipeline, settings.prompt);
  }

  async #askHint(pipeline, prompt) {
    this.asked = prompt;
    const { hint } = prompt.trim() ? await this.server.hint(pipeline, prompt).catch(() => ({ hint: "" })) : { hint: "" };
    if (this.asked === prompt) this.notices.hint(hint);
  }

  // --- what is on screen

  #changed({ opened = false } = {}) {
    if (opened) this.size(Math.max(8, BRUSH * Math.max(...this.stage.picture.box.slice(2))));
    else this.#refresh();
  }

  /** Buttons and marks follow what is possible now. */
  #refresh() {
    const { doc, stage, tool } = this;
    document.documentElement.toggleAttribute("data-busy", Boolean(doc?.busy));
    this.bar.show({
      name: doc?.state.name ?? "", canUndo: Boolean(doc?.canUndo), canRedo: Boolean(doc?.canRedo), scale: stage.view.scale,
      historyOpen: this.history.open,
    });
    this.tools.show({
      tool: tool.name, diameter: tool.diameter, painted: Boolean(doc?.mask && !doc.mask.empty), recallable: Boolean(doc?.recallable),
    });
    if (doc && this.history.open) doc.askTree().then((tree) => tree && this.doc === doc && this.history.show(tree, doc.state.head, doc.state.tip));
    if (doc) document.title = doc.run?.total ? `${doc.run.index}/${doc.run.total} · ${doc.state.name}` : `${doc.state.name} · Palimpsest`;
    this.tray.show(doc && !doc.busy ? doc.state.variations : [], doc?.state.head);
    this.stage.cover(this.history.open ? this.history.element.offsetWidth : 0, this.tray.element.offsetHeight);
    this.pointer?.refresh();
  }
}

/** Write into a field of Gradio's as somebody who types does. */
function setField(selector, text) {
  const field = document.querySelector(selector);
  if (!field) return;
  field.value = text;
  field.dispatchEvent(new Event("input", { bubbles: true }));
}

/** Called once by the component; leaves the editor at window.palimpsest. */
export async function mount(element) {
  const editor = new Editor(element.querySelector(".palimpsest"));
  window.palimpsest = editor;
  while (!document.querySelector("#status .status")) await new Promise(requestAnimationFrame); // the dock is Gradio's
  const id = new URL(location.href).searchParams.get("doc");
  if (id) await editor.openDocument(id);
  else editor.home();
  editor.ready = true;
}
