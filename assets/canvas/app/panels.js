// The panels around the picture: builds them, lets them act on the editor, and shows in them what the editor holds.

import { accountPanel, signOut } from "../panels/account.js";
import { adapterActions } from "./adapter-actions.js";
import { adaptersPanel } from "../panels/adapters-panel.js";
import { adviceFor } from "./advice.js";
import { adjustPanel } from "../panels/adjust-panel.js";
import { contextMenu } from "../panels/context-menu.js";
import { amendBar, repeatSentence, replaySentence } from "../panels/amend-bar.js";
import { h } from "../lib/dom.js";
import { title } from "../panels/history-rows.js";
import { historyPanel } from "../panels/history.js";
import { layersPanel } from "../panels/layers.js";
import { liveButton } from "../panels/live-button.js";
import { loadMask, saveMask } from "../draft/mask-files.js";
import { saveTint } from "./mask-tint.js";
import { askPermission, canAskPermission } from "./notifications.js";
import { modelsPanel } from "../panels/models-panel.js";
import { queuePanel } from "../panels/queue-panel.js";
import { serverKey } from "../panels/server-key.js";
import { sidePanel } from "../panels/side-panel.js";
import { startView } from "../panels/start.js";
import { transformBar } from "../panels/transform-bar.js";
import { optionStrip } from "../panels/tool-options.js";
import { palette, topBar } from "../panels/toolbar.js";
import { variationTray } from "../panels/variations.js";
import { t } from "../lib/locale.js";

export class Panels {
  /** editor: the Editor they belong to. */
  constructor(editor) {
    this.editor = editor;
    this.account = accountPanel(() => signOut(editor));
    this.topBar = topBar(editor.commands, this.account.opener);
    this.palette = palette((name) => editor.tool.choose(name));
    this.options = this.#buildOptions();
    this.transform = transformBar({
      set: (place) => editor.floating.box.set(place),
      lock: (locked) => editor.floating.lock(locked),
      accept: (how) => editor.floating.accept(how),
      drop: () => editor.floating.drop(),
    });
    this.adjust = adjustPanel({ set: (changes) => editor.adjusting.set(changes), reset: () => editor.adjusting.reset() });
    this.adapters = adaptersPanel(adapterActions(editor));
    this.live = liveButton(() => editor.commands.live());
    this.key = serverKey((key) => this.#saveKey(key));
    this.start = this.#buildStart();
    this.start.element.prepend(this.account.line);
    this.history = this.#buildHistory();
    this.variations = variationTray(editor.server, {
      peek: (revision) => editor.doc?.display.peek(revision),
      pick: (revision) => editor.doc?.history.visit(revision),
    });
    this.queue = queuePanel({
      cancel: (group) => editor.doc?.queue.cancel(group),
      moveUp: (group) => editor.doc?.queue.moveUp(group),
      notify: () => askPermission().then(() => editor.refresh()),
    });
    this.layers = this.#buildLayers();
    this.models = this.#buildModels();
    this.side = sidePanel({ settings: null, history: this.history.element, layers: this.layers.element, queue: this.queue.element, models: this.models.element }, () => {
      if (this.side.tab !== "history") this.history.stop();
      if (this.side.tab !== "layers") editor.doc?.layers.cancel();
      if (this.side.tab === "models") editor.models.library.load();
      editor.refresh();
    });
    this.amendBar = amendBar(editor.eta, () => editor.doc?.amendment.stop());
    this.viewport = h("div", { class: "viewport", tabindex: 0, role: "application", "aria-label": t("viewport.label") });
    this.menu = contextMenu(editor.commands);
    this.veil = h("div", { class: "veil", hidden: true }, h("p", {}, t("start.veil")));
    editor.root.replaceChildren(
      this.viewport, this.topBar.element, this.palette.element, this.options.element, this.transform.element, this.side.element,
      h("div", { class: "above-dock" }, this.amendBar.element, this.variations.element), this.start.element, this.veil,
      this.menu.element, this.account.menu,
    );
  }

  #buildOptions() {
    const { editor } = this;
    const { commands } = editor;
    return optionStrip({
      size: (diameter) => editor.tool.resize(diameter),
      hardness: (share) => editor.tool.set("hardness", share),
      tolerance: (levels) => editor.tool.set("tolerance", levels),
      contiguous: (only) => editor.tool.set("contiguous", only),
      smoothing: (pixels) => editor.tool.set("smoothing", pixels),
      colour: (css) => editor.tool.set("colour", css),
      setAspect: (aspect) => editor.setAspect(aspect),
      grow: (pixels) => editor.setGrow(pixels),
      getSelector: () => editor.panels.side.open("models"), name: (words, subtract) => editor.objects.name(words, subtract),
      change: (operation) => editor.doc?.masks.change(operation),
      tint: (change) => this.#tint(change),
      alone: commands.alone, upright: commands.upright,
      all: commands.all, invert: commands.invert, clear: commands.clear, recall: commands.recall, transform: commands.transform, masks: commands.masks,
      loadMask: (file) => this.#loadMask(file),
      saveMask: () => saveMask(editor.doc),
    });
  }

