// What the model can paint: what a search finds, and how it is said in a prompt. With the embedded model's own list.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { findKinds, GROUPS, insertPhrase, phrase, plain, replaceWord, wordsOf } from "../../assets/canvas/app/vocabulary.js";
import { withNoun } from "../../assets/canvas/app/wording.js";

const FOLDER = new URL("../../assets/weights/glide-mini/", import.meta.url);
const list = JSON.parse(readFileSync(new URL("kinds.json", FOLDER)));
const known = new Set(readFileSync(new URL("words.txt", FOLDER), "utf8").split(/\s+/));
const kind = (name) => list.kinds.find(({ nouns }) => plain(nouns[0]) === name);
const names = (options) => findKinds(list, options).map(({ kind, noun }) => plain(kind.nouns[noun]));
const choices = (kind) => [{}, ...GROUPS.flatMap((group) => wordsOf(list, group).map((word) => ({ [group]: word })))].filter((chosen) => findKinds(list, { chosen }).some((found) => found.kind === kind));
const all = list.kinds.flatMap((kind) => kind.nouns.flatMap((_, noun) => choices(kind).map((chosen) => [{ kind, noun }, chosen])));
const inserted = (text, found, chosen, at = text.length) => insertPhrase(list, text, at, phrase(list, found, chosen)).text;

test("every locale names every kind, place and word of the list", () => {
  for (const language of ["en", "de", "zh"]) {
    const texts = JSON.parse(readFileSync(new URL(`../../assets/canvas/locales/${language}.json`, import.meta.url)));
    const keys = [
      ...list.kinds.map(({ nouns }) => `kind.${plain(nouns[0])}`), ...list.places.map((place) => `setting.${place}`),
      ...GROUPS.flatMap((group) => wordsOf(list, group)).map((word) => `adjective.${word}`),
    ].map((key) => key.replaceAll(" ", "_"));
    for (const key of keys) assert.ok(texts[key], `${language} ${key}`);
    assert.equal(Object.keys(texts).filter((key) => /^(kind|setting|adjective)\./.test(key)).length, keys.length);
  }
});

test("whatever is chosen, the model knows its words", () => {
  assert.ok(all.length > 2000);
  for (const [found, chosen] of all) {
    const text = inserted("", found, chosen);
    for (const word of text.split(" ")) assert.ok(known.has(word), text);
    for (const word of Object.values(chosen)) assert.ok(text.split(" ").includes(word), text);
  }
});

test("an empty prompt becomes a noun with its article and its words", () => {
  const said = (name, chosen = {}, noun = 0) => inserted("", { kind: kind(name), noun }, chosen);
  assert.equal(said("couch"), "a couch");
  assert.equal(said("armchair"), "an armchair");
  assert.equal(said("couch", { patterns: "striped", colours: "orange" }), "an orange striped couch");
  assert.equal(said("fish", { counts: "two", sizes: "small", colours: "red" }), "two small red fish");
  assert.equal(said("dog", { counts: "three", colours: "brown" }, 1), "three brown puppies");
  assert.equal(said("vase of flowers", { colours: "pink" }), "a vase of pink flowers");
  assert.equal(said("vase of flowers"), "a vase of flowers");
  assert.equal(said("bread"), "bread");
  assert.equal(said("bread", {}, 1), "a loaf of bread");
  assert.equal(said("glasses", { colours: "red" }), "red glasses");
  assert.equal(said("chair", { colours: "wooden" }), "a wooden chair");
});

test("a prompt keeps all that it has, and nothing runs together", () => {
  const found = { kind: kind("couch"), noun: 1 };
  for (const text of ["a cat", "a cat ", "a cat next to ", "a red", "a room with ,and a lamp", " ", "eine Katze"]) {
    for (let at = 0; at <= text.length; at++) {
      const result = insertPhrase(list, text, at, phrase(list, found));
      assert.ok(result.text.startsWith(text.slice(0, at)) && result.text.endsWith(text.slice(at)), result.text);
      assert.ok(/(^|[^\p{L}])sofa($|[^\p{L}])/u.test(result.text), result.text);
      assert.ok(result.text.slice(0, result.at).endsWith("sofa"), result.text);
    }
  }
  assert.equal(inserted("a", found), "a sofa");
  assert.equal(inserted("a big, red ", found), "a big, red sofa");
  assert.equal(inserted("a cat next to", found), "a cat next to a sofa");
  assert.equal(inserted("two kittens", found), "two kittens and a sofa");
  assert.equal(inserted("a cat, ", found), "a cat, a sofa");
  assert.equal(inserted("a cat in a room", found, {}, 6), "a cat and a sofa in a room");
  assert.equal(inserted("a large sleeping ", { kind: kind("cat"), noun: 0 }), "a large sleeping cat");
  assert.equal(inserted("a zebra next to", found), "a zebra next to a sofa");
});

