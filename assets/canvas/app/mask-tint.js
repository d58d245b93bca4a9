// The masks' colour and opacity, which the browser stores.

import { TINT } from "../viewport/overlay.js";
import { loadJson, saveJson } from "../lib/storage.js";

const STORED = "palimpsest-mask";
export const FAINTEST = 0.1;

/** Loads { colour: "#rrggbb", opacity: FAINTEST..1 }; what is stored and does not fit gives way to the default. */
export function loadTint(storage = null) {
  const { colour, opacity } = loadJson(STORED, {}, storage);
  return {
    colour: /^#[0-9a-f]{6}$/i.test(colour) ? colour : TINT.colour,
    opacity: typeof opacity === "number" && opacity >= FAINTEST && opacity <= 1 ? opacity : TINT.opacity,
  };
}

export const saveTint = (tint, storage = null) => saveJson(STORED, tint, storage);
