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

const TURNS = [0, 15, 90, -90, 180, 37.5, -120].flatMap((angle) => [[angle, false], [angle, true]]);

function turned(angle, flipped) {
  const view = new View();
  view.zoomAt(1.7, 20, 30);
  view.panBy(11, -5);
  if (flipped) view.flipAt(100, 80);
  view.turnAt(angle, 100, 80);
  return view;
}

test("viewport and plane are each other's inverse in every turned view, which keeps lengths", () => {
  for (const [angle, flipped] of TURNS) {
    const view = turned(angle, flipped);
    assert.deepEqual([view.angle, view.flipped, view.turned], [angle, flipped, angle !== 0 || flipped]);
    const [x, y] = view.toPlane(...view.toViewport(12.5, -8));
    near(x, 12.5);
    near(y, -8);
    const [[ax, ay], [bx, by]] = [view.toViewport(0, 0), view.toViewport(3, 4)];
    near(Math.hypot(ax - bx, ay - by), 5 * view.scale);
  }
});

test("what is turned or mirrored stays under its point, and both twice or back lead to where it was", () => {
  for (const [angle, flipped] of TURNS) {
    const view = turned(angle, flipped);
    const before = { ...view };
    const at = view.toPlane(321, 123);
    for (const change of [() => view.turnAt(view.angle + 200, 321, 123), () => view.flipAt(321, 123), () => view.zoomAt(3, 321, 123)]) {
      change();
      const after = view.toPlane(321, 123);
      near(after[0], at[0]);
      near(after[1], at[1]);
      assert.ok(view.angle > -180 && view.angle <= 180);
    }
    view.zoomAt(before.scale, 321, 123);
    view.flipAt(321, 123);
    view.turnAt(view.angle - 200, 321, 123);
    for (const name of ["x", "y", "angle"]) near(view[name], before[name]);
    assert.equal(view.flipped, before.flipped);
  }
});

test("mirroring swaps left and right as they are seen, however the view is turned", () => {
  for (const [angle, flipped] of TURNS) {
    const view = turned(angle, flipped);
    const [x, y] = view.toViewport(40, 70);
    view.flipAt(250, 99);
    const [mirroredX, mirroredY] = view.toViewport(40, 70);
    near(mirroredX, 500 - x);
    near(mirroredY, y);
  }
});

test("a turned view is the upright one it is drawn from, turned as a whole, and nothing of it is missing", () => {
  for (const [angle, flipped] of TURNS) {
    const view = turned(angle, flipped);
    const { view: upright, width, height, matrix: [a, b, c, d, e, f] } = view.upright(800, 600);
    assert.equal(upright.turned, false);
    for (const [x, y] of [[0, 0], [800, 0], [800, 600], [0, 600], [400, 300]]) {
      const [ux, uy] = upright.toViewport(...view.toPlane(x, y));
      assert.ok(ux >= -1e-6 && uy >= -1e-6 && ux <= width + 1e-6 && uy <= height + 1e-6, `${angle} ${flipped}: ${ux} ${uy}`);
      assert.ok(Math.abs(a * ux + c * uy + e - x) <= 0.5 + 1e-6 && Math.abs(b * ux + d * uy + f - y) <= 0.5 + 1e-6); // it is moved by whole pixels
    }
  }
});

test("a turned picture fits into the room, wide or high, and cannot be pushed out of sight", () => {
  const box = [-100, 30, 700, 300];
  for (const room of [[80, 20, 1000, 600], [20, 30, 400, 900]]) {
    for (const [angle, flipped] of TURNS) {
      const view = turned(angle, flipped);
      view.fit(box, room);
      const [left, top, width, height] = view.viewportRect(box);
      assert.ok(width <= room[2] + 1 && height <= room[3] + 1, `${angle}`);
      assert.ok(width > room[2] - 2 || height > room[3] - 2); // and fills it
      assert.ok(Math.abs(left + width / 2 - room[0] - room[2] / 2) <= 1 && Math.abs(top + height / 2 - room[1] - room[3] / 2) <= 1);
      view.panBy(1e5, -1e5);
      view.keepInSight(box, 1160, 640, 40);
      const [x, y, w, h] = view.viewportRect(box);
      assert.ok(x <= 1121 && y + h >= 39 && x + w >= 39 && y <= 601);
    }
  }
});
