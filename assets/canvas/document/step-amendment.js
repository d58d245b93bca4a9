// Amends a step of the history: the next edit replaces it, and the server replays the later steps on the result.

import { t } from "../lib/locale.js";

export class StepAmendment {
  /** doc: the OpenDocument whose step is amended. */
  constructor(doc) {
    this.doc = doc;
    this.step = null; // the node of the history that the next edit replaces, with what `Server.replayed` says of it
  }

  /** Whether a step can be amended now. Says why not while steps are replayed. */
  mayStart() {
    const { doc } = this;
    const replaying = doc.state.running.some(({ replay }) => replay);
    if (replaying) doc.notifications.status(t("status.replaying"));
    return Boolean(doc.draft && !doc.painting && !doc.submitting && !replaying);
  }

  /** Shows the step with its mask, or its frame, to be edited; puts the user's own draft aside. */
  async start(step) {
    const { doc } = this;
    doc.frame.set(null);
    doc.draftEditor.setAside();
    this.step = step;
    const { margins } = step.edit;
    const reframed = margins.some(Boolean);
    await doc.display.look(reframed || step.edit.adjustment ? step.parent : step.revision); // what it is made on, to be made anew
    if (this.step !== step) return;
    if (reframed) doc.frame.setMargins(margins);
    await doc.masks.reuse(step);
    const replay = await doc.server.replayed(doc.id, step.revision).catch(() => null);
    if (this.step !== step || !replay) return;
    this.step = { ...step, ...replay };
    doc.changed();
  }

  /** Brings back the user's draft and view: the next edit is a new one. */
  async stop() {
    const { doc } = this;
    this.step = null;
    doc.frame.set(null);
    doc.draftEditor.takeBack();
    const turn = doc.display.look(null);
    if (!turn) doc.draftEditor.reframe(doc.picture.box);
    doc.amended();
    doc.changed();
    await turn;
  }
}
