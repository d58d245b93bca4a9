// The adjustment that is being prepared: its values, which step of the history they are of, and the settings open beside it.

import { NEUTRAL, recordOf } from "./adjustment.js";

export class Adjusting {
  /** editor: the Editor whose document is adjusted. */
  constructor(editor) {
    this.editor = editor;
    this.values = NEUTRAL;
    this.aside = null; // the user's own values while a step is amended
    this.tabBefore = null; // of the side panel, before its settings were opened for the sliders
  }

  get active() {
    return this.editor.form.intent === "adjust";
  }

  get neutral() {
    return Object.keys(recordOf(this.values)).length === 0;
  }

  /** What the live view shows: { adjustment, feather, edge, opacity }; null while nothing is adjusted. */
  get shown() {
    const { doc, form } = this.editor;
    if (!this.active || this.neutral) return null;
    const { feather, opacity } = form.values;
    return { adjustment: recordOf(this.values), feather, opacity, edge: doc?.amendment.step?.edit.blend.edge ?? 0 };
  }

  /** The edit to be sent; null while the values change nothing. The route wants a model's settings too, which have no effect. */
  get edit() {
    if (!this.shown) return null;
    const { new_seed: _new, refine_strength: _refine, sketch_strength: _sketch, ...settings } = this.editor.form.values;
    return { ...settings, ...this.shown, intent: "adjust", strength: null, seed: 0, variations: 1 };
  }

  set(changes) {
    this.values = { ...this.values, ...changes };
    this.editor.refresh();
  }

  reset() {
    this.set(NEUTRAL);
  }

  /** The edit is a job: its live view stays until the result is there. */
  sent() {
    this.editor.doc.adjustPreview.hold();
    if (!this.aside) this.reset(); // else they come back with the user's other settings
  }

  /** Takes up the values of a step, none of one that was made otherwise. */
  recall({ adjustment }) {
    this.set({ ...NEUTRAL, ...adjustment });
    if (adjustment && this.active) this.#showSliders();
  }

  /** Takes up those of a step to amend it; puts the user's own aside until `takeBack`. */
  amend(edit) {
    this.aside = this.values;
    this.recall(edit);
  }

  takeBack() {
    this.set(this.aside);
    this.aside = null;
  }

  #showSliders() {
    const { side } = this.editor.panels;
    this.tabBefore = side.tab;
    side.open("settings");
  }

  /** The mode was chosen, or left: the sliders are among the settings. */
  toggled() {
    const { side } = this.editor.panels;
    if (this.active) this.#showSliders();
    else if (side.tab === "settings") side.open(this.tabBefore);
  }
}
