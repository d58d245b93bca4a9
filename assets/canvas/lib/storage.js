// Small things kept in the browser between visits, as JSON. A browser that keeps nothing, or holds what cannot be read,
// is one that was never here.

/** storage: another than the page's own, for tests. */
export function kept(key, otherwise, storage = null) {
  try {
    return JSON.parse((storage ?? localStorage).getItem(key)) ?? otherwise;
  } catch {
    return otherwise;
  }
}

export function keep(key, value, storage = null) {
  try {
    (storage ?? localStorage).setItem(key, JSON.stringify(value));
  } catch {
    // it is known for this visit alone
  }
}

/** A list of texts, the newest first. */
export function texts(key, storage = null) {
  const list = kept(key, [], storage);
  return Array.isArray(list) ? list.filter((one) => typeof one === "string") : [];
}

/** Put a text at the head of its list, which holds at most so many. */
export function keepFirst(key, text, most, storage = null) {
  keep(key, [text, ...texts(key, storage).filter((one) => one !== text)].slice(0, most), storage);
}
