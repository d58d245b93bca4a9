import assert from "node:assert/strict";
import test from "node:test";

import { readFileSync } from "node:fs";
import { rows, title } from "../../assets/canvas/panels/history.js";
import { setTexts } from "../../assets/canvas/lib/locale.js";

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
  assert.equal(title({ name: "Mine", edit, box: [0, 0, 9, 9] }), "Mine");
  assert.equal(title({ name: "", edit, box: [0, 0, 9, 9] }), "a cat");
  assert.equal(title({ name: "", edit: { prompt: "" }, box: [0, 0, 9, 9] }), "Filled");
  assert.equal(title({ name: "", edit: { prompt: "" }, box: [0, 0, 0, 0] }), "Cropped");
});
