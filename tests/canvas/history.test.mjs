import assert from "node:assert/strict";
import test from "node:test";

import { readFileSync } from "node:fs";
import { listing, matches, rows, title } from "../../assets/canvas/panels/history-rows.js";
import { setTexts, timeAgo } from "../../assets/canvas/lib/locale.js";

setTexts(JSON.parse(readFileSync(new URL("../../assets/canvas/locales/en.json", import.meta.url))));

const node = (revision, parent = null) => ({ revision, parent });
const read = (nodes) => rows(nodes).map(({ node, column }) => `${"-".repeat(column)}${node.revision}`);

test("a way is one column, in the order of its steps", () => {
  assert.deepEqual(read([node("a"), node("b", "a"), node("c", "b")]), ["a", "b", "c"]);
});

test("the newest way goes straight on, older branches stand before it, one column further", () => {
  const nodes = [node("a"), node("b", "a"), node("c", "b"), node("d", "b"), node("e", "c"), node("f", "a")];
  assert.deepEqual(read(nodes), ["a", "-b", "--c", "--e", "-d", "f"]);
});

test("the way to the tip goes straight on, whatever is newer", () => {
  const nodes = [node("a"), node("b", "a"), node("c", "b"), node("d", "a"), node("e", "d")];
  const straight = rows(nodes, new Set(["a", "b", "c"])).map(({ node, column }) => `${"-".repeat(column)}${node.revision}`);
  assert.deepEqual(straight, ["a", "-d", "-e", "b", "c"]);
});

test("every state is one row, its parent before it, however the tree grew", () => {
  let seed = 7;
  const random = (n) => (seed = (seed * 48271) % 2147483647) % n;
  for (let run = 0; run < 50; run++) {
    const nodes = [node("0")];
    while (nodes.length < 60) nodes.push(node(String(nodes.length), String(random(nodes.length))));
    const found = rows(nodes);
    const place = new Map(found.map(({ node }, i) => [node.revision, i]));
    assert.equal(place.size, 60);
    for (const { node, column } of found) {
      if (node.parent === null) continue;
      assert.ok(place.get(node.parent) < place.get(node.revision));
      assert.ok(column >= found[place.get(node.parent)].column);
    }
  }
});

test("a thousand steps are no deeper than one", () => {
  const nodes = Array.from({ length: 5000 }, (_, i) => node(String(i), i ? String(i - 1) : null));
  assert.equal(rows(nodes).at(-1).column, 0);
});

test("a state is called by its name, its prompt, or what it did", () => {
  const edit = { prompt: "a cat" };
  assert.equal(title({ name: "", edit: null }), "Original");
  assert.equal(title({ name: "Mine", edit, mode: "fill" }), "Mine");
  assert.equal(title({ name: "", edit, mode: "refine" }), "a cat");
  const did = { remove: "Removed", refine: "Refined", expand: "Expanded", sketch: "Sketched", crop: "Cropped", blend: "Blended" };
  for (const [mode, text] of Object.entries(did)) assert.equal(title({ name: "", edit: { prompt: "" }, mode }), text);
});

// --- what is listed

const state = (revision, parent, more = {}) => ({
  revision, parent, name: "", starred: false, finished: true, error: null, group: parent && `${parent} ${more.prompt ?? revision}`, mode: parent ? "fill" : null,
  edit: parent ? { prompt: more.prompt ?? revision } : null, ...more,
});
const ALL = { words: "", starred: false, branch: false };
const shown = (nodes, { head = null, tip = head, filter = {}, unfolded = [] } = {}) =>
  listing(nodes, { head, tip, filter: { ...ALL, ...filter }, unfolded: new Set(unfolded) }).map(
    ({ node, column, others, variation }) => `${"-".repeat(column)}${node.revision}${others ? `+${others}` : ""}${variation ? ` ${variation.i}/${variation.n}` : ""}`,
  );
const RUN = [state("a"), ...["b", "c", "d", "e"].map((id) => state(id, "a", { prompt: "cat" }))];

test("the variations of a run are one row: that which is shown, leads on, or was made last", () => {
  assert.deepEqual(shown(RUN, { head: "c" }), ["a", "c+3"]);
  assert.deepEqual(shown(RUN, { head: "a", tip: "d" }), ["a", "d+3"]);
  assert.deepEqual(shown(RUN, { head: "a" }), ["a", "e+3"]);
  assert.deepEqual(shown(RUN.map((node) => ({ ...node, finished: node.revision < "d" })), { head: "a" }), ["a", "-c+3"]); // its column is that of a branch
});

