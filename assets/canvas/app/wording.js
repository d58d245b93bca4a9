// What becomes of a prompt in the words that the model was taught, as a line with buttons. No DOM.

import { t } from "../lib/locale.js";

/**
 * wording: see `Server.hint`. exact: whether the user wants the words as they are. press: { exact(on), instead(word, other), remove() }.
 * Returns { text, buttons: [{ label, press() }, ...] }; the text is "" where the prompt is painted as it is.
 */
export function wordingLine({ prompt, left_out, unknown, removes }, model, exact, press) {
  if (removes) return { text: t("wording.removes"), buttons: [{ label: t("wording.remove"), press: press.remove }] };
  if (unknown.length) {
    const [{ word, near }] = unknown;
    const buttons = near.map((other) => ({ label: other, press: () => press.instead(word, other) }));
    return { text: t(near.length ? "wording.unknown_near" : "wording.unknown", { word, model }), buttons };
  }
  if (!prompt) return { text: "", buttons: [] };
  if (exact) return { text: t("wording.exact", { model }), buttons: [{ label: t("wording.known_words"), press: () => press.exact(false) }] };
  const words = left_out.map((word) => t("wording.quoted", { word })).join(", ");
  const text = [t("wording.painted", { prompt }), words && t("wording.left_out", { words })].filter(Boolean).join(" ");
  return { text, buttons: [{ label: t("wording.exact_words"), press: () => press.exact(true) }] };
}

/** The words of a prompt that the model does not paint, in lower case. */
export const wordsNotPainted = ({ left_out, unknown }) => [...left_out, ...unknown.map(({ word }) => word)].flatMap((words) => words.split(" "));

/** Where a word, in lower case, stands by itself in a prompt: its first letter, -1 if nowhere. Chinese has no spaces. */
export function wordAt(prompt, word) {
  const literal = word.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
  return word ? prompt.search(new RegExp(`(?<![\\p{Script=Latin}\\p{N}])${literal}(?![\\p{Script=Latin}\\p{N}])`, "iu")) : -1;
}

/** A prompt with another noun in the place of one. */
export function withNoun(prompt, word, other) {
  const at = wordAt(prompt, word);
  return at < 0 ? other : prompt.slice(0, at) + other + prompt.slice(at + word.length);
}
