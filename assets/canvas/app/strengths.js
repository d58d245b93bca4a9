// The strengths of Refine and Sketch, in percent beside their sliders, for the eye and for screen readers. The sliders are
// Gradio's, which shows a share of 1 in a field too wide for the dock.

import { h } from "../lib/dom.js";
import { t } from "../lib/locale.js";

const FIELDS = ["refine_strength", "sketch_strength"];

/** values: the form's. */
export function showStrengths(values) {
  for (const name of FIELDS) {
    const range = document.querySelector(`#${name} input[type=range]`);
    if (!range) continue;
    const text = t("status.part", { percent: Math.round(100 * values[name]) });
    range.setAttribute("aria-valuetext", text);
    const shown = range.parentElement.querySelector("output") ?? range.parentElement.appendChild(h("output", {}));
    shown.textContent = text;
  }
}
