// The form's values between visits: kept in the browser, checked when they come back.

import { keep, kept } from "./storage.js";

const STORED = "palimpsest-settings";

export let restored = null; // the form's values as it began, by name

/**
 * fields: [{ name, value, choices? , min?, max? }, ...] in the order of the form, `value` the default.
 * Returns the stored values in that order, each replaced by its default unless it still fits.
 */
export function restore(fields, storage) {
  const stored = kept(STORED, {}, storage);
  const values = fields.map(({ name, value, choices, min, max }) => {
    const before = stored[name];
    if (typeof before !== typeof value) return value;
    if (choices && !choices.includes(before)) return value;
    if (typeof before === "number" && !(before >= min && before <= max)) return value;
    return before;
  });
  restored = Object.fromEntries(fields.map(({ name }, i) => [name, values[i]]));
  globalThis.palimpsest?.settingsChanged(restored); // Gradio tells of changes only
  return values;
}

export const remember = (values, storage) => keep(STORED, values, storage);
