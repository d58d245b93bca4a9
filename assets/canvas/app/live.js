// Live mode: what is masked or sketched is painted anew after each pause in typing and shown over the picture, and nothing of
// it is stored until it is generated, with the same seed and steps.

import { randomSeed } from "./edit-form.js";
import { editInput, encodeInput } from "../document/edit-input.js";
import { LivePainter } from "../document/live-painter.js";

const INTENTS = ["fill", "remove", "refine", "sketch"];

export class Live {
  /** editor: the Editor whose document is painted. */
  constructor(editor) {
    this.editor = editor;
    this.on = false;
    this.seed = 0; // where each run has a new one: it stays until its picture is generated
    this.held = false; // the edit was sent: what is shown stays until its result is there
    this.preview = null; // the last one that was shown
    this.said = ""; // why nothing was painted, so that it is said once
    this.painter = new LivePainter({
      paint: ({ document, edit, pictures }, signal) => editor.server.live(document, edit, ...pictures, signal),
      show: (picture) => this.#show(picture),
      failed: (error) => this.#failed(error),
      changed: () => editor.panels.live.show(this.state),
    });
  }

  /** What the button shows. */
  get state() {
    return { on: this.on, offered: INTENTS.includes(this.editor.form.intent), able: this.#able, run: this.painter.run };
  }

  get #able() {
    const { doc, form } = this.editor;
    const { model } = form;
    return Boolean(INTENTS.includes(form.intent) && model.info?.live_steps && model.supportsIntent(form.intent) && !doc?.amendment.step);
  }

  /** Whether something that is not stored is seen. */
  get shown() {
    return this.preview !== null && this.editor.doc?.picture.preview === this.preview;
  }

  toggle(on = !this.on) {
    if (on === this.on || (on && !this.#able)) return;
    Object.assign(this, { on, seed: randomSeed(), said: "", held: false });
    this.editor.doc?.plan.refresh(); // it takes other steps
    this.editor.refresh();
  }

  /** Leaves what is painted or shown; false if there is nothing. */
  drop() {
    if (!this.on || (!this.shown && this.painter.run === "idle")) return false;
    this.toggle(false);
    return true;
  }

  /** An edit of the form with the steps and the seed that it has in live mode; as it is while that is off. */
  adapted(edit) {
    const { form } = this.editor;
    const { model, values } = form;
    if (!this.on || !this.#able || edit?.intent !== form.intent) return edit;
    const own = edit.steps === null || !model.supports("steps") || model.isOwn("steps");
    return { ...edit, steps: own ? edit.steps : model.info.live_steps, seed: values.new_seed ? this.seed : edit.seed };
  }

  /** An edit is being sent: where it is the one that is shown, its result takes the place of that. */
  hold({ intent }) {
    if (!this.on) return;
    this.refresh(); // what was typed last may be still to come
    const finished = this.painter.run === "ready" && intent === this.editor.form.intent;
    this.held = true;
    this.seed = randomSeed();
    this.painter.want(null);
    if (!finished) this.#forget(); // what the job shows meanwhile is newer
  }

  /** Has painted what is to be seen now, unless it is already. */
  refresh() {
    const { doc } = this.editor;
    if (doc?.painting) return;
    const waits = doc && (doc.busy || doc.pending.revisions.length > 0 || doc.display.revision !== doc.picture.revision);
    if (this.held && waits) return;
    this.held = false;
    const target = this.#target();
    this.painter.want(target);
    if (!target) this.#forget();
  }

  #target() {
    const { doc, floating, form } = this.editor;
    if (!this.on || !this.#able || !doc?.draft || doc.state.trouble || doc.busy || doc.display.stepRevision || doc.layers.waits || floating.open) return null;
    const { draft, frame, parent, picture } = doc;
    const edit = this.adapted(form.request());
    const input = edit && editInput(edit.intent, draft, frame);
    if (!input || picture.revision !== parent) return null;
    const { intent, margins } = { ...edit, ...input };
    const settings = { ...edit, variations: 1, keep_specks: draft.keepSpecks, intent, margins, kind: doc.kind, parent };
    return {
      key: JSON.stringify([settings, settings.reference?.size, doc.draftEditor.version]),
      request: async () => ({ document: doc.id, edit: settings, pictures: await encodeInput(input, draft) }),
    };
  }

  #show(picture) {
    const { doc, notifications } = this.editor;
    this.said = "";
    if (notifications.statusAbout === "live") notifications.status("");
    this.preview = { revision: null, ...picture };
    doc.display.setPreview(this.preview);
    this.editor.refresh();
  }

  #failed(error) {
    const { notifications } = this.editor;
    this.#forget();
    if (error.message !== this.said) notifications.status(error.message, "live");
    this.said = error.message;
    this.editor.refresh();
  }

  #forget() {
    if (this.shown) this.editor.doc.display.dropPreview();
    this.preview = null;
  }
}
