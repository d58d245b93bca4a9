import assert from "node:assert/strict";
import { test } from "node:test";
import { outline } from "../../assets/canvas/draft/outline.js";

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