  #tint(change) {
    const tint = { ...this.editor.viewport.overlay.tint, ...change };
    saveTint(tint);
    this.editor.viewport.setTint(tint);
  }

  #buildStart() {
    const { editor } = this;
    return startView(editor.server, {
      openFile: (file) => editor.openFile(file),
      openSample: (name) => editor.open(editor.server.openSample(name)),
      openDocument: (id) => editor.openDocument(id),
      blank: (width, height) => editor.blank(width, height),
      note: (sentence, action) => editor.notifications.note(sentence, "start", action ? "info" : "error", action),
    });
  }

  #buildHistory() {
    const { editor } = this;
    return historyPanel(editor.server, {
      show: (revision) => editor.doc?.history.visit(revision),
      rename: (revision, name) => editor.doc?.history.rename(revision, name),
      star: (node) => editor.doc?.history.star(node),
      discard: (node) => editor.doc?.history.discard(node),
      peek: (revision) => editor.doc?.display.peek(editor.compare.mode ? null : revision),
      reuse: (node) => editor.historyActions.reuse(node),
      amend: (node) => editor.historyActions.amend(node),
      recall: (node) => editor.historyActions.recall(node),
      compare: (before, after) => editor.historyActions.compare(before, after),
      look: (node) => editor.historyActions.look(node),
      previewBlend: (node, blend) => editor.doc?.blend.preview(node?.revision, blend),
      applyBlend: (node, blend) => editor.doc?.blend.apply(node.revision, blend),
      replaySentence: (node) => this.#replaySentence(node),
    });
  }

  #buildLayers() {
    const layers = () => this.editor.doc?.layers;
    return layersPanel(this.editor.server, {
      toggle: (at) => layers()?.toggle(at),
      fade: (at, opacity, settled) => layers()?.fade(at, opacity, settled),
      move: (from, to) => Boolean(layers()?.move(from, to, title)),
      apply: () => layers()?.apply(),
      cancel: () => layers()?.cancel(),
    });
  }

  #buildModels() {
    const { editor } = this;
    return modelsPanel({
      act: (action, body) => editor.models.library.act(action, body),
      lookUp: (model) => editor.server.lookUpModel(model),
      use: (model) => editor.models.use(model),
      drop: (model) => editor.models.drop(model),
    });
  }

  refresh() {
    const { adjusting, compare, doc, eta, form, live, models, notifications, objects, tool, viewport } = this.editor;
    const head = doc?.state.head;
    const estimate = doc?.plan.estimate ?? null;
    this.topBar.show({
      name: doc?.state.name ?? "", mayEdit: Boolean(doc?.mayEdit), canUndo: Boolean(doc?.canUndo), canRedo: Boolean(doc?.canRedo), scale: viewport.view.scale,
      panel: this.side.tab, queued: doc?.queue.groups.length ?? 0, downloading: models.library.running, comparing: compare?.mode, comparable: Boolean(doc?.state.before || compare?.mode),
    });
    this.menu.show({
      undo: Boolean(doc?.canUndo), redo: Boolean(doc?.canRedo), edit: Boolean(doc?.mayEdit), masked: Boolean(doc?.mayEdit && doc.mask && !doc.mask.empty),
      recall: Boolean(doc?.mayEdit && doc.masks.canRecall), upright: viewport.view.turned,
    });
    this.palette.show({ tool: tool.active, available: tool.available });
    this.options.show({
      tool: tool.handle.name, objects: tool.active === "edge" ? objects.state : "", byWords: tool.active === "edge" && objects.byWords, diameter: tool.diameter, hardness: tool.hardness, tolerance: tool.tolerance, colour: tool.colour,
      contiguous: tool.contiguous, smoothing: tool.smoothing, alone: viewport.alone, tint: viewport.overlay.tint, angle: viewport.view.angle, flipped: viewport.view.flipped,
      sketching: form.sketching, frame: doc?.picture.box && (doc.frame.box ?? doc.picture.box).slice(2), reframed: Boolean(doc?.frame.box),
      grow: form.intent === "remove" ? form.grow : undefined, masked: Boolean(doc?.mask && !doc.mask.empty), canRecall: Boolean(doc?.masks.canRecall),
    });
    this.transform.show(this.editor.floating.state);
    this.key.show(form.model.info?.host ?? "");
    this.adapters.show(form.adapters, form.model.info && { steps: form.model.value("steps"), guidance: form.model.value("guidance") });
    this.live.show(live.state);
    this.adjust.show({ values: adjusting.values, neutral: adjusting.neutral, whole: !doc?.mask || doc.mask.empty });
    if (doc && this.side.tab === "history") this.#showHistory();
    if (doc && this.side.tab === "layers") this.#showLayers();
    this.variations.show(doc && !doc.busy ? doc.state.variations : [], head, doc?.state.matches ?? {});
    if (this.side.tab === "models") this.models.show(models.library.state, models.library.error, form);
    this.queue.show(doc?.queue.groups ?? [], doc?.progress ?? null, canAskPermission);
    this.amendBar.show(doc?.amendment.step ?? null, estimate);
    notifications.plan(estimate, estimate && eta.secondsFor([estimate, ...(doc.amendment.step?.later ?? [])]));
    notifications.sent(form.intent === "adjust" ? "" : form.model.info?.host ?? "", estimate);
    notifications.advice(adviceFor(this.editor));
    notifications.specks(estimate?.specks ?? 0, () => this.editor.doc?.masks.keepSpecks());
  }

  /** Keeps the key for the server of the chosen model. Returns whether that was done. */
  async #saveKey(key) {
    const { form, notifications, server } = this.editor;
    try {
      await server.changeModels("key", { name: form.model.name, key });
      notifications.status(t(key ? "key.saved" : "key.forgotten", { host: form.model.info.host }));
      return true;
    } catch (error) {
      notifications.note(error.message, "key");
      return false;
    }
  }

  async #showHistory() {
    const { doc } = this.editor;
    const tree = await doc.history.load();
    if (tree && this.editor.doc === doc) this.history.show(tree, doc.state.head, doc.state.tip);
  }

  async #showLayers() {
    const { doc, eta } = this.editor;
    await doc.layers.load();
    if (this.editor.doc !== doc) return;
    const { list, opened, runs, waits } = doc.layers;
    this.layers.show(list, opened, waits ? repeatSentence(runs, eta.secondsFor(runs)) : "");
  }

  /** Says which steps are replayed when this one is blended in another way; "" if none is. */
  async #replaySentence({ revision }) {
    const { doc, eta, server } = this.editor;
    const { later } = await server.replayed(doc.id, revision).catch(() => ({ later: [] }));
    return later.length ? replaySentence(later, eta.secondsFor(later)) : "";
  }

  /** Adds a mask's file, and offers to read it in another way. by: see `loadMask`. */
  async #loadMask(file, by) {
    const { doc, notifications, server } = this.editor;
    const box = doc.mask.bounds();
    const before = box && { box, values: doc.mask.crop(box) };
    try {
      const read = await loadMask(file, doc, server, by);
      if (!read) return;
      const again = () => {
        if (this.editor.doc !== doc || !doc.draft) return;
        doc.draftEditor.replaceMask(before);
        this.#loadMask(file, read.other);
      };
      notifications.note(read.remark, "mask", "info", { label: t(`mask.by_${read.other}`), press: again });
    } catch (error) {
      notifications.note(error.message, "mask");
    }
  }
}
