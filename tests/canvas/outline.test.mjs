import assert from "node:assert/strict";
import { test } from "node:test";
import { joined, outline } from "../../assets/canvas/draft/outline.js";

const TILE = 256;

/** Every border between a painted and a kept pixel, one unit long, as strings. */
function borders(painted, [x0, y0, x1, y1]) {
  const all = new Set();
  for (let y = y0; y < y1; y++) {
    for (let x = x0; x < x1; x++) {
      if (!painted(x, y)) continue;
      if (!painted(x, y - 1)) all.add(`h${x},${y}`);
      if (!painted(x, y + 1)) all.add(`h${x},${y + 1}`);
      if (!painted(x - 1, y)) all.add(`v${x},${y}`);
      if (!painted(x + 1, y)) all.add(`v${x + 1},${y}`);
    }
  }
  return all;
}

function units(segments) {
  const all = new Set();
  for (let i = 0; i < segments.length; i += 4) {
    const [x0, y0, x1, y1] = segments.slice(i, i + 4);
    assert.ok((x0 === x1) !== (y0 === y1));
    for (let x = x0; x < x1; x++) all.add(`h${x},${y0}`);
    for (let y = y0; y < y1; y++) all.add(`v${x0},${y}`);
  }
  return all;
}

function check(painted, left, top) {
  const tile = new Uint8Array(TILE * TILE);
  for (let y = 0; y < TILE; y++) for (let x = 0; x < TILE; x++) tile[y * TILE + x] = painted(left + x, top + y) ? 255 : 0;
  const found = units(outline(tile, left, top, painted));
  assert.deepEqual([...found].sort(), [...borders(painted, [left, top, left + TILE, top + TILE])].sort());
}

test("the outline is every border of painted and kept, and nothing else", () => {
  check((x, y) => Math.hypot(x - 300, y - 520) < 90 || (x * 7 + y * 13) % 97 === 0, 256, 512);
});

test("a shape which goes on in the next tile has no border there", () => {
  const wide = (x, y) => y > 300 && y < 900;
  check(wide, 256, 512);
  assert.equal(outline(new Uint8Array(TILE * TILE).fill(255), 256, 512, wide).length, 0);
});

test("a full tile on its own is outlined by its four sides", () => {
  check((x, y) => x >= 0 && y >= 0 && x < TILE && y < TILE, 0, 0);
});

/** Segments of a tile of 64 in a plane with discs and specks, from a seed; the discs may reach beyond it. */
function sampled(seed) {
  let state = seed;
  const random = () => (state = (state * 48271) % 2147483647) / 2147483647;
  const discs = Array.from({ length: 4 }, () => [random() * 64, random() * 64, 2 + random() * 30]);
  const painted = (x, y) => discs.some(([cx, cy, r]) => Math.hypot(x - cx, y - cy) < r) || (x * 7 + y * 13 + seed) % 89 === 0;
  const tile = new Uint8Array(64 * 64);
  for (let y = 0; y < 64; y++) for (let x = 0; x < 64; x++) tile[y * 64 + x] = painted(x, y) ? 255 : 0;
  return outline(tile, 0, 0, painted, 64);
}

test("joined lines are the same borders, each once, and no two of them could be one", () => {
  for (let seed = 1; seed < 30; seed++) {
    const segments = sampled(seed);
    const lines = joined(segments);
    const sorted = (ends) => ends.map(String).sort().join(" to ");
    const before = Array.from({ length: segments.length / 4 }, (_, i) => [segments.slice(4 * i, 4 * i + 2), segments.slice(4 * i + 2, 4 * i + 4)]);
    const parts = lines.flatMap((line) => line.slice(1).map((point, i) => [line[i], point]));
    assert.deepEqual(parts.map(sorted).sort(), before.map(sorted).sort());
    const loose = lines.filter((line) => `${line[0]}` !== `${line.at(-1)}`).flatMap((line) => [`${line[0]}`, `${line.at(-1)}`]);
    assert.equal(new Set(loose).size, loose.length);
  }
});
