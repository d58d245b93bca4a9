// A tone curve: a click adds a point, a drag or the arrow keys move it, Delete or a double click removes it.

import { addPoint, addPointBetween, curveAt, DIAGONAL, MOST_POINTS, movePoint, removePoint } from "../app/adjustment.js";
import { h } from "../lib/dom.js";
import { t } from "../lib/locale.js";

const SAMPLES = 64; // of the curve that is drawn
const STEP = 0.01; // by which an arrow key moves a point; ten times that with Shift
const MOVES = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

/** change(curve): the user has changed it. Returns { element, show(curve) }. */
export function curveEditor(change) {
  let curve = DIAGONAL;
  let dragged = null; // the index of the point under the pointer
  const line = svg("path", { class: "line" });
  const grid = svg("path", { class: "grid", d: "M0 0L0 0M.25 0V1M.5 0V1M.75 0V1M0 .25H1M0 .5H1M0 .75H1M0 1L1 0" });
  const drawing = svg("svg", { viewBox: "0 0 1 1", preserveAspectRatio: "none", "aria-hidden": "true" }, grid, line);
  const points = h("div", { class: "curve-points" });
  const plot = h("div", { class: "curve-plot", onpointerdown: press, onpointermove: drag, onlostpointercapture: () => (dragged = null) }, drawing, points);
  const adder = h("button", { type: "button", class: "chip", onclick: add }, t("adjust.add_point"));
  const resetter = h("button", { type: "button", class: "chip", onclick: () => put(DIAGONAL) }, t("adjust.reset_curve"));
  const name = h("span", { class: "adjust-name", ondblclick: () => put(DIAGONAL) }, t("adjust.curve"));
  const element = h("div", { class: "curve", role: "group", "aria-label": t("adjust.curve") }, h("div", { class: "curve-head" }, name, adder, resetter), plot);

  function put(next, focused = null) {
    show(next);
    if (focused !== null) points.children[focused].focus();
    change(next);
  }

  function place({ clientX, clientY }) {
    const { left, top, width, height } = plot.getBoundingClientRect();
    return [Math.min(1, Math.max(0, (clientX - left) / width)), Math.min(1, Math.max(0, 1 - (clientY - top) / height))];
  }

  function press(event) {
    if (event.button !== 0) return;
    event.preventDefault(); // the point gets the focus, not what lies around it
    const at = [...points.children].indexOf(event.target);
    const added = at < 0 ? addPoint(curve, place(event)) : { curve, at };
    if (!added) return;
    put(added.curve, added.at);
    dragged = added.at;
    plot.setPointerCapture(event.pointerId);
  }

  function drag(event) {
    if (dragged !== null) put(movePoint(curve, dragged, place(event)));
  }

  function add() {
    const added = addPointBetween(curve);
    if (added) put(added.curve, added.at);
  }

  /** Leads the focus to a point that can be removed next, if there is one. */
  function remove(at) {
    const next = removePoint(curve, at);
    put(next, next.length < curve.length ? Math.min(at, next.length - 2) : at);
  }

  function pressKey(event, at) {
    const move = MOVES[event.key];
    const step = event.shiftKey ? 10 * STEP : STEP;
    if (move) put(movePoint(curve, at, [curve[at][0] + move[0] * step, curve[at][1] + move[1] * step]));
    else if (event.key === "Delete" || event.key === "Backspace") remove(at);
    else return;
    event.preventDefault(); // or the key's own command runs too
  }

  function handle(at) {
    return h("div", {
      role: "slider", tabindex: 0, class: "curve-point", "aria-orientation": "vertical", "aria-valuemin": 0, "aria-valuemax": 100,
      onkeydown: (event) => pressKey(event, at), ondblclick: () => remove(at),
    });
  }

  function show(next) {
    curve = next;
    if (points.children.length !== curve.length) points.replaceChildren(...curve.map((_, at) => handle(at)));
    curve.forEach(([x, y], at) => {
      const point = points.children[at];
      const [input, output] = [x, y].map((value) => Math.round(value * 100));
      Object.assign(point.style, { left: `${x * 100}%`, bottom: `${y * 100}%` });
      point.setAttribute("aria-label", t("adjust.point", { n: at + 1, of: curve.length }));
      point.setAttribute("aria-valuenow", output);
      point.setAttribute("aria-valuetext", t("adjust.point_value", { input, output }));
    });
    const sampled = Array.from({ length: SAMPLES + 1 }, (_, n) => n / SAMPLES);
    const all = [...sampled, ...curve.map(([x]) => x)].sort((a, b) => a - b);
    line.setAttribute("d", `M${all.map((x) => `${x} ${1 - curveAt(curve, x)}`).join("L")}`);
    adder.disabled = curve.length >= MOST_POINTS;
    resetter.disabled = curve.length === 2 && curve.every(([x, y], at) => x === at && y === at);
  }

  show(curve);
  return { element, show: (next) => next !== curve && show(next) };
}

function svg(tag, attributes, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}
