// What the user says a document's picture is, "drawing" or "photograph", where the server takes it for the other. The browser
// remembers it.

import { loadJson, saveJson } from "../lib/storage.js";

const STORED = "palimpsest-kinds";
const MOST = 200; // documents

/** null where nothing was said. */
export function loadKind(document, storage = null) {
  return (loadKinds(storage).find(([id]) => id === document) ?? [null, null])[1];
}

export function saveKind(document, kind, storage = null) {
  saveJson(STORED, [[document, kind], ...loadKinds(storage).filter(([id]) => id !== document)].slice(0, MOST), storage);
}

function loadKinds(storage) {
  const kinds = loadJson(STORED, [], storage);
  const known = (entry) => Array.isArray(entry) && ["drawing", "photograph"].includes(entry[1]);
  return Array.isArray(kinds) ? kinds.filter(known) : [];
}
