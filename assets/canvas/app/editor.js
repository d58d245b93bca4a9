// The editor in the page: puts the parts together, opens documents, and lets keys, buttons and the form reach them.

import { palette, TOOLS, topBar } from "../panels/toolbar.js";
import { Bindings } from "./bindings.js";
import { Compare } from "../viewport/compare.js";
import { dockReady } from "./dock.js";
import { h, labelKeys } from "../lib/dom.js";
import { acceptPictures } from "../panels/drop-and-paste.js";
import { EditForm } from "./edit-form.js";
import { helpDialog } from "../panels/help.js";
import { historyPanel } from "../panels/history.js";
import { isField, listen } from "./keys.js";
import { loadMask, saveMask } from "../draft/mask-files.js";
import { askPermission, canAskPermission, Notifications, notifyBrowser, percentDone } from "./notifications.js";
import { OpenDocument } from "../document/open-document.js";
import { duration, Eta } from "./eta.js";
import { Pointer } from "../viewport/pointer.js";
import { queuePanel } from "../panels/queue-panel.js";
import { Server } from "../net/server.js";
import { Viewport } from "../viewport/viewport.js";
import { rememberDocument, startView } from "../panels/start.js";
import { LARGEST, optionStrip, SMALLEST } from "../panels/tool-options.js";
import { targetOf } from "../viewport/target.js";
import { makeTools } from "../viewport/tools.js";
import { tour } from "../panels/tour.js";
import { variationTray } from "../panels/variations.js";
import { verbsOf } from "./commands.js";
import { zoomStop } from "../viewport/view.js";
import { learn, spoken, t } from "../lib/locale.js";
import { progressOf } from "../document/job-queue.js";

const BRUSH = 0.06; // of the picture's longest side: the brush's diameter at first

