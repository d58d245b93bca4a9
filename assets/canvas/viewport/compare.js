// Before and after: compares another revision with the one on show, split by a line, as a difference, or as a whole.

import { h } from "../lib/dom.js";
import { t } from "../lib/locale.js";

const STEP = 0.02; // of the viewport's width, by which an arrow key moves the line

export class Compare {
  /** viewport: Viewport. changed(): it compares in another way, or no more. */
  constructor(viewport, changed) {
    Object.assign(this, { viewport, changed });
    this.mode = null; // "split", "difference", "whole" or null
    this.at = 0.5; // the line, as a share of the viewport's width
    this.revision = null; // of the other picture
    this.picture = null;
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
    }, h("span", { class: "before" }, t("compare.before")), h("span", { class: "after" }, t("compare.after")));
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
    this.viewport.compare(this.mode && { picture: this.picture, mode: this.mode, at: this.at });
    this.changed();
  }

  /** Compares a revision of `doc` with what it shows; stops if the mode or the revision is null. */
  async show(doc, mode, revision) {
    const request = {};
    this.request = request;
    if (!mode || !revision) {
      this.mode = this.revision = null;
      this.#draw();
      return;
    }
    if (revision !== this.revision) {
      const picture = await doc.display.load(revision);
      if (!picture || this.request !== request) return;
      this.picture = picture;
    }
    [this.mode, this.revision] = [mode, revision];
    this.#draw();
  }

  stop() {
    if (this.mode) this.show(null, null, null);
    this.request = null;
  }
}
