// How a box is moved, scaled and rotated, and what becomes of the pixels in it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { over, resample } from "../../assets/canvas/draft/resample.js";
import { bounds, corners, dragged, grip, handles, matrix, placeOf, scaled, stem } from "../../assets/canvas/viewport/transform.js";

const near = (a, b, most = 1e-6) => assert.ok(Math.abs(a - b) <= most, `${a} is not ${b}`);
const nearPoint = (a, b, most) => [0, 1].forEach((axis) => near(a[axis], b[axis], most));
const apply = ([a, b, c, d, e, f], [x, y]) => [a * x + c * y + e, b * x + d * y + f];
const ANGLES = [0, 30, 90, -90, 180, -137.5];
const PLACES = ANGLES.flatMap((angle) => [false, true].map((flipped) => ({ x: 40.5, y: -7, width: 60, height: 25, angle, flipped })));

/** Pseudo-random numbers 0..1, the same every time. */
function random(seed) {
  let state = seed;
  return () => ((state = (state * 1664525 + 1013904223) % 2 ** 32) / 2 ** 32);
}

function noise(width, height, channels, seed = 1) {
  const next = random(seed);
  return { values: Uint8Array.from({ length: width * height * channels }, () => Math.floor(256 * next())), width, height, channels };
}

const opaque = (pixels) => ({ ...pixels, values: pixels.values.map((value, i) => (i % 4 === 3 ? 255 : value)) });

test("a picture's corners lie on the corners of its place", () => {
  for (const place of PLACES) {
    const [left, right] = place.flipped ? [30, 0] : [0, 30];
    const expected = corners(place);
    [[left, 0], [right, 0], [right, 20], [left, 20]].forEach((corner, i) => nearPoint(apply(matrix(place, 30, 20), corner), expected[i]));
  }
});

test("a dragged handle follows the pointer, and what lies across from it stays", () => {
  for (const place of PLACES) {
    const all = handles(place);
    for (let i = 0; i < 8; i++) {
      const held = grip(place, all[i], 3, 20);
      assert.ok(held.sides.some(Boolean));
      const far = [all[i][0] + (all[i][0] - place.x) * 0.5, all[i][1] + (all[i][1] - place.y) * 0.5];
      for (const how of [{ shift: true }, { shift: false }]) {
        const after = dragged(place, held, all[i], far, how);
        nearPoint(handles(after)[7 - i], all[7 - i], 1e-6);
        nearPoint(handles(after)[i], far, 1.1); // sizes are whole pixels
        assert.deepEqual([after.angle, after.flipped], [place.angle, place.flipped]);
      }
    }
  }
});

test("corners keep the proportions and sides do not, with Shift the other way round, and unlocked corners are free", () => {
  for (const place of PLACES) {
    const all = handles(place);
    const ratio = ({ width, height }) => width / height;
    const kept = (i, how) => {
      const [dx, dy] = [all[i][0] - place.x, all[i][1] - place.y]; // outwards, and aside
      const after = dragged(place, grip(place, all[i], 3, 20), all[i], [all[i][0] + dx - 0.7 * dy, all[i][1] + dy + 0.7 * dx], how);
      return Math.abs(ratio(after) / ratio(place) - 1) < 0.05;
    };
    for (const i of [0, 2, 5, 7]) assert.deepEqual([kept(i, {}), kept(i, { shift: true }), kept(i, { locked: false }), kept(i, { locked: false, shift: true })], [true, false, false, true]);
    for (const i of [1, 3, 4, 6]) assert.equal(kept(i, { shift: true }), true);
  }
});

test("nothing is ever smaller than a pixel, however it is dragged", () => {
  for (const place of PLACES) {
    for (const handle of handles(place)) {
      for (const how of [{}, { shift: true }]) {
        const after = dragged(place, grip(place, handle, 3, 20), handle, [2 * place.x - handle[0] * 3, 2 * place.y - handle[1] * 3], how);
        assert.ok(after.width >= 1 && after.height >= 1);
      }
    }
  }
  assert.deepEqual([scaled(PLACES[0], [0, -5]).width, scaled(PLACES[0], [0, -5]).height], [1, 1]);
});

test("the handle above rotates about the middle, with Shift by steps of 15 degrees", () => {
  for (const place of PLACES) {
    const [, post] = stem(place, 20);
    const held = grip(place, post, 3, 20);
    assert.ok(held.rotates);
    for (const by of [10, 100, -170]) {
      const [cos, sin] = [Math.cos((by * Math.PI) / 180), Math.sin((by * Math.PI) / 180)];
      const [dx, dy] = [post[0] - place.x, post[1] - place.y];
      const to = [place.x + cos * dx - sin * dy, place.y + sin * dx + cos * dy];
      const free = dragged(place, held, post, to);
      near((((free.angle - place.angle - by) % 360) + 540) % 360 - 180, 0, 0.051);
      near(dragged(place, held, post, to, { shift: true }).angle % 15, 0);
      assert.deepEqual([free.x, free.y, free.width], [place.x, place.y, place.width]);
      assert.ok(free.angle > -180 && free.angle <= 180);
    }
  }
});

