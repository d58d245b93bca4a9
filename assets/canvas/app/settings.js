// The form's values between visits: kept in the browser, checked when they come back.

import { loadJson, saveJson } from "../lib/storage.js";

const STORED = "palimpsest-settings";
const WRITTEN = ["prompt", "negative_prompt"]; // a document's own: see draft-storage.js
export const MODEL_DEFAULTS = ["steps", "guidance", "sampler"]; // kept only where the user set them: else they are the model's

/** { values, own, fields, called } as the form began: its values and what of MODEL_DEFAULTS is the user's, by name; see `restore`. */
export let restored = null;

/**
 * fields: [{ name, value, choices? , min?, max? }, ...] in the order of the form, `value` the default. called: what is
 * shown for a model's name, where that is another.
 * Returns the stored values in that order, each replaced by its default unless it still fits.
 */
export function restore(fields, called = {}, storage = null) {
  const stored = loadJson(STORED, {}, storage);
  const fits = ({ value, min, max }, before) => typeof before === typeof value && (typeof before !== "number" || (before >= min && before <= max));
  const own = {}; // which samplers there are is the model's to say
  for (const field of fields) if (MODEL_DEFAULTS.includes(field.name) && fits(field, stored.own?.[field.name])) own[field.name] = stored.own[field.name];
  const values = fields.map((field) => {
    const before = (MODEL_DEFAULTS.includes(field.name) ? own : stored)[field.name];
    return !WRITTEN.includes(field.name) && fits(field, before) && (field.choices?.includes(before) ?? true) ? before : field.value;
  });
  const named = (list) => Object.fromEntries(fields.map(({ name }, i) => [name, list[i]]));
  restored = { values: named(values), own, fields: named(fields), called };
  globalThis.palimpsest?.settingsChanged(restored.values); // Gradio tells of changes only
  return values;
}

/** own: what of MODEL_DEFAULTS the user set. */
export function remember(values, own, storage) {
  saveJson(STORED, { ...Object.fromEntries(Object.entries(values).filter(([name]) => ![...MODEL_DEFAULTS, ...WRITTEN].includes(name))), own }, storage);
}

/** A model's name as people know it. */
export const nameOf = (pipeline) => restored?.called[pipeline] ?? pipeline;
