// What a model can paint, which of it a search finds, and how it is said in a prompt. No DOM. The list is kinds.json.

import { wordAt } from "./wording.js";

/** The words that may stand before a noun, by group, in the order in which they are said; of each group one at most. */
export const GROUPS = ["counts", "sizes", "colours", "patterns"];

/** A group's words. */
export const wordsOf = (list, group) => (group === "colours" ? Object.keys(list.colours) : list[group]);

/** A noun without the place for a colour within it: "vase of flowers". */
export const plain = (noun) => noun.replace("{} ", "");

const comesIn = (kind, { counts, colours, patterns }) =>
  (!counts || kind.plurals.length > 0) && (!colours || kind.colours.includes(colours)) && (!patterns || kind.patterns.includes(patterns));

/**
 * The kinds that a search finds: [{ kind, at: in the list, noun: which of its nouns was meant }, ...].
 *
 * search: beginnings of words, in a noun or in the reader's own name of the kind. place: "" for all, as a search has. chosen: a word by
 * group, see GROUPS; only kinds that come so are found. own(kind): the reader's own name.
 */
export function findKinds(list, { search = "", place = "", chosen = {}, own = () => "" }) {
  const beginnings = search.toLowerCase().split(/\s+/).filter(Boolean);
  const matches = (text) => {
    const words = text.toLowerCase().split(" ");
    return beginnings.every((beginning) => words.some((word) => word.startsWith(beginning) || `${word}s` === beginning));
  };
  return list.kinds.flatMap((kind, at) => {
    const noun = Math.max(0, kind.nouns.findIndex(matches));
    const found = matches(kind.nouns[noun]) || own(kind).toLowerCase().includes(search.trim().toLowerCase());
    return found && (beginnings.length || !place || kind.places.includes(place)) && comesIn(kind, chosen) ? [{ kind, at, noun }] : [];
  });
}

/** A kind in words: { article: "" where it takes none, words }. */
export function phrase(list, { kind, noun }, chosen = {}) {
  const { counts, colours } = chosen;
  const name = (counts ? kind.plurals : kind.nouns)[noun];
  const before = GROUPS.map((group) => (group === "colours" && name.includes("{}") ? "" : chosen[group]));
  const words = [...before, colours ? name.replace("{}", colours) : plain(name)].filter(Boolean).join(" ");
  const bare = counts || (list.articleless.includes(words.split(" ").at(-1)) && !words.includes(" of "));
  return { article: bare ? "" : /^[aeiou]/.test(words) ? "an" : "a", words };
}

/**
 * Writes a kind into a prompt at the caret: { text, at: the caret then }. After an article or an adjective it is the noun
 * alone, after another noun "and" joins the two.
 */
export function insertPhrase(list, text, at, { article, words }) {
  const [before, after] = [text.slice(0, at), text.slice(at)];
  const [last = "", earlier] = (/(?:[\p{L}\p{N}'’-]+\s+)?[\p{L}\p{N}'’-]+\s*$/u.exec(before)?.[0] ?? "").toLowerCase().trim().split(/\s+/).reverse();
  const leads = ["a", "an", "the", ...GROUPS.flatMap((group) => wordsOf(list, group))];
  const joined = last && list.kinds.some(({ nouns, plurals }) => [...nouns, ...plurals].some((noun) => noun.split(" ").at(-1) === last));
  const led = leads.includes(last) || (leads.includes(earlier) && !joined); // "a", "a red", "a sleeping"
  const said = [joined && "and", !led && article, words].filter(Boolean).join(" ");
  const start = before && !/\s$/.test(before) ? `${before} ` : before;
  return { text: start + said + (/^[\p{L}\p{N}]/u.test(after) ? " " : "") + after, at: start.length + said.length };
}

/**
 * Writes a kind into a prompt in the place of a word that the model was never taught, in lower case; at the caret where the
 * prompt has no such word. Returns as `insertPhrase`.
 */
export function replaceWord(list, text, caret, word, said) {
  const at = wordAt(text, word);
  if (at < 0) return insertPhrase(list, text, caret, said);
  const before = text.slice(0, at).replace(/(?<![\p{L}\p{N}])an?\s+$/iu, ""); // the kind comes with its own article, if any
  return insertPhrase(list, before + text.slice(at + word.length), before.length, said);
}
