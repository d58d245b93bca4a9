import assert from "node:assert/strict";
import { test } from "node:test";
import { changedTiles, TileCache } from "../../assets/canvas/document/tiles.js";

const settled = () => new Promise((resolve) => setImmediate(resolve));

test("only tiles whose digest differs are changed", () => {
  const before = new Map([["0,0", "a"], ["1,0", "b"], ["0,1", "c"]]);
  const after = new Map([["0,0", "a"], ["1,0", "x"], ["1,1", "d"]]);
  assert.deepEqual(changedTiles(before, after).sort(), ["0,1", "1,0", "1,1"]);
  assert.deepEqual(changedTiles(after, after), []);
});

test("a digest is fetched once, whoever asks", async () => {
  let loads = 0;
  const cache = new TileCache(async (digest) => {
    loads += 1;
    return { digest };
  });
  cache.want(["a", "a"]);
  const [first, second] = await cache.all(["a", "b"]);
  assert.equal(first.digest, "a");
  assert.equal(second.digest, "b");
  await cache.all(["a", "b"]);
  assert.equal(loads, 2);
  assert.equal(cache.get("a"), first);
});

test("few at once, and what is no longer wanted is not fetched", async () => {
  const going = [];
  const cache = new TileCache((digest) => new Promise((resolve) => going.push({ digest, resolve })));
  cache.want(Array.from({ length: 50 }, (_, i) => `old${i}`));
  assert.equal(going.length, 6);
  cache.want(["new"]);
  for (const { resolve } of going.slice(0, 6)) resolve({});
  await settled();
  assert.deepEqual(going.slice(6).map(({ digest }) => digest), ["new"]);
});

test("one that fails can be asked for again", async () => {
  let fails = true;
  const cache = new TileCache(async () => {
    if (fails) throw new Error("down");
    return {};
  });
  cache.want(["a"]);
  await settled();
  assert.equal(cache.get("a"), null);
  fails = false;
  cache.want(["a"]);
  await settled();
  assert.ok(cache.get("a"));
});

test("what is kept is bounded; the least used goes first and is closed", async () => {
  const closed = [];
  const cache = new TileCache(async (digest) => ({ close: () => closed.push(digest) }));
  await cache.all(Array.from({ length: 384 }, (_, i) => `t${i}`));
  cache.get("t0");
  await cache.all(["more"]);
  assert.deepEqual(closed, ["t1"]);
});