test("in the place of an unknown word, whatever is chosen, stays a sentence", () => {
  const replaced = (text, word, name, chosen = {}, caret = text.length) => replaceWord(list, text, caret, word, phrase(list, { kind: kind(name), noun: 0 }, chosen));
  const said = (...options) => replaced(...options).text;
  assert.equal(said("a fireplace", "fireplace", "armchair"), "an armchair");
  assert.equal(said("A Fireplace on the wall", "fireplace", "clock"), "a clock on the wall");
  assert.equal(said("an old red fireplace, please", "fireplace", "couch"), "an old red couch, please");
  assert.equal(said("fireplace", "fireplace", "fish", { counts: "two", colours: "red" }), "two red fish");
  assert.equal(said("a fireplace", "fireplace", "fish", { counts: "two" }), "two fish");
  assert.equal(said("a fireplace", "fireplace", "bread"), "bread");
  assert.equal(said("the fireplace", "fireplace", "couch"), "the couch");
  assert.equal(said("a cat next to a fireplace and a lamp", "fireplace", "couch", {}, 3), "a cat next to a couch and a lamp");
  assert.equal(said("a c++ (book)", "c++", "couch"), "a couch (book)");
  for (const [text, word] of [["a cathedral", "cat"], ["a couch", ""], ["ein Kamin", "fireplace"]]) { // it is not there
    const found = { kind: kind("lamp") ?? kind("couch"), noun: 0 };
    for (let caret = 0; caret <= text.length; caret++) assert.deepEqual(replaceWord(list, text, caret, word, phrase(list, found)), insertPhrase(list, text, caret, phrase(list, found)));
  }
  for (const { nouns } of list.kinds) {
    const { text, at } = replaced("look, a fireplace on a rug", "fireplace", plain(nouns[0]), {}, 0);
    assert.ok(text.startsWith("look, ") && text.endsWith(" on a rug") && !text.includes("fireplace"), text);
    assert.ok(text.slice(0, at).endsWith(plain(nouns[0])), text);
  }
  assert.equal(withNoun("a cathedral and a Cat", "cat", "dog"), "a cathedral and a dog");
  assert.equal(withNoun("a big T-rex", "t-rex", "dinosaur"), "a big dinosaur");
  assert.equal(withNoun("一个壁炉", "壁炉", "couch"), "一个couch");
});

test("a search finds beginnings of words, other nouns and the reader's own", () => {
  assert.deepEqual(names({ search: "hedg" }), ["hedgehog"]);
  assert.deepEqual(names({ search: " Sof" }), ["sofa"]);
  assert.deepEqual(names({ search: "balloon air" }), ["hot air balloon"]);
  assert.deepEqual(names({ search: "ig", own: ({ nouns }) => (nouns[0] === "hedgehog" ? "Igel" : "") }), ["hedgehog"]);
  assert.deepEqual(names({ search: "zebra" }), []);
  assert.equal(names({}).length, list.kinds.length);
});

test("only what comes so is left", () => {
  const striped = names({ chosen: { patterns: "striped" } });
  assert.ok(striped.includes("couch") && !striped.includes("corgi"));
  const three = names({ chosen: { counts: "three" } });
  assert.ok(three.includes("corgi") && !three.includes("couch"));
  const wooden = names({ chosen: { colours: "wooden" } });
  assert.ok(wooden.includes("chair") && !wooden.includes("couch"));
  const sea = names({ place: "under the sea" });
  assert.ok(sea.includes("fish") && !sea.includes("couch"));
  assert.ok(names({ chosen: { sizes: "small" } }).length === list.kinds.length);
  assert.deepEqual(names({ place: "sea", search: "sail", chosen: { colours: "red", patterns: "dotted" } }), ["sailing boat"]);
});