class Editor {
  constructor(root) {
    this.root = root;
    this.server = new Server(new URL("../../", import.meta.url));
    this.bindings = new Bindings();
    this.eta = new Eta();
    this.tool = { name: "brush", diameter: 48, hardness: 1, tolerance: 24, colour: "#c8553d", get radius() { return this.diameter / 2; } };
    this.doc = null; // OpenDocument
    this.verbs = verbsOf(this);
    this.#build();
    this.form = new EditForm(this.server, this.notifications, () => this.doc?.plan.refresh());
    this.viewport.onview = () => {
      this.#refresh();
      this.doc?.draftEditor.saveView();
    };
    this.tools = makeTools(targetOf(this));
    this.pointer = new Pointer(this.viewport, () => ({ name: this.toolName, tool: this.tools[this.toolName], radius: this.tool.radius }));
    this.waiting = false;
    this.held = "brush"; // the tool in hand before a step was changed
    this.compare = new Compare(this.viewport, () => this.#refresh());
    this.#listen();
  }

  #build() {
    const { verbs } = this;
    this.bar = topBar(verbs);
    this.palette = palette({ choose: (name) => this.choose(name) });
    this.strip = optionStrip({
      size: (diameter) => this.size(diameter), hardness: (share) => this.set("hardness", share), tolerance: (levels) => this.set("tolerance", levels),
      colour: (css) => this.set("colour", css), widen: (aspect) => this.widen(aspect),
      grow: (px) => this.doc?.masks.change("grow", px), shrink: (px) => this.doc?.masks.change("shrink", px), soften: (px) => this.doc?.masks.change("soften", px),
      all: verbs.all, invert: verbs.invert, clear: verbs.clear, recall: verbs.recall,
      loadMask: (file) => loadMask(file, this.doc, this.server).then((said) => said && this.notifications.note(said, "mask", "info")).catch((error) => this.notifications.note(error.message, "mask")), saveMask: () => saveMask(this.doc),
    });
    this.start = startView(this.server, {
      openFile: (file) => this.openFile(file), openSample: (name) => this.open(this.server.openSample(name)), openDocument: (id) => this.openDocument(id),
      blank: (width, height) => this.blank(width, height), said: (sentence, action) => this.notifications.note(sentence, "start", action ? "info" : "error", action),
    });
    this.history = historyPanel(this.server, {
      show: (revision) => this.doc?.history.visit(revision), rename: (revision, name) => this.doc?.history.rename(revision, name),
      discard: (node) => this.doc?.history.discard(node), reuse: (node) => this.reuse(node), amend: (node) => this.amend(node), recall: (node) => this.form.recall(node.edit),
      compare: (node) => this.compare.show(this.doc, "split", node.parent), refresh: () => this.doc && this.#showTree(true),
      look: (node) => this.look(node), tryBlend: (node, blend) => this.doc?.blend.preview(node?.revision, blend), reblend: (node, blend) => this.doc?.blend.apply(node.revision, blend), after: (node) => this.#after(node),
      close: () => this.toggleHistory(),
    });
    this.tray = variationTray(this.server, { peek: (revision) => this.doc?.display.peek(revision), pick: (revision) => this.doc?.history.visit(revision) });
    this.queue = queuePanel({ cancel: (group) => this.doc?.queue.cancel(group), sooner: (group) => this.doc?.queue.moveUp(group), tell: () => askPermission().then(() => this.#refresh()) });
    this.amended = h("p", {});
    const stop = h("button", { type: "button", class: "text-button", onclick: () => this.doc?.amendment.stop() }, t("amend.stop"));
    this.amendBar = h("div", { class: "amending", role: "status", hidden: true }, this.amended, stop);
    const ground = h("div", { class: "viewport", tabindex: 0, role: "application", "aria-label": t("viewport.label") });
    this.veil = h("div", { class: "veil", hidden: true }, h("p", {}, t("start.veil")));
    this.root.replaceChildren(
      ground, this.bar.element, this.palette.element, this.strip.element, this.history.element,
      h("div", { class: "above-dock" }, this.queue.element, this.amendBar, this.tray.element), this.start.element, this.veil,
    );
    this.viewport = new Viewport(ground);
    this.notifications = new Notifications(this.root);
  }

  /** The tool in hand: with the intent to expand, it is the frame. */
  get toolName() {
    if (this.form.intent === "expand") return "frame";
    return this.available.includes(this.tool.name) ? this.tool.name : "brush";
  }

  get available() {
    const { intent } = this.form;
    if (intent === "expand") return [];
    const not = intent === "sketch" ? ["wand", "edge"] : ["picker"];
    return TOOLS.filter((name) => !not.includes(name));
  }

  get sketching() {
    return this.form.intent === "sketch";
  }

  /** What strokes go to: the sketch when one is drawn, else the mask. */
  get layer() {
    return this.sketching ? this.doc?.draft?.sketch : this.doc?.draft?.mask;
  }

  /** The sketch's colour as a canvas has it: red in the lowest byte, opaque. */
  get ink() {
    const [red, green, blue] = [1, 3, 5].map((at) => Number.parseInt(this.tool.colour.slice(at, at + 2), 16));
    return ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0;
  }

  #listen() {
    acceptPictures({ open: (file) => this.openFile(file), say: (sentence, kind) => this.notifications.note(sentence, "drop", kind), over: (hovers) => (this.veil.hidden = !hovers) });
    listen(this.bindings, this.verbs, { before: () => this.beside(null) }, (down) => this.pointer.setHand(down), () => this.doc !== null);
    // a click must not leave the focus on a button: the next space bar would press it again instead of moving the picture
    this.root.addEventListener("click", ({ detail, target }) => {
      const stays = document.activeElement?.closest("input, dialog, [popover]"); // a button may have opened a field
      if (this.doc && detail > 0 && target.closest("button") && !target.closest("dialog, [popover], .tour") && !stays) this.viewport.root.focus({ preventScroll: true });
    });
    document.addEventListener("visibilitychange", () => {
      this.doc?.follower.rest(document.hidden);
      if (!document.hidden) this.ended = null;
      this.#refresh();
    });
    window.addEventListener("pagehide", () => {
      this.doc?.submission.giveUp();
      this.doc?.draftEditor.saveView.now();
      this.doc?.draftEditor.save.now();
    });
  }

  // --- documents

  /** The document that is shown stays on the start page; where something is painted on it, a note leads back. */
  async openFile(file) {
    const left = this.doc?.draft && !this.doc.draft.empty ? { id: this.doc.id, name: this.doc.state.name } : null;
    const opened = await this.open(this.server.openFile(file));
    if (opened && left) this.notifications.note(t("note.left", left), "left", "info", { label: t("note.go_back"), press: () => this.openDocument(left.id) });
    return opened;
  }

  /** Show the document whose state `coming` brings; false when it does not come. */
  async open(coming) {
    document.documentElement.toggleAttribute("data-opening", true);
    try {
      const state = await coming;
      this.#leave();
      this.notifications.clear();
      for (const note of state.notes ?? []) this.notifications.note(note, note, "info");
      rememberDocument(state.document);
      this.#address(state.document);
      document.documentElement.dataset.view = "edit";
      this.viewport.root.focus({ preventScroll: true });
      this.viewport.fitted = true;
      this.doc = new OpenDocument(state, {
        server: this.server, viewport: this.viewport, notifications: this.notifications, eta: this.eta, request: () => this.form.request(),
        changed: (what) => this.#changed(what), gone: (error) => this.home(error.message), ended: (status) => this.#ended(status),
        restored: (prompts) => this.form.restorePrompts(prompts), amended: () => this.#amended(),
      });
      this.doc.follower.rest(document.hidden);
      this.#refresh();
      tour(this.root);
      return true;
    } catch (error) {
      this.notifications.note(error.message, "open");
      return false;
    } finally {
      document.documentElement.toggleAttribute("data-opening", false);
    }
  }

  async openDocument(id) {
    if (!(await this.open(this.server.state(id)))) this.home(null);
  }

  /** A picture of which nothing is known, to be drawn from words alone. */
  async blank(width, height) {
    if (!(await this.open(this.server.blank(width, height, t("start.untitled"))))) return;
    this.form.intend("fill");
    this.paintAll = true;
    this.verbs.prompt();
  }

  #leave() {
    this.pointer.drop();
    this.compare?.stop();
    this.history.stop();
    this.doc?.close();
    this.doc = null;
    this.form.clearPrompts();
  }

  /** Back to the start view, whose lists are there when this is done. sentence: why, "" when the user asked for it, null to
   *  leave the notes as they are. */
  home(sentence = "") {
    this.#leave();
    if (sentence !== null) this.notifications.clear();
    if (sentence) this.notifications.note(sentence, "open");
    this.notifications.status("");
    this.notifications.plan(null);
    this.notifications.specks(0);
    this.notifications.progress(null);
    this.#address(null);
    document.title = "Palimpsest";
    document.documentElement.dataset.view = "start";
    this.#refresh();
    return this.start.refresh().catch((error) => this.notifications.note(error.message, "server"));
  }

  #address(id) {
    const url = new URL(location.href);
    if (id) url.searchParams.set("doc", id);
    else url.searchParams.delete("doc");
    history.replaceState(null, "", url);
  }

