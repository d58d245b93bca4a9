// The controls of an adjustment: a slider and a number for each value, and the curve. They stand among the settings.

import { CONTROLS } from "../app/adjustment.js";
import { curveEditor } from "./curve-editor.js";
import { h } from "../lib/dom.js";
import { t } from "../lib/locale.js";

/** actions: { set(changes), reset() }. Returns { element, show({ values, neutral, whole }) }. */
export function adjustPanel(actions) {
  const rows = Object.fromEntries(Object.keys(CONTROLS).map((name) => [name, row(name, (value) => actions.set({ [name]: value }))]));
  const curve = curveEditor((points) => actions.set({ curve: points }));
  const where = h("p", { class: "adjust-where", role: "status" });
  const resetter = h("button", { type: "button", class: "chip", onclick: actions.reset }, t("adjust.reset"));
  const element = h(
    "div",
    { class: "adjust", role: "group", "aria-label": t("command.adjust") },
    h("div", { class: "adjust-head" }, where, resetter), ...Object.values(rows).map((each) => each.element), curve.element,
  );
  return {
    element,
    /** whole: whether nothing is selected, so that the whole picture is adjusted. */
    show({ values, neutral, whole }) {
      for (const [name, each] of Object.entries(rows)) each.show(values[name]);
      curve.show(values.curve);
      resetter.disabled = neutral;
      const text = t(whole ? "adjust.whole" : "adjust.masked");
      if (where.textContent !== text) where.textContent = text;
    },
  };
}

/** A value's slider and number; a double click on the slider or the name resets it. set(value). */
function row(name, set) {
  const { min, max, step, shown } = CONTROLS[name];
  const label = t(`adjust.${name}`);
  const extent = { min: min * shown, max: max * shown, step: step * shown };
  const range = h("input", { type: "range", ...extent, "aria-label": label, oninput: () => put(range) });
  const number = h("input", { type: "number", ...extent, "aria-label": t("adjust.number", { name: label }), oninput: () => put(number), onchange: () => show(value) });
  let value = 0;

  function put(field) {
    const typed = Number.parseFloat(field.value);
    if (Number.isNaN(typed)) return; // a minus sign, so far
    value = Math.round((Math.min(extent.max, Math.max(extent.min, typed)) / shown) * 100) / 100;
    set(value);
  }

  function show(next) {
    value = next;
    const text = String(Math.round(value * shown * 100) / 100);
    if (document.activeElement !== number || Number.parseFloat(number.value) !== Number.parseFloat(text)) number.value = text;
    range.value = text;
    range.setAttribute("aria-valuetext", text);
  }

  const reset = () => set(0);
  range.addEventListener("dblclick", reset);
  show(0);
  return { element: h("div", { class: "adjust-row" }, h("span", { class: "adjust-name", ondblclick: reset }, label), range, number), show };
}
