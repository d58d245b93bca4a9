// Sends the edit: takes the draft, repeats the request until the server answers, and gives the draft back when it refuses.

import { Draft } from "../draft/draft.js";
import { editInput, encodeInput } from "./edit-input.js";
import { onlyCrops } from "./frame.js";
import { Unreachable } from "../net/responses.js";
import { t } from "../lib/locale.js";

const NOT_BEGUN = { done: 0, known: false, seconds: null, replay: null, waits: false }; // see RunProgress

export class Submission {
  /** doc: the OpenDocument that is edited. */
  constructor(doc) {
    this.doc = doc;
    this.draft = null; // the Draft that was sent last
  }

  /**
   * Sends what is painted with these settings. edit: { intent, prompt, negative_prompt, pipeline, steps, guidance, seed,
   * sampler, strength, feather, edge, opacity, colour_match, variations, and of an adjustment `adjustment` }. accepted(): it is a
   * job. False when there is nothing to send.
   */
  async send({ intent, ...settings }, accepted = () => {}) {
    const { doc } = this;
    const { amendment, draft, frame, notifications, tracker } = doc;
    const input = editInput(intent, draft, frame);
    if (!input) return false;
    notifications.dismiss("run");
    const { step } = amendment;
    if (step) settings.edge = step.edit.blend.edge;
    const { margins } = input;
    if (onlyCrops(margins)) {
      await doc.requests.run(doc.server.crop(doc.id, frame.box), t("status.cropped"));
      return true;
    }
    const { parent } = doc;
    const options = { keep_specks: draft.keepSpecks, intent, margins, kind: doc.kind, parent };
    const path = step ? `amend/${step.revision}` : "edits";
    const { box } = frame;
    const encoding = encodeInput(input, draft);
    this.#take(intent, draft);
    try {
      const pictures = await encoding;
      const accept = (state) => {
        tracker.accepted(state.jobs, draft, Boolean(step));
        accepted();
        if (amendment.step) amendment.stop(); // unless the user has left it meanwhile
        return state;
      };
      await doc.requests.retry(() => doc.server.submit(doc.id, path, { ...settings, ...options }, ...pictures).then(accept));
    } catch (error) {
      if (doc.closed) return true;
      if (doc.submitting) tracker.rejected(draft);
      notifications.status("");
      if (!doc.run) notifications.progress(null);
      if (!(error instanceof Unreachable)) notifications.note(error.message, "run");
      if (box) frame.set(box);
    }
    doc.changed();
    return true;
  }

  /** Stops trying to reach the server; what was not sent is the draft again. */
  giveUp() {
    const { requests, tracker } = this.doc;
    if (!requests.retrying) return;
    requests.stop();
    tracker.rejected(this.draft);
  }

  /** Makes room for the next edit while this draft is on its way; keeps what this edit does not use. */
  #take(intent, draft) {
    const { doc } = this;
    const { estimate } = doc.plan;
    this.draft = draft;
    doc.display.hoverRevision = null;
    doc.layers.cancel();
    const next = new Draft(draft.box);
    if (intent !== "sketch") next.sketch = draft.sketch;
    if (intent === "expand") next.mask = draft.mask;
    doc.frame.clear();
    doc.draftEditor.setDraft(next);
    doc.plan.clear();
    doc.tracker.setSending({ mask: intent === "expand" ? null : draft.mask });
    doc.notifications.status(intent === "adjust" && !doc.stalled ? t("status.adjusting") : doc.runStatus);
    if (!doc.run) doc.notifications.progress({ ...NOT_BEGUN, waits: doc.stalled });
    if (!doc.run && !doc.stalled && estimate) doc.eta.start(estimate.pipeline, estimate.steps);
    doc.changed();
  }
}
