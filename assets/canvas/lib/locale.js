// What the page says, in the reader's language: locales/en.json and its sisters, one file for each language.

export const LANGUAGES = ["en", "de", "zh"];

let words = {};

/** The first language a reader has that there is a file for. */
export function spoken(languages) {
  const known = languages.map((language) => language.toLowerCase().split("-")[0]);
  return known.find((language) => LANGUAGES.includes(language)) ?? LANGUAGES[0];
}

export function teach(all) {
  words = all;
}

/** Fetch and use a language's words. */
export async function learn(language) {
  const file = new URL(`../locales/${language}.json`, import.meta.url);
  teach(await (await fetch(file, { cache: "no-cache" })).json());
  document.documentElement.lang = language;
}

/** The words for a key, with its {values} put in. */
export function t(key, values = {}) {
  return (words[key] ?? key).replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
}
