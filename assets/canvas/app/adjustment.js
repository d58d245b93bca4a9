// An adjustment as data: what each value of it can be, which of them change anything, and its curve. No DOM.

import { t } from "../lib/locale.js";

/** The numbers: their range and step, and how many the page shows for 1. */
export const CONTROLS = {
  exposure: { min: -3, max: 3, step: 0.05, shown: 1 },
  contrast: { min: -1, max: 1, step: 0.01, shown: 100 },
  saturation: { min: -1, max: 1, step: 0.01, shown: 100 },
  temperature: { min: -1, max: 1, step: 0.01, shown: 100 },
  sharpness: { min: 0, max: 1, step: 0.01, shown: 100 },
  blur: { min: 0, max: 64, step: 0.5, shown: 1 },
};
export const DIAGONAL = [[0, 0], [1, 1]]; // the curve that changes nothing
export const MOST_POINTS = 16;
const GAP = 0.01; // least distance of two points of a curve

export const NEUTRAL = { ...Object.fromEntries(Object.keys(CONTROLS).map((name) => [name, 0])), curve: DIAGONAL };

/** Only the values that change something, as the server takes and stores them. */
export function recordOf(values) {
  const record = Object.fromEntries(Object.keys(CONTROLS).filter((name) => values[name]).map((name) => [name, values[name]]));
  const { curve } = values;
  const [first, last] = [curve[0], curve.at(-1)];
  if (first[0] !== 0 || last[0] !== 1 || curve.some(([x, y]) => x !== y)) record.curve = curve;
  return record;
}

/** What an adjustment does, in one line. record: as `recordOf` returns it. */
export function describeAdjustment(record) {
  const number = (name, value) => {
    const { min, shown } = CONTROLS[name];
    const text = String(Math.round(value * shown * 100) / 100).replace("-", "−");
    return `${t(`adjust.${name}`)} ${value > 0 && min < 0 ? "+" : ""}${text}`;
  };
  return Object.entries(record).map(([name, value]) => (name === "curve" ? t("adjust.curve") : number(name, value))).join(" · ");
}

const clamp = (value, low, high) => Math.min(high, Math.max(low, value));
const round = (value) => Math.round(value * 1000) / 1000;

/** Adds a point to a curve. Returns { curve, at: its index }, or null where there is no room. */
export function addPoint(curve, [x, y]) {
  if (curve.length >= MOST_POINTS || curve.some((point) => Math.abs(point[0] - x) < GAP)) return null;
  const before = curve.filter((point) => point[0] < x);
  return { curve: [...before, [round(x), round(clamp(y, 0, 1))], ...curve.slice(before.length)], at: before.length };
}

/** Adds a point in the middle of the widest gap, on the curve. */
export function addPointBetween(curve) {
  const gaps = curve.slice(1).map(([x], n) => x - curve[n][0]);
  const at = gaps.indexOf(Math.max(...gaps));
  const x = (curve[at][0] + curve[at + 1][0]) / 2;
  return addPoint(curve, [x, curveAt(curve, x)]);
}

/** Moves a point of a curve, as far as its neighbours let it. */
export function movePoint(curve, at, [x, y]) {
  const low = at > 0 ? curve[at - 1][0] + GAP : 0;
  const high = at < curve.length - 1 ? curve[at + 1][0] - GAP : 1;
  return curve.with(at, [round(clamp(x, low, high)), round(clamp(y, 0, 1))]);
}

/** Removes a point of a curve; its ends go back to black and white instead. */
export function removePoint(curve, at) {
  if (at === 0) return curve.with(0, DIAGONAL[0]);
  if (at === curve.length - 1) return curve.with(at, DIAGONAL[1]);
  return curve.toSpliced(at, 1);
}

/** The curve's value at `x`; the server's `curve_at` (Fritsch and Butland 1984). */
export function curveAt(curve, x) {
  const at = clamp(x, curve[0][0], curve.at(-1)[0]);
  const part = clamp(curve.findLastIndex((point) => point[0] <= at), 0, curve.length - 2);
  const width = (n) => curve[n + 1][0] - curve[n][0];
  const secant = (n) => (curve[n + 1][1] - curve[n][1]) / width(n);
  const slope = (n) => {
    if (n === 0 || n === curve.length - 1) return secant(n === 0 ? 0 : n - 1);
    const [before, after] = [secant(n - 1), secant(n)];
    if (before * after <= 0) return 0;
    const near = (width(n - 1) + 2 * width(n)) / (3 * (width(n - 1) + width(n)));
    return (before * after) / (near * after + (1 - near) * before);
  };
  const share = (at - curve[part][0]) / width(part);
  const start = (curve[part][1] * (1 + 2 * share) + slope(part) * width(part) * share) * (1 - share) ** 2;
  const end = (curve[part + 1][1] * (3 - 2 * share) - slope(part + 1) * width(part) * (1 - share)) * share ** 2;
  return start + end;
}
