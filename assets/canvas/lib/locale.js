// The page's texts in the reader's language: locales/en.json and its siblings, one file a language.

export const LANGUAGES = ["en", "de", "zh"];

let texts = {};
let language = LANGUAGES[0];
let formats = null; // of times; making one is slow

/** Picks the first of a reader's languages that there is a file for, else English. */
export function pickLanguage(languages) {
  const codes = languages.map((language) => language.toLowerCase().split("-")[0]);
  return codes.find((language) => LANGUAGES.includes(language)) ?? LANGUAGES[0];
}

/** all: the texts by their keys. code: of their language. */
export function setTexts(all, code = LANGUAGES[0]) {
  [texts, language, formats] = [all, code, null];
}

/** Loads a language's texts and uses them. */
export async function loadLanguage(code) {
  const file = new URL(`../locales/${code}.json`, import.meta.url);
  setTexts(await (await fetch(file, { cache: "no-cache" })).json(), code);
  document.documentElement.lang = code;
}

/** The text for a key, with its {values} filled in. */
export function t(key, values = {}) {
  return (texts[key] ?? key).replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
}

const UNITS = [["year", 31_557_600], ["month", 2_629_800], ["week", 604_800], ["day", 86_400], ["hour", 3600], ["minute", 60]]; // seconds

function timeFormats() {
  const relative = (numeric) => new Intl.RelativeTimeFormat(language, { numeric, style: "short" });
  formats ??= { ago: relative("always"), now: relative("auto"), exact: new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short" }) };
  return formats;
}

/** How long ago a time was, both in seconds since 1970: "5 min. ago". */
export function timeAgo(then, now = Date.now() / 1000) {
  const unit = UNITS.find(([, seconds]) => now - then >= seconds);
  return unit ? timeFormats().ago.format(-Math.floor((now - then) / unit[1]), unit[0]) : timeFormats().now.format(0, "second");
}

/** A whole number with its thousands set apart: "1,048,576". */
export function wholeNumber(number) {
  return new Intl.NumberFormat(language).format(number);
}

/** Bytes as people say them: "6.9 GB". */
export function sizeInWords(bytes) {
  const [unit, size] = [["GB", 1e9], ["MB", 1e6]].find(([, size]) => bytes >= size) ?? ["kB", 1e3];
  const digits = bytes / size < 10 && unit === "GB" ? 1 : 0;
  return `${(bytes / size).toLocaleString(language, { maximumFractionDigits: digits })} ${unit}`;
}

/** A time in seconds since 1970: "29 Nov 2026, 18:04". */
export function exactTime(seconds) {
  return timeFormats().exact.format(seconds * 1000);
}
