// Small values that the browser stores between visits, as JSON. Where it stores nothing, or nothing that can be read, each
// visit is the first.

/** storage: in place of the page's own, for tests. */
export function loadJson(key, fallback, storage = null) {
  try {
    return JSON.parse((storage ?? localStorage).getItem(key)) ?? fallback;
  } catch {
    return fallback;
  }
}

export function saveJson(key, value, storage = null) {
  try {
    (storage ?? localStorage).setItem(key, JSON.stringify(value));
  } catch {
    // the value lasts for this visit alone
  }
}

/** Loads a list of texts, the newest first. */
export function loadTexts(key, storage = null) {
  const list = loadJson(key, [], storage);
  return Array.isArray(list) ? list.filter((text) => typeof text === "string") : [];
}

/** Puts a text at the head of its list, and drops all beyond `limit`. */
export function addText(key, text, limit, storage = null) {
  saveJson(key, [text, ...loadTexts(key, storage).filter((other) => other !== text)].slice(0, limit), storage);
}

export function removeText(key, text, storage = null) {
  saveJson(key, loadTexts(key, storage).filter((other) => other !== text), storage);
}
