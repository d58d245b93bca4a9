// Blends a step's result into the picture in another way, without the model.

import { t } from "../lib/locale.js";

export class StepBlend {
  /** doc: the OpenDocument whose step is blended. */
  constructor(doc) {
    this.doc = doc;
    this.blend = null; // previewed last; an earlier response is out of date
  }

  /** Shows the step with another blend, null: as it is. */
  async preview(revision, blend) {
    const { display, requests, server } = this.doc;
    this.blend = blend;
    if (!blend) {
      display.dropPreview();
      return;
    }
    try {
      const { bitmap, box } = await server.reblended(revision, blend);
      if (this.doc.closed || this.blend !== blend) return;
      display.setPreview({ revision: null, bitmap, box });
    } catch (error) {
      requests.report(error, "command");
    }
  }

  async apply(revision, blend) {
    const { id, display, requests, server } = this.doc;
    this.blend = null;
    if (!(await requests.run(server.reblend(id, revision, blend), t("status.reblended")))) display.dropPreview();
    display.look(null);
  }
}
