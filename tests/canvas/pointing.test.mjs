// What tells a trackpad from a wheel, and taps from pinches: by events as browsers report them.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Fingers } from "../../assets/canvas/viewport/fingers.js";
import { Wheel } from "../../assets/canvas/viewport/wheel.js";

const event = (deltaY, more = {}) => ({ deltaMode: 0, deltaX: 0, deltaY, wheelDeltaY: undefined, ctrlKey: false, timeStamp: 0, ...more });

// device, event, whether it moves the picture
const EVENTS = [
  ["a mouse in Chrome on Windows", event(100, { wheelDeltaY: -120 }), false],
  ["the same with the page at 150 %", event(66.6667, { wheelDeltaY: -120 }), false],
  ["the same with the page at 500 %", event(20, { wheelDeltaY: -120 }), false],
  ["a mouse in Firefox", event(3, { deltaMode: 1 }), false],
  ["a mouse that scrolls by pages", event(1, { deltaMode: 2 }), false],
  ["a quick wheel without units", event(-300), false],
  ["a wheel with Shift", event(0, { deltaX: 100, wheelDeltaY: 0 }), true],
  ["a wheel with Ctrl", event(100, { ctrlKey: true, wheelDeltaY: -120 }), false],
  ["a trackpad on a Mac", event(1, { wheelDeltaY: -3 }), true],
  ["a trackpad on a Mac, sideways", event(3, { deltaX: -2, wheelDeltaY: -9 }), true],
  ["a trackpad on Windows", event(12.5, { wheelDeltaY: -15 }), true],
  ["a trackpad in Firefox", event(7), true],
  ["a trackpad in Firefox, a fraction", event(45.3), true],
  ["a trackpad's pinch", event(-1.2, { ctrlKey: true, wheelDeltaY: 3 }), false],
];
for (const [device, given, moves] of EVENTS) test(`${device} ${moves ? "moves" : "zooms"}`, () => assert.equal(new Wheel().moves(given), moves));

test("a swipe that grows as large as a wheel's turn goes on moving, and a wheel after a rest zooms", () => {
  const wheel = new Wheel();
  for (const [i, deltaY] of [2, 9, 40, 80, 120, 120].entries()) assert.ok(wheel.moves(event(deltaY, { timeStamp: 1000 + 16 * i, wheelDeltaY: -3 * deltaY })), `${deltaY}`);
  assert.ok(!wheel.moves(event(100, { timeStamp: 2000, wheelDeltaY: -120 })));
  assert.ok(!wheel.moves(event(4, { timeStamp: 2050 }))); // a wheel that is let run out
  assert.ok(wheel.moves(event(4, { timeStamp: 3000 })));
});

const tap = (fingers, count, { at = 0, slip = 0, held = 0 } = {}) => {
  for (let id = 0; id < count; id++) fingers.down(id, [50 * id, 0], at + 10 * id);
  for (let id = 0; id < count; id++) fingers.move(id, [50 * id + slip, 0]);
  let taps = 0;
  for (let id = 0; id < count; id++) {
    assert.equal(taps, 0); // not before the last is off
    taps = fingers.up(id, at + 10 * count + held);
  }
  return taps;
};

test("fingers that rest and lift tap, by how many there were at once; those that move or stay do not", () => {
  const fingers = new Fingers();
  for (const count of [2, 3, 1, 4]) assert.equal(tap(fingers, count, { at: 1000 * count, slip: 6 }), count);
  assert.equal(tap(fingers, 2, { at: 9000, slip: 30 }), 0);
  assert.equal(tap(fingers, 2, { at: 11000, held: 600 }), 0);
  assert.equal(tap(fingers, 3, { at: 13000 }), 3); // what was before has no say in it
  fingers.down(1, [0, 0], 15000);
  fingers.down(2, [40, 0], 15010);
  assert.equal(fingers.up(1, 15020, true), 0);
  assert.equal(fingers.up(2, 15030), 0); // the browser took the gesture for itself
  assert.equal(fingers.up(7, 15040), 0);
});

test("two fingers have a middle and a distance", () => {
  const fingers = new Fingers();
  fingers.down(1, [0, 0], 0);
  fingers.down(2, [30, 40], 0);
  assert.deepEqual(fingers.measure(), { middle: [15, 20], apart: 50 });
});
