// The tools: what a pressed pointer does to the draft, in plane coordinates.

import { ellipse, polygon, rectangle } from "../draft/shapes.js";

const CLOSE = 10; // CSS pixels from a polygon's first corner that close it
const GRIP = 18; // CSS pixels about the frame's edge that take hold of it

const way = (points) => `M${points.map((point) => point.join(" ")).join("L")}`;
const ring = ([ax, ay], [bx, by]) => {
  const [rx, ry] = [Math.abs(bx - ax) / 2, Math.abs(by - ay) / 2];
  return `M${Math.min(ax, bx)} ${(ay + by) / 2}a${rx} ${ry} 0 1 0 ${2 * rx} 0a${rx} ${ry} 0 1 0 ${-2 * rx} 0z`;
};

/** The far corner of a square that begins at `from` and reaches towards `to`. */
function squared([ax, ay], [bx, by]) {
  const side = Math.max(Math.abs(bx - ax), Math.abs(by - ay));
  return [ax + side * Math.sign(bx - ax || 1), ay + side * Math.sign(by - ay || 1)];
}

/**
 * Each tool: { begin(point, how), move(point, how), end(), drop() }; how: { shift, subtract, pressure }. `drop` takes back
 * what is not done yet. One that goes from click to click has `corners` as well, `close()` and `back()`. target: the editor's side:
 *   settings { diameter, hardness, tolerance }; stroke.begin(), stroke.segment(x0, y0, x1, y1, radius, subtract),
 *   stroke.end(), stroke.drop(); fill(shape, subtract); show(path or null); begun(whether there
 *   are corners now); scale(): CSS pixels for one of the plane;
 *   wand(x, y, subtract); edge(segments [x0, y0, x1, y1, radius], subtract): a stroke as a rough selection; pick(x, y);
 *   frame(): box; setFrame(box).
 */
export function makeTools(target) {
  const { settings } = target;

  /** Paints along the way. */
  function painter(always) {
    let last = null;
    let ended = null; // where the last stroke ended, for straight lines with Shift
    let away = false;
    const radius = (how) => Math.max(0.5, (settings.diameter / 2) * how.pressure);
    return {
      begin(point, how) {
        away = always || how.subtract;
        target.stroke.begin();
        target.stroke.segment(...(how.shift && ended ? ended : point), ...point, radius(how), away);
        last = point;
      },
      move(point, how) {
        target.stroke.segment(...last, ...point, radius(how), away);
        last = point;
      },
      end() {
        ended = last;
        target.stroke.end();
      },
      drop: () => target.stroke.drop(),
    };
  }

  /** A stroke that is looked at, not painted: what the picture holds under it is selected. */
  function selector() {
    let points, segments, away;
    const draw = (point, how) => {
      segments.push([...(points.at(-1) ?? point), ...point, Math.max(0.5, (settings.diameter / 2) * how.pressure)]);
      points.push(point);
      target.show(way(points));
    };
    return {
      begin(point, how) {
        [points, segments, away] = [[], [], how.subtract];
        draw(point, how);
      },
      move: draw,
      end() {
        target.show(null);
        target.edge(segments, away);
      },
      drop: () => target.show(null),
    };
  }

  /** A shape between two corners. */
  function corners(shape, path) {
    let from, to, away;
    return {
      begin(point, how) {
        [from, to, away] = [point, point, how.subtract];
      },
      move(point, how) {
        to = how.shift ? squared(from, point) : point;
        target.show(path(from, to));
      },
      end() {
        target.show(null);
        target.fill(shape(from, to), away);
      },
      drop: () => target.show(null),
    };
  }

  function lasso() {
    let points, away;
    return {
      begin(point, how) {
        [points, away] = [[point], how.subtract];
      },
      move(point) {
        points.push(point);
        target.show(way(points));
      },
      end() {
        target.show(null);
        if (points.length > 2) target.fill(polygon(points), away);
      },
      drop: () => target.show(null),
    };
  }

  /** Corner by corner; a click on the first one, a double click or Enter closes it, Backspace drops the last, Escape all. */
  function corneredLasso() {
    let points = [];
    let away = false;
    let pointer = null; // where it was seen last
    const near = ([ax, ay], [bx, by]) => Math.hypot(ax - bx, ay - by) * target.scale() < CLOSE;
    const show = (...more) => target.show(way([...points, ...more]));
    const drop = () => {
      points = [];
      target.show(null);
      target.begun(false);
    };
    return {
      begin(point, how) {
        if (!points.length) away = how.subtract;
        if (points.length > 2 && (near(point, points[0]) || near(point, points.at(-1)))) this.close();
        else if (points.push(point) === 1) target.begun(true);
        pointer = point;
      },
      move: () => {},
      hover(point) {
        pointer = point;
        if (points.length) show(point);
      },
      end() {
        if (points.length) show();
      },
      /** How many corners it has so far. */
      get corners() {
        return points.length;
      },
      back() {
        points.pop();
        if (points.length) show(pointer);
        else drop();
      },
      close() {
        if (points.length > 2) target.fill(polygon(points), away);
        drop();
      },
      drop,
    };
  }

  /** Takes hold of the frame's sides, and moves them. */
  function framing() {
    let sides = null;
    let from, start;
    const held = ([px, py], [x, y, width, height]) => {
      const grip = GRIP / target.scale();
      const within = (value, low, high) => value > low - grip && value < high + grip;
      if (!within(px, x, x + width) || !within(py, y, y + height)) return null;
      const near = [px - x, py - y, x + width - px, y + height - py].map((away) => Math.abs(away) < grip);
      return near.some(Boolean) ? near : null;
    };
    return {
      /** Which sides [left, top, right, bottom] a point takes hold of, or null. */
      grip: (point) => held(point, target.frame()),
      begin(point) {
        [from, start] = [point, target.frame()];
        sides = held(point, start);
      },
      move(point) {
        if (!sides) return;
        const [dx, dy] = [Math.round(point[0] - from[0]), Math.round(point[1] - from[1])];
        let [left, top, right, bottom] = [start[0], start[1], start[0] + start[2], start[1] + start[3]];
        if (sides[0]) left = Math.min(left + dx, right - 1);
        if (sides[1]) top = Math.min(top + dy, bottom - 1);
        if (sides[2]) right = Math.max(right + dx, left + 1);
        if (sides[3]) bottom = Math.max(bottom + dy, top + 1);
        target.setFrame([left, top, right - left, bottom - top]);
      },
      end: () => (sides = null),
      drop() {
        if (sides) target.setFrame(start);
        sides = null;
      },
    };
  }

  const click = (act) => ({ begin: (point, how) => act(...point.map(Math.floor), how.subtract), move: () => {}, end: () => {}, drop: () => {} });
  return {
    brush: painter(false),
    eraser: painter(true),
    rectangle: corners(rectangle, ([ax, ay], [bx, by]) => `M${ax} ${ay}H${bx}V${by}H${ax}z`),
    ellipse: corners(ellipse, ring),
    lasso: lasso(),
    polygon: corneredLasso(),
    wand: click(target.wand),
    edge: selector(),
    picker: click(target.pick),
    frame: framing(),
  };
}

/** Tools that show the brush's ring. */
export const ROUND = ["brush", "eraser", "edge"];
