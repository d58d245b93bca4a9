// The editor in the page: puts the parts together, opens documents, and lets keys, buttons and the form reach them.

import { showAccount } from "../panels/account.js";
import { Adjusting } from "./adjusting.js";
import { Bindings } from "./bindings.js";
import { Compare } from "../viewport/compare.js";
import { closeOverlays } from "../lib/dom.js";
import { CurrentTool } from "./current-tool.js";
import { dockReady, showRepeatable } from "./dock.js";
import { ruleDropdowns } from "./dropdowns.js";
import { acceptPictures } from "../panels/drop-and-paste.js";
import { askHowToTake } from "../panels/place-dialog.js";
import { EditForm } from "./edit-form.js";
import { Eta } from "./eta.js";
import { fetchPicture, hostOf } from "../net/linked-picture.js";
import { Floating } from "./floating.js";
import { Generation } from "./generation.js";
import { helpDialog } from "../panels/help.js";
import { HistoryActions } from "./history-actions.js";
import { isField, labelKeys, listen } from "./keys.js";
import { Live } from "./live.js";
import { ModelActions } from "./model-actions.js";
import { Notifications, notifyBrowser, percentDone } from "./notifications.js";
import { ObjectSelection } from "./object-selection.js";
import { OpenDocument } from "../document/open-document.js";
import { openingCard } from "../panels/opening-card.js";
import { Panels } from "./panels.js";
import { Pointer } from "../viewport/pointer.js";
import { rememberDocument } from "../panels/start.js";
import { showRights } from "../panels/sharing.js";
import { Server } from "../net/server.js";
import { Unreachable } from "../net/responses.js";
import { LOST_MS } from "../document/polling.js";
import { tour } from "../panels/tour.js";
import { makeCommands } from "./commands.js";
import { loadTint } from "./mask-tint.js";
import { Viewport } from "../viewport/viewport.js";
import { loadLanguage, pickLanguage, t } from "../lib/locale.js";

const BRUSH = 0.06; // of the picture's longest side: the brush's diameter at first

class Editor {
  constructor(root) {
    this.root = root;
    this.ready = false; // set once the page has opened what its address names
    this.doc = null; // OpenDocument
    this.maskAll = false; // the next document that opens begins with a mask of the whole picture
    this.byPointer = true; // whether the pointer, not the keyboard, led to what has the focus
    this.startTimer = 0; // until the start view is loaded again
    this.unseen = null; // the status of the last edit, if it ended while the page was hidden
    this.server = new Server(new URL("../../../", import.meta.url));
    this.bindings = new Bindings();
    this.eta = new Eta();
    this.commands = makeCommands(this);
    this.panels = new Panels(this);
    this.viewport = new Viewport(this.panels.viewport);
    this.viewport.setTint(loadTint());
    this.notifications = new Notifications(root);
    this.opening = openingCard(this.notifications.notes);
    this.floating = new Floating(this);
    this.objects = new ObjectSelection(this);
    this.tool = new CurrentTool(this);
    this.adjusting = new Adjusting(this);
    this.live = new Live(this);
    this.generation = new Generation(this);
    this.historyActions = new HistoryActions(this);
    this.form = new EditForm(this.server, this.notifications, () => {
      this.doc?.plan.refresh();
      this.refresh();
    });
    this.models = new ModelActions(this);
    this.viewport.onview = () => {
      this.floating.box.draw();
      this.refresh();
      this.doc?.draftEditor.saveView();
    };
    this.viewport.onframe = (side, pixels) => this.doc?.frame.moveSide(side, pixels);
    this.pointer = new Pointer(this.viewport, () => this.tool.handle, {
      tapped: (fingers) => this.commands[{ 2: "undo", 3: "redo" }[fingers]]?.(),
      menu: (x, y) => this.openMenu(x, y),
    });
    this.compare = new Compare(this.viewport, () => this.refresh());
    this.#listen();
  }

