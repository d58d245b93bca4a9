import assert from "node:assert/strict";
import { test } from "node:test";
import { Draft } from "../../assets/canvas/draft/draft.js";
import { Layer } from "../../assets/canvas/draft/layer.js";
import { ellipse, polygon, rectangle } from "../../assets/canvas/draft/shapes.js";

const BOX = [0, 0, 700, 500];
const RED = 0xff0000ff;

const stroke = (draft, ...line) => draft.step(draft.mask, (mask) => mask.segment(...line));

/** Pixels painted, by the layer's own crop of the whole picture. */
function painted(layer) {
  return layer.crop(layer.box).reduce((sum, value) => sum + (value !== 0), 0);
}

function filled(shape, box = BOX) {
  const layer = new Layer(box);
  layer.begin();
  layer.fill(shape, 255);
  layer.end();
  return layer;
}

test("a stroke paints exactly the pixels whose centres lie within its radius", () => {
  const draft = new Draft(BOX);
  const [x0, y0, x1, y1, radius] = [240.3, 250.2, 320.7, 270.9, 17.5]; // across a border of tiles
  stroke(draft, x0, y0, x1, y1, radius, 255);
  const [dx, dy] = [x1 - x0, y1 - y0];
  const pixels = draft.mask.crop(BOX);
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

test("a soft brush is full within, nothing without, and falls between; the eraser undoes it alike", () => {
  const draft = new Draft(BOX);
  stroke(draft, 300, 200, 300, 200, 40, 255, 0.5);
  const row = draft.mask.crop([300, 200, 60, 1]);
  assert.ok(row.subarray(0, 19).every((value) => value === 255));
  assert.ok(row.subarray(41).every((value) => value === 0));
  for (let x = 20; x < 39; x++) assert.ok(row[x] >= row[x + 1]);
  assert.ok(row[30] > 90 && row[30] < 160);
  const twice = draft.mask.crop(BOX);
  stroke(draft, 300, 200, 300, 200, 40, 255, 0.5); // strokes do not pile up
  assert.deepEqual(draft.mask.crop(BOX), twice);
  stroke(draft, 300, 200, 300, 200, 40, 0, 0.5);
  assert.equal(draft.mask.crop([300, 200, 1, 1])[0], 0);
  assert.ok(draft.mask.crop([330, 200, 1, 1])[0] > 0);
});

test("nothing is painted outside the picture", () => {
  const draft = new Draft([10, 20, 300, 200]);
  assert.equal(stroke(draft, -100, -100, -50, -50, 20, 255), null);
  stroke(draft, 0, 0, 400, 400, 60, 255);
  const [x, y, width, height] = draft.mask.bounds();
  assert.ok(x >= 10 && y >= 20 && x + width <= 310 && y + height <= 220);
  draft.step(draft.mask, (mask) => mask.invert());
  draft.step(draft.mask, (mask) => mask.invert());
  assert.deepEqual(draft.mask.bounds(), [x, y, width, height]);
});

test("a rectangle, an ellipse and a polygon hold the pixels whose centres lie within", () => {
  assert.deepEqual(filled(rectangle([270, 130], [240.4, 119.6])).bounds(), [240, 120, 30, 10]);
  assert.equal(painted(filled(rectangle([240, 120], [270, 130]))), 300);
  const round = filled(ellipse([200, 100], [300, 180]));
  assert.deepEqual(round.bounds(), [200, 100, 100, 80]);
  assert.ok(Math.abs(painted(round) - Math.PI * 50 * 40) < 30);
  const triangle = filled(polygon([[100, 100], [200, 100], [100, 200]]));
  assert.ok(Math.abs(painted(triangle) - 5000) < 60);
  const star = filled(polygon([[250, 200], [350, 200], [350, 300], [250, 300], [250, 200], [280, 230], [320, 230], [320, 270], [280, 270], [280, 230]]));
  assert.equal(star.crop([300, 250, 1, 1])[0], 0); // a hole by the even-odd rule
  assert.equal(star.crop([260, 210, 1, 1])[0], 255);
  assert.ok(filled(rectangle([5, 5], [5, 90])).empty);
});

test("bounds are tight, crop holds what they enclose, and an empty mask has none", () => {
  const draft = new Draft(BOX);
  assert.equal(draft.mask.bounds(), null);
  assert.ok(draft.empty);
  stroke(draft, 300, 200, 300, 200, 10, 255);
  assert.deepEqual(draft.mask.bounds(), [290, 190, 20, 20]);
  const crop = draft.mask.crop(draft.mask.bounds());
  assert.equal(crop.length, 400);
  assert.equal(crop[0], 0); // the corner of a disc
  assert.equal(crop[10 * 20 + 10], 255);
});

test("the eraser takes away, and a tile with nothing left is dropped", () => {
  const draft = new Draft(BOX);
  stroke(draft, 300, 200, 300, 200, 10, 255);
  stroke(draft, 300, 200, 300, 200, 40, 0);
  assert.equal(draft.mask.bounds(), null);
  assert.ok(draft.empty);
});

test("undo and redo give back every stroke of mask and sketch in order; a new stroke ends redo", () => {
  const draft = new Draft(BOX);
  stroke(draft, 100, 100, 400, 100, 20, 255);
  const one = painted(draft.mask);
  draft.step(draft.sketch, (sketch) => sketch.segment(200, 300, 300, 300, 12, RED));
  stroke(draft, 300, 90, 300, 110, 30, 0);
  const two = painted(draft.mask);
  assert.equal(draft.sketch.crop([250, 300, 1, 1])[0], RED);
  assert.ok(draft.undo());
  assert.equal(painted(draft.mask), one);
  assert.ok(draft.undo());
  assert.ok(draft.sketch.empty);
  assert.ok(draft.undo());
  assert.ok(draft.empty);
  assert.equal(draft.undo(), null);
  draft.redo();
  draft.redo();
  draft.redo();
  assert.equal(painted(draft.mask), two);
  assert.equal(draft.sketch.crop([250, 300, 1, 1])[0], RED);
  assert.equal(draft.redo(), null);
  draft.undo();
  stroke(draft, 500, 400, 500, 400, 5, 255);
  assert.equal(draft.canRedo, false);
});

test("a stroke that changes nothing is no step of undo", () => {
  const draft = new Draft(BOX);
  stroke(draft, 100, 100, 100, 100, 20, 255);
  stroke(draft, 100, 100, 100, 100, 10, 255);
  stroke(draft, 400, 400, 400, 400, 10, 0);
  assert.equal(draft.undoSteps.length, 1);
});

test("clear and invert are one step of undo each", () => {
  const draft = new Draft(BOX);
  stroke(draft, 100, 100, 600, 400, 20, 255);
  const before = painted(draft.mask);
  assert.ok(draft.step(draft.mask, (mask) => mask.clear()));
  assert.ok(draft.empty);
  draft.undo();
  assert.equal(painted(draft.mask), before);
  draft.step(draft.mask, (mask) => mask.invert());
  assert.equal(painted(draft.mask), 700 * 500 - before);
  draft.undo();
  assert.equal(painted(draft.mask), before);
});

test("paste adds what crop gave, cuts it to the picture, and takes it away again", () => {
  const from = new Draft(BOX);
  stroke(from, 240, 240, 300, 300, 25, 255, 0.6);
  const box = from.mask.bounds();
  const to = new Draft(BOX);
  to.step(to.mask, (mask) => mask.paste(box, from.mask.crop(box)));
  assert.deepEqual(to.mask.crop(BOX), from.mask.crop(BOX));
  const small = new Draft([250, 250, 20, 20]);
  small.step(small.mask, (mask) => mask.paste(box, from.mask.crop(box)));
  assert.deepEqual(small.mask.bounds(), [250, 250, 20, 20]);
  const hard = new Draft(BOX);
  stroke(hard, 240, 240, 300, 300, 25, 255);
  const whole = hard.mask.bounds();
  hard.step(hard.mask, (mask) => mask.paste(whole, hard.mask.crop(whole), true));
  assert.ok(hard.empty);
});

test("what undo remembers is bounded", () => {
  const draft = new Draft([0, 0, 4096, 4096]);
  for (let i = 0; i < 40; i++) stroke(draft, 0, 100 * i, 4096, 100 * i + 50, 60, 255);
  const tiles = draft.undoSteps.reduce((sum, { step }) => sum + step.size, 0);
  assert.ok(tiles * 65536 <= 64 * 2 ** 20);
});

test("a dropped stroke leaves no trace: neither in the mask nor in what can be undone and redone", () => {
  const draft = new Draft(BOX);
  for (const x of [300, 340]) stroke(draft, x, 200, x, 200, 20, 255);
  draft.undo();
  const before = draft.mask.crop(BOX);
  for (const radius of [30, 0]) { // one that changes something, one that does not
    draft.begin();
    if (radius) draft.mask.segment(310, 200, 420, 260, radius, 255);
    draft.drop();
    assert.deepEqual(draft.mask.crop(BOX), before);
    assert.deepEqual([draft.undoSteps.length, draft.redoSteps.length, draft.activeLayer], [1, 1, null]);
  }
  draft.redo();
  assert.ok(draft.mask.crop([340, 200, 1, 1])[0]);
});
