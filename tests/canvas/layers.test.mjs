// The order of layers: what blocks a move, and changes that go on while others are made.
import assert from "node:assert/strict";
import { test } from "node:test";

import { blocker, carriedOver, fadedAlone, moved, sameLayers } from "../../assets/canvas/document/layer-order.js";

const layer = (revision, overlaps = [], fixed = false) => ({ revision, overlaps, fixed, visible: true, opacity: 1 });
const names = (layers) => layers.map(({ revision }) => revision).join("");

test("a layer that is moved and moved back leaves the list as it was", () => {
  const layers = [..."abcde"].map((name) => layer(name));
  assert.equal(names(moved(layers, 0, 2)), "bcade");
  for (let from = 0; from < 5; from++) {
    for (let to = 0; to < 5; to++) {
      const there = moved(layers, from, to);
      assert.equal(there[to], layers[from]);
      assert.deepEqual(moved(there, to, from), layers);
    }
  }
});

test("a layer cannot pass one that it overlaps, nor one that changes the size", () => {
  const layers = [layer("a", ["d"]), layer("b"), layer("c"), layer("d", ["a"]), layer("e", [], true), layer("f")];
  assert.equal(blocker(layers, 0, 2), null);
  assert.equal(blocker(layers, 0, 3), layers[3]);
  assert.equal(blocker(layers, 3, 1), null);
  assert.equal(blocker(layers, 3, 0), layers[0]);
  assert.equal(blocker(layers, 1, 5), layers[4]);
  assert.equal(blocker(layers, 5, 0), layers[4]);
  assert.equal(blocker(layers, 4, 3), layers[3]); // it cannot be moved itself
  const both = [layer("a", ["d"]), layer("b"), layer("c", ["d"]), layer("d", ["a", "c"])];
  assert.equal(blocker(both, 3, 0), both[2]); // the first on its way
  assert.equal(blocker(both, 0, 3), both[3]);
  for (let at = 0; at < 6; at++) assert.equal(blocker(layers, at, at), null);
});

test("what is wanted of one state is wanted of the next", () => {
  const before = [..."abc"].map((name) => layer(name));
  const sent = moved(before, 0, 2).map((each) => ({ ...each, opacity: 0.5 }));
  const next = [..."xyz"].map((name) => ({ ...layer(name), opacity: 0.5 })); // x was b, y was c, z was a
  assert.ok(sameLayers(carriedOver(sent, sent, next), next));
  const wanted = moved(sent, 2, 0).map((each) => (each.revision === "c" ? { ...each, visible: false } : each));
  const after = carriedOver(wanted, sent, next);
  assert.deepEqual(after.map(({ revision, visible }) => [revision, visible]), [["z", true], ["x", true], ["y", false]]);
  assert.ok(!sameLayers(after, next) && !sameLayers(next, next.slice(1)));
});

test("a layer that was faded, and nothing else, is told from every other change", () => {
  const layers = [..."abc"].map((name) => layer(name));
  const faded = layers.map((each, i) => (i === 1 ? { ...each, opacity: 0.5 } : each));
  assert.equal(fadedAlone(layers, faded), 1);
  assert.equal(fadedAlone(layers, [...layers]), null);
  assert.equal(fadedAlone(layers, faded.map((each, i) => (i === 2 ? { ...each, opacity: 0.5 } : each))), null);
  assert.equal(fadedAlone(layers, faded.map((each, i) => (i === 1 ? { ...each, visible: false } : each))), null);
  assert.equal(fadedAlone(layers, moved(faded, 0, 2)), null);
});
