import assert from "node:assert/strict";
import { test } from "node:test";
import { MAX_SCALE, MIN_SCALE, View, zoomStop } from "../../assets/canvas/viewport/view.js";

const near = (a, b) => assert.ok(Math.abs(a - b) < 1e-6, `${a} is not ${b}`);

test("viewport and plane are each other's inverse", () => {
  const view = new View();
  view.zoomAt(2.5, 30, 40);
  view.panBy(7, -3);
  const [x, y] = view.toPlane(...view.toViewport(12.5, -8));
  near(x, 12.5);
  near(y, -8);
});

test("zooming keeps the point under the cursor, and stops at its limits", () => {
  const view = new View();
  view.panBy(100, 50);
  for (const scale of [0.3, 7, 1, 1e9, 1e-9]) {
    const before = view.toPlane(321, 123);
    view.zoomAt(scale, 321, 123);
    const after = view.toPlane(321, 123);
    near(before[0], after[0]);
    near(before[1], after[1]);
    assert.ok(view.scale >= MIN_SCALE && view.scale <= MAX_SCALE);
  }
});

test("fit shows the whole box in the middle of the room", () => {
  const view = new View();
  view.fit([-100, 0, 4096, 2048], [80, 20, 1000, 600]);
  const [left, top, width, height] = view.viewportRect([-100, 0, 4096, 2048]);
  near(width, 1000);
  near(left, 80);
  near(top + height / 2, 320);
});

test("fit enlarges small pictures, but not without end", () => {
  const view = new View();
  view.fit([0, 0, 10, 10], [0, 0, 1000, 1000]);
  assert.equal(view.scale, 4);
});

test("neighbouring tiles share their edges at every zoom", () => {
  const view = new View();
  for (let i = 0; i < 200; i++) {
    view.zoomAt(0.02 * 1.04 ** i, 311, 97);
    const [left, , width] = view.viewportRect([256, 0, 256, 256]);
    assert.equal(left + width, view.viewportRect([512, 0, 256, 256])[0]);
  }
});

test("the picture cannot be pushed out of sight", () => {
  const view = new View();
  const box = [0, 0, 300, 300];
  for (const [dx, dy] of [[1e6, 0], [-1e6, 0], [0, 1e6], [0, -1e6]]) {
    view.panBy(dx, dy);
    view.keepInSight(box, 800, 600, 40);
    const [left, top, width, height] = view.viewportRect(box);
    assert.ok(left <= 760 && left + width >= 40 && top <= 560 && top + height >= 40);
  }
});

test("the zoom buttons go by half octaves and meet 100 %", () => {
  near(zoomStop(0.9, 1), 1);
  near(zoomStop(1, 1), Math.SQRT2);
  near(zoomStop(1, -1), Math.SQRT1_2);
  near(zoomStop(1.1, -1), 1);
});
