import assert from "node:assert/strict";
import { test } from "node:test";
import { Mask } from "../../assets/canvas/mask.js";

const BOX = [0, 0, 700, 500];

function stroke(mask, ...line) {
  mask.begin();
  const touched = mask.segment(...line);
  mask.end();
  return touched;
}

/** Pixels painted, by the model's own crop of the whole picture. */
function painted(mask) {
  return mask.crop(mask.box).reduce((sum, value) => sum + (value === 255), 0);
}

test("a stroke paints exactly the pixels whose centres lie within its radius", () => {
  const mask = new Mask(BOX);
  const [x0, y0, x1, y1, radius] = [240.3, 250.2, 320.7, 270.9, 17.5]; // across a border of tiles
  stroke(mask, x0, y0, x1, y1, radius, 255);
  const [dx, dy] = [x1 - x0, y1 - y0];
  const pixels = mask.crop(BOX);
  for (let y = 0; y < BOX[3]; y++) {
    for (let x = 0; x < BOX[2]; x++) {
      const [px, py] = [x + 0.5 - x0, y + 0.5 - y0];
      const along = Math.min(1, Math.max(0, (px * dx + py * dy) / (dx * dx + dy * dy)));
      const away = Math.hypot(px - along * dx, py - along * dy);
      if (Math.abs(away - radius) < 1e-9) continue;
      assert.equal(pixels[y * BOX[2] + x], away < radius ? 255 : 0, `pixel ${x}, ${y}`);
    }
  }
});

test("nothing is painted outside the picture", () => {
  const mask = new Mask([10, 20, 300, 200]);
  assert.equal(stroke(mask, -100, -100, -50, -50, 20, 255), null);
  stroke(mask, 0, 0, 400, 400, 60, 255);
  const [x, y, width, height] = mask.bounds();
  assert.ok(x >= 10 && y >= 20 && x + width <= 310 && y + height <= 220);
});

test("bounds are tight, crop holds what they enclose, and an empty mask has none", () => {
  const mask = new Mask(BOX);
  assert.equal(mask.bounds(), null);
  assert.ok(mask.empty);
  stroke(mask, 300, 200, 300, 200, 10, 255);
  assert.deepEqual(mask.bounds(), [290, 190, 20, 20]);
  const crop = mask.crop(mask.bounds());
  assert.equal(crop.length, 400);
  assert.equal(crop[0], 0); // the corner of a disc
  assert.equal(crop[10 * 20 + 10], 255);
});

test("the eraser takes away, and a tile with nothing left is dropped", () => {
  const mask = new Mask(BOX);
  stroke(mask, 300, 200, 300, 200, 10, 255);
  stroke(mask, 300, 200, 300, 200, 40, 0);
  assert.equal(mask.bounds(), null);
  assert.ok(mask.empty);
});

test("undo and redo give back every stroke; a new stroke ends redo", () => {
  const mask = new Mask(BOX);
  stroke(mask, 100, 100, 400, 100, 20, 255);
  const one = painted(mask);
  stroke(mask, 300, 90, 300, 110, 30, 0);
  const two = painted(mask);
  assert.ok(mask.undo());
  assert.equal(painted(mask), one);
  assert.ok(mask.undo());
  assert.ok(mask.empty);
  assert.equal(mask.undo(), null);
  mask.redo();
  mask.redo();
  assert.equal(painted(mask), two);
  assert.equal(mask.redo(), null);
  mask.undo();
  stroke(mask, 500, 400, 500, 400, 5, 255);
  assert.equal(mask.canRedo, false);
});

test("a stroke that changes nothing is no step of undo", () => {
  const mask = new Mask(BOX);
  stroke(mask, 100, 100, 100, 100, 20, 255);
  stroke(mask, 100, 100, 100, 100, 10, 255);
  stroke(mask, 400, 400, 400, 400, 10, 0);
  assert.equal(mask.strokes.length, 1);
});

test("clear is one step of undo", () => {
  const mask = new Mask(BOX);
  stroke(mask, 100, 100, 600, 400, 20, 255);
  const before = painted(mask);
  mask.begin();
  assert.ok(mask.clear());
  mask.end();
  assert.ok(mask.empty);
  mask.undo();
  assert.equal(painted(mask), before);
});

test("what was taken comes back with its strokes", () => {
  const mask = new Mask(BOX);
  stroke(mask, 100, 100, 600, 400, 20, 255);
  const before = mask.crop(BOX);
  const taken = mask.take();
  assert.ok(mask.empty);
  assert.equal(mask.canUndo, false);
  mask.restore(taken);
  assert.deepEqual(mask.crop(BOX), before);
  assert.ok(mask.undo());
});

test("paste adds what crop gave, and cuts it to the picture", () => {
  const from = new Mask(BOX);
  stroke(from, 240, 240, 300, 300, 25, 255);
  const box = from.bounds();
  const to = new Mask(BOX);
  to.begin();
  to.paste(box, from.crop(box));
  to.end();
  assert.deepEqual(to.crop(BOX), from.crop(BOX));
  const small = new Mask([250, 250, 20, 20]);
  small.begin();
  small.paste(box, from.crop(box));
  small.end();
  assert.deepEqual(small.bounds(), [250, 250, 20, 20]);
});

test("what undo remembers is bounded", () => {
  const mask = new Mask([0, 0, 4096, 4096]);
  for (let i = 0; i < 40; i++) stroke(mask, 0, 100 * i, 4096, 100 * i + 50, 60, 255);
  const tiles = mask.strokes.reduce((sum, one) => sum + one.size, 0);
  assert.ok(tiles * 65536 <= 64 * 2 ** 20);
});
