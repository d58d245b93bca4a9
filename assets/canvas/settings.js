// The form's values between visits: kept in the browser, checked when they come back.

const STORED = "palimpsest-settings";

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
  return fields.map(({ name, value, choices, min, max }) => {
    const kept = stored[name];
    if (typeof kept !== typeof value) return value;
    if (choices && !choices.includes(kept)) return value;
    if (typeof kept === "number" && !(kept >= min && kept <= max)) return value;
    return kept;
  });
}

export function remember(values, storage = localStorage) {
  try {
    storage.setItem(STORED, JSON.stringify(values));
  } catch {
    // a browser that keeps nothing
  }
}
