// The bar of the box that moves, scales and rotates: its numbers, and how to accept what it holds. It takes the place of the
// tool's options.

import { h, icon, iconButton } from "../lib/dom.js";
import { t } from "../lib/locale.js";
import { normalised, scaled } from "../viewport/transform.js";

const FARTHEST = 2 ** 20; // plane pixels; and the longest side

/**
 * What each field does with a place, see viewport/transform.js, its upper left corner counted from the picture's.
 * { field: { show(place, origin), set(place, value, origin, locked) } }
 */
const FIELDS = {
  x: { show: (place, [left]) => place.x - place.width / 2 - left, set: (place, value, [left]) => ({ ...place, x: value + left + place.width / 2 }) },
  y: { show: (place, [, top]) => place.y - place.height / 2 - top, set: (place, value, [, top]) => ({ ...place, y: value + top + place.height / 2 }) },
  width: { show: ({ width }) => width, set: (place, value, _, locked) => scaled(place, [value, locked ? (place.height * value) / place.width : place.height]), least: 1 },
  height: { show: ({ height }) => height, set: (place, value, _, locked) => scaled(place, [locked ? (place.width * value) / place.height : place.width, value]), least: 1 },
  angle: { show: ({ angle }) => angle, set: (place, value) => ({ ...place, angle: normalised(value) }) },
};

/** actions: { set(place), lock(locked), accept(how): "sketch", "keep" or "mask", drop() }. */
export function transformBar(actions) {
  let place = null;
  let origin = [0, 0];
  let locked = true;
  const fields = Object.entries(FIELDS).map(([name, { set, least = -FARTHEST }]) => {
    const input = h("input", {
      type: "number", step: "any", "aria-label": t(`transform.${name}`), title: t(`transform.${name}`),
      onchange: () => {
        const value = input.valueAsNumber;
        if (Number.isFinite(value)) actions.set(set(place, Math.min(FARTHEST, Math.max(least, value)), origin, locked));
        else show();
      },
    });
    return [name, input];
  });
  const inputs = Object.fromEntries(fields);
  const labelled = (name) => h("label", {}, h("span", { "aria-hidden": "true" }, t(`transform.${name}.short`)), inputs[name]);
  const lock = iconButton("link", t("transform.lock"), null, () => actions.lock(!locked));
  const mirror = iconButton("mirror", t("transform.mirror"), null, () => actions.set({ ...place, flipped: !place.flipped }));
  const text = (how, kind) => h("button", { type: "button", class: kind, onclick: () => actions.accept(how) }, t(`transform.${how}`));
  const [sketch, keep, mask] = [text("sketch", "secondary"), text("keep", "primary"), text("mask", "primary")];
  const drop = h("button", { type: "button", class: "secondary", onclick: actions.drop }, icon("close"), t("transform.drop"));
  const element = h(
    "div",
    { class: "transform-bar", role: "group", "aria-label": t("transform.label"), hidden: true },
    h("span", { class: "numbers" }, labelled("x"), labelled("y"), labelled("width"), lock, labelled("height"), labelled("angle"), mirror),
    h("span", { class: "ends" }, sketch, keep, mask, drop),
  );

  function show() {
    for (const [name, input] of fields) input.value = String(Math.round(FIELDS[name].show(place, origin) * 10) / 10);
    lock.setAttribute("aria-pressed", String(locked));
    mirror.setAttribute("aria-pressed", String(place.flipped));
  }

  return {
    element,
    /**
     * state: { place, origin: the picture's upper left corner, locked, mask: whether the mask is transformed, else a picture,
     * sending: it is on its way to the server, unable: why it cannot become a sketch, "" if it can }; null hides the bar.
     */
    show(state) {
      element.hidden = !state;
      if (!state) return;
      ({ place, origin, locked } = state);
      show();
      for (const button of [sketch, keep]) button.hidden = state.mask;
      mask.hidden = !state.mask;
      for (const control of element.querySelectorAll("button, input")) control.disabled = state.sending;
      sketch.disabled ||= state.unable !== "";
      sketch.title = state.unable;
    },
  };
}
