// The page's texts in the reader's language: locales/en.json and its siblings, one file a language.

export const LANGUAGES = ["en", "de", "zh"];

let texts = {};

/** Picks the first of a reader's languages that there is a file for, else English. */
export function pickLanguage(languages) {
  const codes = languages.map((language) => language.toLowerCase().split("-")[0]);
  return codes.find((language) => LANGUAGES.includes(language)) ?? LANGUAGES[0];
}

export function setTexts(all) {
  texts = all;
}

/** Loads a language's texts and uses them. */
export async function loadLanguage(language) {
  const file = new URL(`../locales/${language}.json`, import.meta.url);
  setTexts(await (await fetch(file, { cache: "no-cache" })).json());
  document.documentElement.lang = language;
}

/** The text for a key, with its {values} filled in. */
export function t(key, values = {}) {
  return (texts[key] ?? key).replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
}