  #listen() {
    acceptPictures({
      take: (file) => this.take(file),
      load: (address) => this.opening.run(hostOf(address), "fetching", ({ signal }) => fetchPicture(address, signal)),
      note: (sentence, kind) => this.notifications.note(sentence, "drop", kind),
      hover: (hovers) => (this.panels.veil.hidden = !hovers),
    });
    ruleDropdowns();
    listen(this.bindings, this.commands, { before: () => this.compareWithBefore(null) }, (down) => this.pointer.setHand(down), () => this.doc !== null);
    // a click must not leave the focus on a button: the next space bar would press it again instead of moving the picture
    this.root.addEventListener("click", ({ detail, target }) => {
      const stays = document.activeElement?.closest("input, dialog, [popover]"); // a button may have opened a field
      if (this.doc && detail > 0 && target.closest("button") && !target.closest("dialog, [popover], .tour") && !stays) this.focusViewport();
    });
    window.addEventListener("pointerdown", () => (this.byPointer = true), true);
    window.addEventListener("keydown", ({ key, target }) => {
      if (["Tab", "Enter", " "].includes(key) && target !== this.viewport.root) this.byPointer = false;
    }, true);
    document.addEventListener("visibilitychange", () => {
      this.doc?.follower.rest(document.hidden);
      if (!document.hidden) this.unseen = null;
      this.refresh();
    });
    window.addEventListener("pagehide", () => {
      this.doc?.submission.giveUp();
      this.doc?.draftEditor.saveView.now();
      this.doc?.draftEditor.save.now();
    });
  }

  focusViewport() {
    this.viewport.root.focus({ preventScroll: true });
  }

  // --- documents

  /** Takes a picture that was dropped or pasted: "opened", "placed" into the one that is open, as the user chooses, or null. */
  async take(file) {
    const asks = this.doc?.draft && this.doc.mayEdit && !this.doc.amendment.step && !file.name.endsWith(".palimpsest");
    const how = asks ? await askHowToTake(file.name) : "open";
    if (how === "place") return this.doc?.draft && (await this.floating.place(file)) ? "placed" : null;
    return how && (await this.openFile(file)) ? "opened" : null;
  }

  /** Opens a file. The document on screen stays on the start page; if something is painted on it, a note leads back. */
  async openFile(file) {
    const left = this.doc?.draft && !this.doc.draft.empty ? { id: this.doc.id, name: this.doc.state.name } : null;
    const opened = await this.open(this.opening.run(file.name, "sending", (watch) => this.server.openFile(file, watch)));
    if (opened && left) this.notifications.note(t("note.left", left), "left", "info", { label: t("note.go_back"), press: () => this.openDocument(left.id) });
    return opened;
  }

  /** Shows the document whose state a response brings; false if the response is an error. */
  async open(response) {
    document.documentElement.toggleAttribute("data-opening", true);
    try {
      const state = await response;
      this.#close();
      this.notifications.clear();
      for (const note of state.notes ?? []) this.notifications.note(note, note, "info");
      rememberDocument(state.document);
      this.#setAddress(state.document);
      document.documentElement.dataset.view = "edit";
      this.focusViewport();
      this.viewport.fitted = true;
      this.doc = new OpenDocument(state, {
        server: this.server, viewport: this.viewport, notifications: this.notifications, eta: this.eta,
        changed: (what) => this.#documentChanged(what),
        gone: (error) => this.home(error.message),
        ended: (status) => this.#editEnded(status),
        request: () => this.live.adapted(this.form.request()),
        adjusting: () => this.adjusting.shown,
        restored: (prompts) => this.form.restorePrompts(prompts),
        amended: () => this.historyActions.amended(),
      });
      this.doc.follower.rest(document.hidden);
      this.refresh();
      if (this.doc.mayEdit) tour(this.root);
      return true;
    } catch (error) {
      const sentence = error instanceof Unreachable ? t("status.not_done") : error.message;
      if (error.name !== "AbortError") this.notifications.note(sentence, "open"); // else the user has cancelled it
      return false;
    } finally {
      document.documentElement.toggleAttribute("data-opening", false);
    }
  }

  async openDocument(id) {
    if (!(await this.open(this.server.state(id)))) this.home(null);
  }

  /** Opens a blank canvas, to be drawn from a prompt alone. */
  async blank(width, height) {
    if (!(await this.open(this.server.blank(width, height, t("start.untitled"))))) return;
    this.form.intend("fill");
    this.maskAll = true;
    this.commands.prompt();
  }

  #close() {
    closeOverlays();
    this.opening.cancel();
    this.floating.close();
    this.pointer.drop();
    this.tool.forgetStrokes();
    this.compare?.stop();
    this.live.toggle(false);
    this.panels.history.stop();
    this.doc?.close();
    this.doc = null;
    this.form.clearPrompts();
  }

  /**
   * Goes back to the start view, and loads its lists. sentence: why; "" if the user asked for it, null to keep the notes
   * on screen as they are.
   */
  home(sentence = "") {
    this.#close();
    if (sentence !== null) this.notifications.clear();
    if (sentence) this.notifications.note(sentence, "open");
    this.notifications.status("");
    this.notifications.plan(null);
    this.notifications.specks(0);
    this.notifications.progress(null);
    this.#setAddress(null);
    document.title = "Palimpsest";
    document.documentElement.dataset.view = "start";
    this.refresh();
    return this.#refreshStart();
  }

  /** Loads the start view's lists, again and again while the server is away; the note of that goes with it. */
  async #refreshStart() {
    try {
      await this.panels.start.refresh();
      if (!this.doc) this.notifications.dismiss("server");
    } catch (error) {
      if (this.doc) return;
      this.notifications.away(error);
      clearTimeout(this.startTimer);
      if (error instanceof Unreachable) this.startTimer = setTimeout(() => this.doc || this.#refreshStart(), LOST_MS);
    }
  }

  #setAddress(id) {
    const url = new URL(location.href);
    if (id) url.searchParams.set("doc", id);
    else url.searchParams.delete("doc");
    history.replaceState(null, "", url);
  }

  /** opened: the document's first picture is in place. */
  #documentChanged({ opened = false } = {}) {
    if (opened) {
      this.tool.resize(Math.max(8, BRUSH * Math.max(...this.viewport.picture.box.slice(2))));
      if (this.maskAll) this.doc.draftEditor.invert();
      this.maskAll = false;
    } else this.refresh();
  }

  #editEnded(status) {
    if (document.hidden && this.doc && !this.doc.run) {
      this.unseen = status;
      notifyBrowser(t(`tell.${status}`), this.doc.state.name);
    }
  }

  // --- what keys and buttons do

  /** Widens the frame to an aspect such as "16:9"; null: removes the frame. */
  setAspect(aspect) {
    const { frame, picture } = this.doc ?? {};
    if (!picture?.box) return;
    if (aspect) frame.setAspect(aspect);
    else frame.set(null);
    this.viewport.fit(frame.box ?? picture.box);
  }

  /** By how many pixels the mask of Remove grows; null: as far as the edge needs that it ends on. */
  setGrow(pixels) {
    this.form.grow = pixels;
    this.doc?.plan.refresh();
    this.refresh();
  }

  /** Compares with the state before, or in another way what is compared in the history. mode: see `Compare`; null: no more. */
  compareWithBefore(mode) {
    const before = this.doc?.state.before;
    const chosen = this.compare.pair?.after ? this.compare.pair : null;
    this.compare.show(this.doc, mode, chosen ?? (before ? { before, after: null, names: [t("compare.before"), t("compare.after")] } : null));
  }

  /** Opens one of the side panel's tabs, or closes the panel if it is open there. */
  togglePanel(name) {
    this.showPanels();
    this.panels.side.toggle(name);
  }

  /**
   * Hides all but the picture and the bar above it, or shows it again. False if the user came to the picture by keyboard:
   * then the Tab key has to lead on.
   */
  hidePanels() {
    if (!this.byPointer || document.activeElement !== this.viewport.root) return false;
    document.documentElement.toggleAttribute("data-bare");
  }

  showPanels() {
    document.documentElement.toggleAttribute("data-bare", false);
  }

  help() {
    helpDialog(this.bindings, () => labelKeys(this.bindings), () => tour(this.root, true));
  }

  /**
   * Leaves the field that has the focus, unless what is typed there is shown live; else drops the one thing that is half done,
   * or closes what covers the picture; else empties the mask. A running job goes on.
   */
  escape() {
    const { history } = this.panels;
    if (isField(document.activeElement) && !this.live.shown) this.focusViewport();
    else if (this.pointer.drop() || this.floating.drop() || this.objects.drop() || this.live.drop()) return;
    else if (this.compare.mode) this.compare.stop();
    else if (history.blending) history.stop();
    else if (this.doc?.amendment.step) this.doc.amendment.stop();
    else if (this.doc?.layers.waits) this.doc.layers.cancel();
    else if (this.doc?.mayEdit === false) this.panels.side.uncover();
    else if (this.form.intent === "expand" && this.doc?.frame.box) this.setAspect(null);
    else if (this.adjusting.active && !this.adjusting.neutral) this.adjusting.reset();
    else if (!this.panels.side.uncover()) this.doc?.draftEditor.clear();
  }

  /** Opens the menu at a place in the window, by default at the pointer or in the middle of the picture. */
  openMenu(x, y) {
    const { doc, pointer, viewport } = this;
    if (!doc?.draft || this.floating.open) return;
    const { left, top, width, height } = viewport.root.getBoundingClientRect();
    const [atX, atY] = pointer.at ?? [width / 2, height / 2];
    this.panels.menu.open(x ?? left + atX, y ?? top + atY);
  }

  /** Follows the form, which is Gradio's: web/form.py calls this. */
  settingsChanged(values) {
    const before = this.form.values;
    const { intent } = before ?? values;
    if (this.form.changed(values)) this.tool.choose(this.tool.name);
    if ([intent, values.intent].includes("adjust") && intent !== values.intent) this.adjusting.toggled();
    if (before) this.doc?.draftEditor.setPrompts(values); // else it is the empty form
    this.doc?.plan.refresh();
    this.refresh();
  }

  // --- what is on screen

  /** Shows what can be done now. */
  refresh() {
    const { doc, form } = this;
    if (!form) return;
    document.documentElement.toggleAttribute("data-busy", Boolean(doc?.busy));
    showRights(this);
    showRepeatable(Boolean(doc?.canRepeat));
    const frame = form.intent === "expand" && doc?.mayEdit && doc.picture.box ? doc.frame.box ?? doc.picture.box : null; // its sides can be dragged
    if (frame || this.viewport.expanded) this.viewport.showFrame(frame, doc?.frame.margins);
    doc?.adjustPreview.refresh();
    this.live.refresh();
    this.viewport.fillMask(!doc?.adjustPreview.shown && !this.live.shown);
    this.viewport.showSketch(form.sketching && (!this.live.shown || doc.painting)); // it is in what is painted live
    this.panels.refresh();
    this.objects.refresh();
    if (doc) document.title = this.#title();
    this.pointer?.refresh();
  }

  #title() {
    const { progress, state } = this.doc;
    if (progress?.known) return `${percentDone(progress.done)} · ${state.name}`;
    return `${this.unseen ? "✓ " : ""}${state.name} · Palimpsest`;
  }
}

/** Called once by the component; leaves the editor at window.palimpsest. */
export async function mount(element) {
  await loadLanguage(pickLanguage([navigator.language]));
  const editor = new Editor(element.querySelector(".palimpsest"));
  window.palimpsest = editor;
  await dockReady(editor);
  editor.form.attach(editor.bindings);
  editor.models.library.load();
  showAccount(editor);
  addEventListener("focus", () => editor.models.library.load()); // another tab may have changed them
  const id = new URL(location.href).searchParams.get("doc");
  if (id) await editor.openDocument(id);
  else editor.home();
  editor.ready = true;
}
