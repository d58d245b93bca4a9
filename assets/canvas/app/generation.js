// Generating: sends the edit that is prepared, once its model is loaded, and makes what was made once more.

import { randomSeed } from "./edit-form.js";
import { serverOf } from "./model.js";
import { t } from "../lib/locale.js";

export class Generation {
  constructor(editor) {
    this.editor = editor;
    this.waiting = false; // for the model, before an edit is sent
  }

  /** Sends the edit. values: the form's. Returns the seed for the form to show. */
  async run(values) {
    const { adjusting, doc, floating, form, notifications } = this.editor;
    if (!doc?.mayEdit || doc.submitting || this.waiting || floating.comesFirst()) return values.seed;
    this.#putAside();
    const seed = form.aside?.values.seed; // the user's own, shown again once the amended step is sent
    let edit = { intent: "expand" }; // a frame that only crops needs no model
    if (adjusting.active) edit = adjusting.edit;
    else if (form.intent !== "expand" || !doc.frame.crops) edit = await this.#prepared(values);
    if (!edit && adjusting.active) notifications.status(t("status.adjust_first"));
    if (!edit || this.editor.doc !== doc) return values.seed;
    if (!form.model.supportsIntent(form.intent)) notifications.status(form.unsupportedIntent);
    else if (!(await this.#send(edit, () => edit.adjustment && adjusting.sent()))) {
      notifications.status(this.#nothingToSend(form.intent));
      this.editor.focusViewport();
    }
    if (seed !== undefined && !form.aside) return seed;
    return edit.adjustment ? values.seed : edit.seed;
  }

  /** Fills what is masked from its surroundings, whatever the form's intent: the edit of Remove. */
  async removeMasked() {
    const { doc, form, notifications } = this.editor;
    if (!doc?.mayEdit || doc.submitting || this.waiting || doc.amendment.step || !form.values) return;
    if (!doc.mask || doc.mask.empty) {
      notifications.status(this.#nothingToSend("remove"));
      return;
    }
    const host = serverOf(form.models.of("remove"));
    if (host && form.intent !== "remove") { // what leaves this machine is said first
      form.intend("remove");
      notifications.status(t("status.sends_part", { host }));
      return;
    }
    this.#putAside();
    const edit = await this.#prepared(form.values, "remove");
    if (!edit || this.editor.doc !== doc) return;
    form.put({ seed: edit.seed });
    await this.#send(edit);
  }

  /** Generates the newest job, or else the step on show, once more with another seed. */
  again() {
    const { doc, server } = this.editor;
    if (doc?.canRepeat) doc.requests.run(server.again(doc.id, randomSeed()), doc.runStatus);
  }

  cancel() {
    return this.editor.doc?.queue.cancel();
  }

  /** Ends what is half done on the picture. */
  #putAside() {
    const { compare, panels, pointer } = this.editor;
    pointer.finish();
    compare.stop();
    panels.history.stop();
  }

  async #prepared(values, intent = values.intent) {
    this.waiting = true;
    try {
      return this.editor.live.adapted(await this.editor.form.prepare(values, intent));
    } finally {
      this.waiting = false;
    }
  }

  #send(edit, accepted) {
    const { doc, live } = this.editor;
    live.hold(edit);
    return doc.submission.send(edit, accepted);
  }

  #nothingToSend(intent) {
    if (intent === "expand") return t("status.drag_first");
    if (intent === "sketch") return t("status.sketch_first");
    const { bindings, doc } = this.editor;
    return t(doc.masks.canRecall ? "status.paint_first_or" : "status.paint_first", { key: bindings.label("recall") });
  }
}
