// Before and after: the state before beside what is shown, split by a line to drag, as a difference, or while a key is held.

import { h } from "../lib/dom.js";
import { t } from "../lib/locale.js";

const STEP = 0.02; // of the viewport's width, for the arrow keys

export class Compare {
  /** viewport: Viewport. changed(): the mode is another. */
  constructor(viewport, changed) {
    Object.assign(this, { viewport, changed });
    this.mode = null; // "split", "difference", "whole" or null
    this.at = 0.5;
    this.revision = null; // what is compared with
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
        this.#put(this.at + by);
      },
    }, h("span", { class: "before" }, t("compare.before")), h("span", { class: "after" }, t("compare.after")));
    viewport.root.append(this.line);
  }

  #move(x) {
    const { left, width } = this.viewport.root.getBoundingClientRect();
    this.#put((x - left) / width);
  }

  #put(at) {
    this.at = Math.min(0.98, Math.max(0.02, at));
    this.#show();
  }

  #show() {
    this.line.hidden = this.mode !== "split";
    this.line.style.left = `${this.at * 100}%`;
    this.line.setAttribute("aria-valuenow", Math.round(this.at * 100));
    this.viewport.compare(this.mode && { picture: this.picture, mode: this.mode, at: this.at });
    this.changed();
  }

  /** doc: OpenDocument. revision: of it, to compare with; null: nothing any more. */
  async show(doc, mode, revision) {
    const wanted = {};
    this.wanted = wanted;
    if (!mode || !revision) {
      this.mode = this.revision = null;
      this.#show();
      return;
    }
    if (revision !== this.revision) {
      const picture = await doc.display.load(revision);
      if (!picture || this.wanted !== wanted) return;
      this.picture = picture;
    }
    [this.mode, this.revision] = [mode, revision];
    this.#show();
  }

  stop() {
    if (this.mode) this.show(null, null, null);
    this.wanted = null;
  }
}