test("unfolded, each has its number and a row below", () => {
  assert.deepEqual(shown(RUN, { head: "c", unfolded: ["a cat"] }), ["a", "c+3 2/4", "-b 1/4", "-d 3/4", "-e 4/4"]);
});

test("variations have the numbers of their ranks, the best match first", () => {
  const ranks = { b: 2, c: 0, d: 3, e: 1 };
  const nodes = RUN.map((node) => ({ ...node, rank: ranks[node.revision] ?? 0 }));
  assert.deepEqual(shown(nodes, { head: "c", unfolded: ["a cat"] }), ["a", "c+3 1/4", "-e 2/4", "-b 3/4", "-d 4/4"]);
});

test("what something was made on, or that has a star, a name or an error, keeps its row", () => {
  const kept = { b: { starred: true }, d: { name: "Mine" }, e: { error: "No paint.", finished: false } };
  const nodes = [...RUN.map((node) => ({ ...node, ...kept[node.revision] })), state("f", "a", { prompt: "cat" })];
  const lines = shown([...nodes, state("g", "f")], { head: "c" });
  assert.deepEqual(lines.map((line) => line.replace(/^-+/, "")).sort(), ["a", "b 1/5", "c 2/5", "d 3/5", "e 4/5", "f 5/5", "g"]);
  assert.ok(lines.indexOf("-f 5/5") < lines.findIndex((line) => line.endsWith("g")));
});

test("no state is lost by folding: each is a row, or counted by one", () => {
  let seed = 3;
  const random = (n) => (seed = (seed * 48271) % 2147483647) % n;
  for (let run = 0; run < 50; run++) {
    const nodes = [state("0")];
    while (nodes.length < 40) nodes.push(state(String(nodes.length), String(random(nodes.length)), { prompt: `p${random(2)}`, starred: random(5) === 0 }));
    const [head, tip] = [String(random(40)), String(random(40))];
    const folded = listing(nodes, { head, tip, filter: ALL, unfolded: new Set() });
    const open = listing(nodes, { head, tip, filter: ALL, unfolded: new Set(nodes.map(({ group }) => group)) });
    assert.equal(folded.length + folded.reduce((sum, { others }) => sum + others, 0), 40);
    assert.equal(new Set(open.map(({ node }) => node.revision)).size, 40);
    for (const one of [head, ...nodes.filter(({ starred }) => starred).map(({ revision }) => revision)]) assert.ok(folded.some(({ node }) => node.revision === one));
    const at = new Map(open.map(({ node }, i) => [node.revision, i]));
    for (const { revision, parent } of nodes) if (parent) assert.ok(at.get(parent) < at.get(revision));
  }
});

test("the list narrows to stars, to the current branch, and to words in any order and case", () => {
  const nodes = [state("a"), state("b", "a", { prompt: "A red Couch", starred: true }), state("c", "b", { prompt: "a lamp", name: "Küche" }), state("d", "a", { prompt: "a couch", starred: true })];
  assert.deepEqual(shown(nodes, { head: "c", filter: { starred: true } }), ["d", "b"]);
  assert.deepEqual(shown(nodes, { head: "b", tip: "c", filter: { branch: true } }), ["a", "b", "c"]);
  assert.deepEqual(shown(nodes, { head: "b", tip: "c", filter: { branch: true, starred: true } }), ["b"]);
  assert.deepEqual(shown(nodes, { head: "c", filter: { words: " couch RED " } }), ["b"]);
  assert.deepEqual(shown(nodes, { head: "c", filter: { words: "couch lamp" } }), []);
  assert.ok(matches(nodes[2], "küche lamp") && matches(nodes[0], "orig") && matches(nodes[0], "  "));
});

// --- times

test("a time is told in its largest unit, rounded down, in the reader's language", () => {
  const ago = [[0, "now"], [59, "now"], [60, "1 min. ago"], [3599, "59 min. ago"], [3600, "1 hr. ago"], [86_399, "23 hr. ago"], [86_400, "1 day ago"], [8 * 86_400, "1 wk. ago"], [-5, "now"]];
  for (const [seconds, text] of ago) assert.equal(timeAgo(1e9 - seconds, 1e9), text);
  setTexts({}, "de");
  assert.equal(timeAgo(1e9 - 300, 1e9), "vor 5 Min.");
  setTexts({}, "zh");
  assert.equal(timeAgo(1e9 - 300, 1e9), "5分钟前");
});
