// The form's values between visits: kept in the browser, checked when they come back.

const STORED = "palimpsest-settings";

export let restored = null; // the form's values as it began, by name

/**
 * fields: [{ name, value, choices? , min?, max? }, ...] in the order of the form, `value` the default.
 * Returns the stored values in that order, each replaced by its default unless it still fits.
 */
export function restore(fields, storage = localStorage) {
  let stored = {};
  try {
    stored = JSON.parse(storage.getItem(STORED)) ?? {};
  } catch {
    // unreadable: the defaults will do
  }
  const values = fields.map(({ name, value, choices, min, max }) => {
    const kept = stored[name];
    if (typeof kept !== typeof value) return value;
    if (choices && !choices.includes(kept)) return value;
    if (typeof kept === "number" && !(kept >= min && kept <= max)) return value;
    return kept;
  });
  restored = Object.fromEntries(fields.map(({ name }, i) => [name, values[i]]));
  globalThis.palimpsest?.settingsChanged(restored); // Gradio tells of changes only
  return values;
}

export function remember(values, storage = localStorage) {
  try {
    storage.setItem(STORED, JSON.stringify(values));
  } catch {
    // a browser that keeps nothing
  }
}
