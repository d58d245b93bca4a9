// Changes the mask by what the server computes or remembers: selections, growing and shrinking, the masks of earlier steps.

import { t } from "../lib/locale.js";

export class MaskTools {
  /** doc: the OpenDocument whose mask is changed. */
  constructor(doc) {
    this.doc = doc;
  }

  /** Selects by the picture's own colours. query: see `Server.select`. rough: a stroke's { box, values } for the edge-aware tool. */
  async select(query, subtract, rough = null) {
    const { doc } = this;
    try {
      const patch = await doc.server.select(doc.id, { ...query, revision: doc.picture.revision }, rough);
      if (doc.closed) return;
      if (patch) doc.draftEditor.paste(patch.box, patch.values, subtract);
      else doc.notifications.status(t("status.nothing_selected"));
    } catch (error) {
      doc.requests.report(error, "command");
    }
  }

  /** operation: see `Server.changeMask`. */
  async change(operation) {
    const { doc } = this;
    const box = doc.mask?.bounds();
    if (!box || doc.painting) return;
    try {
      const patch = await doc.server.changeMask(doc.id, operation, { box, values: doc.mask.crop(box) });
      if (!doc.closed) doc.draftEditor.replaceMask(patch);
    } catch (error) {
      doc.requests.report(error, "command");
    }
  }

  get canRecall() {
    return Boolean(this.doc.tracker.lastMask || this.doc.state.last_mask);
  }

  /** Adds the mask of the last edit. */
  async recall() {
    const { doc } = this;
    if (!doc.draft || !this.canRecall || doc.painting) return;
    if (doc.tracker.lastMask) doc.draftEditor.pasteMask(doc.tracker.lastMask);
    else await this.reuse(doc.state.last_mask);
  }

  /** Adds the mask of a step of the history. */
  async reuse({ revision, box }) {
    const { doc } = this;
    if (!doc.draft || doc.painting || !box?.[2]) return;
    try {
      doc.draftEditor.paste(box, await doc.server.mask(revision, box[2], box[3]));
    } catch (error) {
      doc.requests.report(error, "command");
    }
  }

  /** Repaints specks of the mask too, until it is sent or cleared. */
  keepSpecks() {
    const { draft, plan } = this.doc;
    if (!draft) return;
    draft.keepSpecks = true;
    plan.refresh();
  }
}