  #ended(status) {
    if (document.hidden && this.doc && !this.doc.run) {
      this.ended = status;
      notifyBrowser(t(`tell.${status}`), this.doc.state.name);
    }
  }

  // --- the history

  toggleHistory() {
    this.history.stop();
    this.history.element.hidden = this.history.open;
    document.documentElement.toggleAttribute("data-history", this.history.open);
    this.#refresh();
  }

  /** A step's mask and words again, to be changed and sent. */
  async reuse(node) {
    this.form.put({ prompt: node.edit.prompt });
    await this.doc?.masks.reuse(node);
  }

  /** The next edit changes this step: its mask, words and settings are taken up, and the user's own laid aside. */
  async amend(node) {
    if (!this.look(node)) return;
    this.held = this.tool.name;
    if (this.history.open && this.#covered) this.toggleHistory();
    this.form.amend(node.edit);
    await this.doc.amendment.start(node);
  }

  #amended() {
    this.form.takeBack();
    this.choose(this.held);
  }

  /** Look at a step whose blend or edit is to be changed, null: no more. False where it cannot be changed now. */
  look(node) {
    const { doc } = this;
    if (!doc || (node && !doc.amendment.mayStart())) return false;
    this.compare.stop();
    if (node) this.history.stop();
    if (node && doc.amendment.step) doc.amendment.stop();
    doc.display.look(node?.revision ?? null);
    return true;
  }

  /** Whether the history leaves nothing of the picture to be seen, as on a phone. */
  get #covered() {
    return innerWidth <= this.history.element.offsetWidth;
  }

  // --- tools

  choose(name) {
    this.pointer.drop();
    this.tool.name = name;
    this.#refresh();
  }

  set(setting, value) {
    this.tool[setting] = value;
    this.#refresh();
  }

  size(diameter) {
    this.set("diameter", Math.min(LARGEST, Math.max(SMALLEST, Math.round(diameter))));
  }

  zoom(direction) {
    this.viewport.zoom(zoomStop(this.viewport.view.scale, direction));
  }

  /** Widen the frame to an aspect such as "16:9", about the picture's middle; null: the picture as it is. */
  widen(aspect) {
    const box = this.doc?.picture.box;
    if (!box) return;
    if (!aspect) {
      this.doc.frame.set(null);
      this.viewport.fit();
      return;
    }
    const [across, down] = aspect.split(":").map(Number);
    const [x, y, width, height] = box;
    const [w, h] = [Math.max(width, Math.round((height * across) / down)), Math.max(height, Math.round((width * down) / across))];
    this.doc.frame.set([x - Math.floor((w - width) / 2), y - Math.floor((h - height) / 2), w, h]);
    this.viewport.fitted = true;
    this.viewport.fit(this.doc.frame.box);
  }

  /** Compare with the state before, or end comparing (null). */
  beside(mode) {
    this.compare.show(this.doc, mode, this.doc?.state.before ?? null);
  }

  help() {
    helpDialog(this.bindings, () => labelKeys(this.bindings), () => tour(this.root, true));
  }

  /** Leave the field that is written in; else drop the one thing that is half done. What runs goes on. */
  escape() {
    if (isField(document.activeElement)) this.viewport.root.focus({ preventScroll: true });
    else if (this.pointer.drop()) return;
    else if (this.compare.mode) this.compare.stop();
    else if (this.history.blending) this.history.stop();
    else if (this.doc?.amendment.step) this.doc.amendment.stop();
    else if (this.doc?.frame.box) this.widen(null);
    else if (this.history.open && this.#covered) this.toggleHistory();
  }

  // --- the form, which is Gradio's

  /** values: the form's. Returns the seed used, for the form to show. */
  async generate(values) {
    const { doc } = this;
    if (!doc || doc.submitting || this.waiting) return values.seed;
    this.pointer.finish();
    this.compare.stop();
    this.history.stop();
    const seed = this.form.aside?.values.seed; // the user's, shown again when a change of a step is sent
    let edit = { intent: "expand" }; // that cuts, and needs no model
    if (this.form.intent !== "expand" || !doc.frame.crops) {
      this.waiting = true;
      edit = await this.form.ready(values).finally(() => (this.waiting = false));
    }
    if (!edit || this.doc !== doc) return values.seed;
    const { intent } = this.form;
    if (!this.form.model.able(intent)) this.notifications.status(this.form.unable);
    else if (!(await doc.submission.send(edit))) {
      const again = intent !== "expand" && doc.masks.canRecall;
      this.notifications.status(t(intent === "expand" ? "status.drag_first" : intent === "sketch" ? "status.sketch_first" : again ? "status.paint_first_or" : "status.paint_first", { key: this.bindings.label("recall") }));
      this.viewport.root.focus({ preventScroll: true });
    }
    return seed !== undefined && !this.form.aside ? seed : edit.seed;
  }

  cancel() {
    return this.doc?.queue.cancel();
  }

  settingsChanged(values) {
    const { prompt, negative_prompt } = this.form.values ?? values;
    if (this.form.changed(values)) this.choose(this.tool.name);
    if (prompt !== values.prompt || negative_prompt !== values.negative_prompt) {
      this.doc?.draftEditor.setPrompts({ prompt: values.prompt, negative_prompt: values.negative_prompt });
    }
    this.viewport.sketching = this.sketching;
    this.viewport.invalidateMask();
    this.doc?.plan.refresh();
    this.#refresh();
  }

  // --- what is on screen

  #changed({ opened = false } = {}) {
    if (opened) {
      this.size(Math.max(8, BRUSH * Math.max(...this.viewport.picture.box.slice(2))));
      if (this.paintAll) this.doc.draftEditor.invert();
      this.paintAll = false;
    } else this.#refresh();
  }

  async #showTree(drawn = false) {
    const { doc } = this;
    const tree = (await doc.history.load()) ?? (drawn ? this.tree : null);
    if (!tree || this.doc !== doc) return;
    this.tree = tree;
    this.history.show(tree, doc.state.head, doc.state.tip);
  }

  /** Buttons and marks follow what is possible now. */
  #refresh() {
    const { doc, viewport, tool, form } = this;
    if (!form) return;
    document.documentElement.toggleAttribute("data-busy", Boolean(doc?.busy));
    this.bar.show({
      name: doc?.state.name ?? "", canUndo: Boolean(doc?.canUndo), canRedo: Boolean(doc?.canRedo), scale: viewport.view.scale,
      historyOpen: this.history.open, comparing: this.compare?.mode, comparable: Boolean(doc?.state.before),
    });
    this.palette.show({ tool: this.toolName, available: this.available });
    this.strip.show({
      ...tool, tool: this.toolName, sketching: this.sketching, frame: doc?.picture.box && (doc.frame.box ?? doc.picture.box).slice(2),
      painted: Boolean(doc?.mask && !doc.mask.empty), recallable: Boolean(doc?.masks.canRecall),
    });
    if (doc && this.history.open) this.#showTree();
    if (doc) document.title = this.#title();
    this.tray.show(doc && !doc.busy ? doc.state.variations : [], doc?.state.head);
    this.queue.show(doc?.queue.groups ?? [], canAskPermission);
    this.amendBar.hidden = !doc?.amendment.step;
    if (doc?.amendment.step) this.amended.textContent = this.#amending();
    const estimate = doc?.plan.estimate ?? null;
    this.notifications.plan(estimate, estimate && this.eta.seconds(estimate.pipeline, estimate.steps));
    this.notifications.specks(estimate?.specks ?? 0, () => this.doc?.masks.keepSpecks());
    viewport.cover(this.history.open && !this.#covered ? this.history.element.offsetWidth : 0, this.tray.element.offsetHeight);
    this.pointer?.refresh();
  }

  /** Which step is changed, what that makes again and how long it takes. */
  #amending() {
    const { estimate } = this.doc.plan;
    const { step, of, later, name, edit } = this.doc.amendment.step;
    if (!later) return name || edit.prompt || t("history.filled"); // the rest is on its way
    const time = estimate && this.eta.secondsFor([estimate, ...later]);
    const editing = t("amend.on", { step, of, title: name || edit.prompt || t("history.filled") });
    if (!later.length) return time ? `${editing} ${t("amend.alone", { time: duration(time) })}` : editing;
    return `${editing} ${this.#replayed(later, time)}`;
  }

  /** How many later steps are replayed, and how long that takes; time: seconds, or nothing while they are not known. */
  #replayed(later, time) {
    return t(later.length > 1 ? "amend.many" : "amend.one", { n: later.length, time: time ? t("amend.time", { time: duration(time) }) : "" });
  }

  /** What of the history is replayed when a step is laid in otherwise; "" where nothing is. */
  async #after({ revision }) {
    const { later } = await this.server.replayed(this.doc.id, revision).catch(() => ({ later: [] }));
    return later.length ? this.#replayed(later, this.eta.secondsFor(later)) : "";
  }

  #title() {
    const { run, state } = this.doc;
    if (run?.total || run?.replay) return `${percentDone(...progressOf(run))} · ${state.name}`;
    return `${this.ended ? "✓ " : ""}${state.name} · Palimpsest`;
  }
}

/** Called once by the component; leaves the editor at window.palimpsest. */
export async function mount(element) {
  await learn(spoken([navigator.language]));
  const editor = new Editor(element.querySelector(".palimpsest"));
  window.palimpsest = editor;
  await dockReady(editor.bindings);
  editor.form.attach();
  const id = new URL(location.href).searchParams.get("doc");
  if (id) await editor.openDocument(id);
  else editor.home();
  editor.ready = true;
}
