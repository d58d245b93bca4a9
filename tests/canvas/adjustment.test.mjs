// An adjustment's values and its curve.
import assert from "node:assert/strict";
import { test } from "node:test";

const { addPoint, addPointBetween, CONTROLS, curveAt, DIAGONAL, MOST_POINTS, movePoint, NEUTRAL, recordOf, removePoint } = await import("../../assets/canvas/app/adjustment.js");

const CURVE = [[0, 0.1], [0.3, 0.2], [0.7, 0.85], [1, 1]];

test("only what changes something is recorded", () => {
  assert.deepEqual(recordOf(NEUTRAL), {});
  assert.deepEqual(recordOf({ ...NEUTRAL, curve: [[0, 0], [0.4, 0.4], [1, 1]] }), {});
  assert.deepEqual(recordOf({ ...NEUTRAL, exposure: -0.5, curve: CURVE }), { exposure: -0.5, curve: CURVE });
  assert.deepEqual(recordOf({ ...NEUTRAL, curve: [[0.2, 0.2], [1, 1]] }), { curve: [[0.2, 0.2], [1, 1]] }); // flat below its first point
  for (const name of Object.keys(CONTROLS)) assert.deepEqual(recordOf({ ...NEUTRAL, [name]: 0.5 }), { [name]: 0.5 });
});

test("the curve is the server's", () => {
  for (const [x, y] of CURVE) assert.equal(curveAt(CURVE, x), y);
  const served = [[0.1, 0.128821945718], [0.25, 0.176284290184], [0.5, 0.514522206834], [0.9, 0.955464480874]]; // curve_at(CURVE, x) in editor/imaging/adjusting.py
  for (const [x, y] of served) assert.ok(Math.abs(curveAt(CURVE, x) - y) < 1e-9, `${x}: ${curveAt(CURVE, x)}`);
  for (let x = 0; x <= 1; x += 0.01) assert.ok(Math.abs(curveAt(DIAGONAL, x) - x) < 1e-12);
  assert.equal(curveAt([[0.2, 0.3], [0.8, 0.6]], 0.1), 0.3);
  assert.equal(curveAt([[0.2, 0.3], [0.8, 0.6]], 0.9), 0.6);
});

test("points are added between others, up to a number, and on the curve", () => {
  const { curve, at } = addPoint(DIAGONAL, [0.5, 0.7]);
  assert.deepEqual([curve, at], [[[0, 0], [0.5, 0.7], [1, 1]], 1]);
  assert.equal(addPoint(curve, [0.5049, 0.2]), null);
  let many = { curve: CURVE };
  for (let next = many; next; next = addPointBetween(next.curve)) many = next;
  assert.equal(many.curve.length, MOST_POINTS);
  many.curve.slice(1).forEach(([x], n) => assert.ok(x > many.curve[n][0]));
  const between = addPointBetween(CURVE);
  assert.deepEqual(between.curve[between.at], [0.5, Math.round(curveAt(CURVE, 0.5) * 1000) / 1000]);
});

test("a point moves as far as its neighbours let it", () => {
  assert.deepEqual(movePoint(CURVE, 1, [0.9, 2])[1], [0.69, 1]);
  assert.deepEqual(movePoint(CURVE, 1, [-1, -1])[1], [0.01, 0]);
  assert.deepEqual(movePoint(CURVE, 0, [-1, 0.5])[0], [0, 0.5]);
  assert.deepEqual(movePoint(CURVE, 3, [2, 0.5])[3], [1, 0.5]);
  assert.deepEqual(CURVE[1], [0.3, 0.2]); // what was before stays
});

test("a point is removed, and an end goes back to where it was", () => {
  assert.deepEqual(removePoint(CURVE, 1), [[0, 0.1], [0.7, 0.85], [1, 1]]);
  assert.deepEqual(removePoint(CURVE, 0), [[0, 0], ...CURVE.slice(1)]);
  assert.deepEqual(removePoint([[0, 0], [0.8, 0.9]], 1), DIAGONAL);
});
