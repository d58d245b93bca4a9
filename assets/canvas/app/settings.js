// The form's values between visits: the browser stores them, and they are checked when they are restored.

import { loadJson, saveJson } from "../lib/storage.js";

const STORED = "palimpsest-settings";
const PROMPTS = ["prompt", "negative_prompt"]; // belong to a document: see draft-storage.js
export const MODEL_DEFAULTS = ["steps", "guidance", "sampler"]; // stored only where the user set them: else the model's apply

/**
 * The form as it began: { values, own: those of MODEL_DEFAULTS that the user set, models: those that the user chose, by mode,
 * fields, modelNames }; see `restore`.
 */
export let initialForm = null;

/**
 * Restores the stored values, in the order of the form; a value that no longer fits gives way to its default. Undefined for
 * the prompts, which are left as they are. web/page.py calls this.
 *
 * fields: [{ name, value: the default, choices?, min?, max? }, ...] in that order. modelNames: a model's id -> its name, where
 * the two differ.
 */
export function restore(fields, modelNames = {}, storage = null) {
  const stored = loadJson(STORED, {}, storage);
  const fits = ({ value, min, max }, before) => typeof before === typeof value && (typeof before !== "number" || min === undefined || (before >= min && before <= max));
  const own = {}; // a sampler is not checked: only its model knows which there are
  for (const field of fields) if (MODEL_DEFAULTS.includes(field.name) && fits(field, stored.own?.[field.name])) own[field.name] = stored.own[field.name];
  const chosen = (typeof stored.models === "object" && stored.models) || (stored.pipeline ? { fill: stored.pipeline } : {}); // an earlier version had one for all
  const models = Object.fromEntries(Object.entries(chosen).filter(([, name]) => typeof name === "string"));
  const values = fields.map((field) => {
    if (field.name === "pipeline") return field.value; // the mode's own takes its place
    const before = (MODEL_DEFAULTS.includes(field.name) ? own : stored)[field.name];
    return !PROMPTS.includes(field.name) && fits(field, before) && (field.choices?.includes(before) ?? true) ? before : field.value;
  });
  const byName = (list) => Object.fromEntries(fields.map(({ name }, i) => [name, list[i]]));
  initialForm = { values: byName(values), own, models, fields: byName(fields), modelNames };
  globalThis.palimpsest?.settingsChanged(initialForm.values); // Gradio reports changes only
  return fields.map(({ name }, i) => (PROMPTS.includes(name) ? undefined : values[i])); // those of the document may be there
}

/** own: those of MODEL_DEFAULTS that the user set. models: those that the user chose, by mode. */
export function saveSettings(values, own, models, storage) {
  saveJson(STORED, { ...Object.fromEntries(Object.entries(values).filter(([name]) => ![...MODEL_DEFAULTS, ...PROMPTS, "pipeline"].includes(name))), own, models }, storage);
}

/** A model's name, as the form shows it. */
export const modelName = (pipeline) => initialForm?.modelNames[pipeline] ?? pipeline;
