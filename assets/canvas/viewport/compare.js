// Before and after: compares two revisions, split by a line, as a difference, or the first as a whole.

import { h } from "../lib/dom.js";
import { t } from "../lib/locale.js";

const STEP = 0.02; // of the viewport's width, by which an arrow key moves the line

export class Compare {
  /** viewport: Viewport. changed(): it compares in another way, or no more. */
  constructor(viewport, changed) {
    Object.assign(this, { viewport, changed });
    this.mode = null; // "split", "difference", "whole" or null
    this.at = 0.5; // the line, as a share of the viewport's width
    this.pair = null; // { before, after, names }: see `show`
    this.before = this.after = null; // their pictures; `after` is null where it is the one that the viewport shows anyway
    this.request = null; // the last call of `show`; an earlier one is out of date
    this.line = h("div", {
      class: "split-line", role: "slider", tabindex: 0, hidden: true, "aria-label": t("compare.line"), "aria-valuemin": 0, "aria-valuemax": 100,
      onpointerdown: (event) => {
        event.stopPropagation();
        this.line.setPointerCapture(event.pointerId);
      },
      onpointermove: (event) => this.line.hasPointerCapture(event.pointerId) && this.#move(event.clientX),
      onkeydown: (event) => {
        const by = { ArrowLeft: -STEP, ArrowRight: STEP }[event.key];
        if (!by) return;
        event.preventDefault();
        this.#moveTo(this.at + by);
      },
    }, h("span", { class: "before" }), h("span", { class: "after" }));
    viewport.root.append(this.line);
  }

  #move(x) {
    const { left, width } = this.viewport.root.getBoundingClientRect();
    this.#moveTo((x - left) / width);
  }

  #moveTo(at) {
    this.at = Math.min(0.98, Math.max(0.02, at));
    this.#draw();
  }

  #draw() {
    this.line.hidden = this.mode !== "split";
    this.line.style.left = `${this.at * 100}%`;
    this.line.setAttribute("aria-valuenow", Math.round(this.at * 100));
    [...this.line.children].forEach((label, i) => (label.textContent = this.pair?.names[i] ?? ""));
    this.viewport.compare(this.mode && { before: this.before, after: this.after, mode: this.mode, at: this.at });
    this.changed();
  }

  /**
   * Compares two revisions of `doc`; stops if the mode or the pair is null. pair: { before, after, names }: the revisions,
   * after: null for whatever the document shows, and how to call them.
   */
  async show(doc, mode, pair) {
    const request = {};
    this.request = request;
    if (!mode || !pair) {
      this.mode = this.pair = this.before = this.after = null;
      this.#draw();
      return;
    }
    const load = (revision, picture) => (!revision || picture?.revision === revision ? revision && picture : doc.display.load(revision));
    const [before, after] = await Promise.all([load(pair.before, this.before), load(pair.after, this.after)]);
    if (this.request !== request || !before || (pair.after && !after)) return;
    Object.assign(this, { mode, pair, before, after });
    this.#draw();
  }

  stop() {
    if (this.mode) this.show(null, null, null);
    this.request = null;
  }
}
