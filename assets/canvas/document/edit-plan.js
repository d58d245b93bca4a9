// What the edit being prepared would do: which pixels may change, what the model reads, and how many steps that takes.

import { debounce } from "../lib/debounce.js";
import { layerOf } from "../draft/layer.js";
import { editInput, encodeInput } from "./edit-input.js";
import { onlyCrops } from "./frame.js";
import { Unreachable } from "../net/responses.js";

const PLAN_MS = 180;

export class EditPlan {
  /** doc: the OpenDocument whose draft and settings are planned. */
  constructor(doc) {
    this.doc = doc;
    this.estimate = null; // { windows, steps, pipeline, specks, kind of the picture, why this model if the picture decides, sent: { host, pixels } or null }
    this.input = null; // of the request sent last; an earlier response is out of date
    this.refresh = debounce(PLAN_MS, () => this.#request());
  }

  clear() {
    this.doc.viewport.setPlan(null, null);
    this.estimate = this.input = null;
  }

  async #request() {
    const { doc } = this;
    const edit = doc.request();
    const ready = doc.mayEdit && doc.draft && !doc.closed && !doc.painting && !doc.viewport.floating?.mask && !doc.queue.cancelling;
    const input = edit && ready && editInput(edit.intent, doc.draft, doc.frame);
    this.input = input;
    if (!input || onlyCrops(input.margins)) {
      this.clear();
      doc.changed();
      return;
    }
    try {
      const { intent, ...settings } = edit;
      const options = { keep_specks: doc.draft.keepSpecks, intent, margins: input.margins, kind: doc.kind };
      const pictures = await encodeInput(input, doc.draft);
      const plan = await doc.server.plan(doc.id, { ...settings, ...options, parent: doc.parent }, ...pictures);
      if (doc.closed || this.input !== input) return;
      doc.viewport.setPlan(layerOf(plan.regions), plan.windows, intent === "remove");
      const sent = plan.sent && { ...plan.sent, pixels: plan.sent.pixels * edit.variations };
      this.estimate = { windows: plan.windows, steps: plan.steps * edit.variations, pipeline: plan.model, specks: plan.specks, kind: plan.kind, why: plan.why, sent };
    } catch (error) {
      if (doc.closed || this.input !== input) return;
      this.clear(); // what is wrong is reported when the edit is sent
      if (error instanceof Unreachable) doc.lost = true;
    }
    doc.changed();
  }
}