test("inside it moves by whole pixels, with Shift along one direction; far outside nothing is held", () => {
  for (const place of PLACES) {
    const held = grip(place, [place.x, place.y], 3, 20);
    assert.deepEqual(held, { sides: [0, 0] });
    const after = dragged(place, held, [0, 0], [7.4, -2.6]);
    assert.deepEqual([after.x - place.x, after.y - place.y], [7, -3]);
    const straight = dragged(place, held, [0, 0], [7.4, -2.6], { shift: true });
    assert.deepEqual([straight.x - place.x, straight.y - place.y], [7, 0]);
    assert.equal(grip(place, [place.x + 900, place.y], 3, 20), null);
  }
  const tiny = placeOf([10, 10, 4, 4]);
  assert.deepEqual(grip(tiny, [12.5, 11.5], 16, 30), { sides: [0, 0] }); // whatever its handles reach to
});

test("what is not scaled, or mirrored and turned by right angles, keeps every pixel", () => {
  for (const channels of [1, 4]) {
    const pixels = noise(7, 5, channels);
    const visible = channels === 1 ? pixels.values : pixels.values.map((value, i) => (pixels.values[i - (i % 4) + 3] ? value : 0));
    const same = (place, at) => {
      const out = resample(pixels, matrix(place, 7, 5), bounds(place));
      const [, , width] = bounds(place);
      for (let y = 0; y < 5; y++) for (let x = 0; x < 7; x++) for (let c = 0; c < channels; c++) assert.equal(out[at(x, y, width) * channels + c], visible[(y * 7 + x) * channels + c]);
    };
    const place = placeOf([-3, 9, 7, 5]);
    assert.deepEqual(bounds(place), [-3, 9, 7, 5]);
    same(place, (x, y, width) => y * width + x);
    same({ ...place, flipped: true }, (x, y, width) => y * width + 6 - x);
    same({ ...place, angle: 180 }, (x, y, width) => (4 - y) * width + 6 - x);
    same({ ...place, x: place.x + 1, angle: 90 }, (x, y, width) => x * width + 4 - y);
    same({ ...place, x: place.x + 1, angle: -90, flipped: true }, (x, y, width) => x * width + y);
  }
});

test("one colour stays that colour at every size and angle, and covers as much as its place", () => {
  const colour = [200, 40, 90, 255];
  const plain = { values: Uint8Array.from({ length: 12 * 9 * 4 }, (_, i) => colour[i % 4]), width: 12, height: 9, channels: 4 };
  for (const angle of ANGLES) {
    for (const [width, height] of [[12, 9], [5, 3], [40, 31], [3, 40]]) {
      const place = { x: 20.25, y: 10.5, width, height, angle, flipped: false };
      const out = resample(plain, matrix(place, 12, 9), bounds(place));
      let covered = 0;
      for (let at = 0; at < out.length; at += 4) {
        if (out[at + 3]) for (let c = 0; c < 3; c++) near(out[at + c], colour[c], 1);
        covered += out[at + 3] / 255;
      }
      near(covered, width * height, 0.02 * width * height + 1);
    }
  }
});

test("shrinking averages all pixels: no pattern comes of a finer one", () => {
  const stripes = { values: Uint8Array.from({ length: 64 * 64 }, (_, i) => (i % 2 ? 255 : 0)), width: 64, height: 64, channels: 1 };
  for (const side of [32, 20, 9]) {
    const place = placeOf([0, 0, side, side]);
    for (const value of resample(stripes, matrix(place, 64, 64), bounds(place))) near(value, 127.5, 2 * side); // half a line at most of those that it covers
  }
  const pixels = opaque(noise(60, 40, 4));
  const place = placeOf([0, 0, 15, 10]);
  const out = resample(pixels, matrix(place, 60, 40), bounds(place));
  const mean = (values, channel, step = 4) => values.filter((_, i) => i % step === channel).reduce((a, b) => a + b, 0) / (values.length / step);
  for (const channel of [0, 1, 2, 3]) near(mean([...out], channel), mean([...pixels.values], channel), 0.6);
});

test("what is transparent lends its colour to nothing", () => {
  const half = { values: Uint8Array.from({ length: 8 * 8 * 4 }, (_, i) => [255, 0, 0, (i >> 2) % 8 < 4 ? 255 : 0][i % 4]), width: 8, height: 8, channels: 4 };
  half.values.forEach((_, i) => i % 4 !== 3 && !half.values[i - (i % 4) + 3] && (half.values[i] = [0, 255, 0][i % 4])); // green where nothing is seen
  for (const place of [placeOf([0, 0, 3, 3]), placeOf([0, 0, 20, 20]), { ...placeOf([0, 0, 8, 8]), angle: 33 }]) {
    const out = resample(half, matrix(place, 8, 8), bounds(place));
    for (let at = 0; at < out.length; at += 4) if (out[at + 3]) assert.deepEqual([...out.slice(at, at + 3)], [255, 0, 0]);
  }
});

test("what is laid over shows through as much as it is transparent", () => {
  const [above, below] = [noise(9, 9, 4, 2).values, opaque(noise(9, 9, 4, 3)).values];
  const out = over(above, below);
  for (let at = 0; at < out.length; at += 4) {
    assert.equal(out[at + 3], 255);
    const share = above[at + 3] / 255;
    for (let c = 0; c < 3; c++) near(out[at + c], above[at + c] * share + below[at + c] * (1 - share), 1);
  }
  const nothing = new Uint8Array(above.length);
  assert.deepEqual(over(nothing, below), below);
  const opaqueAbove = opaque({ values: above }).values;
  assert.deepEqual(over(opaqueAbove, below), opaqueAbove);
});
