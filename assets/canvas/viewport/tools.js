// The tools: what a pressed pointer does to the draft and the frame, in plane coordinates.

import { ellipse, polygon, rectangle } from "../draft/shapes.js";

const CLOSE = 10; // CSS pixels from a polygon's first corner that close it
const SLIP = 4; // CSS pixels that a click may move and still be no box
const GRIP = 18; // CSS pixels to either side of the frame's edge where it can be dragged

const path = (points) => `M${points.map((point) => point.join(" ")).join("L")}`;
const rectanglePath = ([ax, ay], [bx, by]) => `M${ax} ${ay}H${bx}V${by}H${ax}z`;
const ellipsePath = ([ax, ay], [bx, by]) => {
  const [rx, ry] = [Math.abs(bx - ax) / 2, Math.abs(by - ay) / 2];
  return `M${Math.min(ax, bx)} ${(ay + by) / 2}a${rx} ${ry} 0 1 0 ${2 * rx} 0a${rx} ${ry} 0 1 0 ${-2 * rx} 0z`;
};

/** The far corner of a square from the first point towards the second. */
function squareCorner([ax, ay], [bx, by]) {
  const side = Math.max(Math.abs(bx - ax), Math.abs(by - ay));
  return [ax + side * Math.sign(bx - ax || 1), ay + side * Math.sign(by - ay || 1)];
}

/**
 * Makes the tools: { name: { begin(point, how), move(point, how), end(), drop() } }, with how: { shift, subtract, pressure }.
 * `drop` takes back what is not finished. The polygon, which goes from click to click, has `corners`, `close()` and `back()`. What
 * can only be dragged at some places has grip(point): what is held there or null, cursor(grip) and, where that is null, pull(grip).
 *
 * target: what the tools act on:
 *   settings: { diameter, hardness, tolerance };
 *   stroke: { begin(), segment(x0, y0, x1, y1, radius, subtract), end(), drop() };
 *   fill(shape, subtract); wand(x, y, subtract); pick(x, y);
 *   edge(segments, subtract): a stroke of [x0, y0, x1, y1, radius] as a rough selection;
 *   object({ point or box }, subtract): the object at a point or in a box; look(point, subtract): shows it, look(null): no more;
 *   show(path or null): the lines of the shape; begun(open): whether the polygon has corners now;
 *   scale(): CSS pixels for one plane pixel; frame(): box; setFrame(box).
 */
export function makeTools(target) {
  const { settings } = target;

  /** Paints along the pointer's path. */
  function painter(erases) {
    let last = null;
    let lastEnd = null; // of the stroke before, for straight lines with Shift
    let subtract = false;
    const radius = (how) => Math.max(0.5, (settings.diameter / 2) * how.pressure);
    return {
      begin(point, how) {
        subtract = erases || how.subtract;
        target.stroke.begin();
        target.stroke.segment(...(how.shift && lastEnd ? lastEnd : point), ...point, radius(how), subtract);
        last = point;
      },
      move(point, how) {
        target.stroke.segment(...last, ...point, radius(how), subtract);
        last = point;
      },
      end() {
        lastEnd = last;
        target.stroke.end();
      },
      drop: () => target.stroke.drop(),
    };
  }

  /** Selects what the picture holds under a stroke. */
  function selector() {
    let points, segments, subtract;
    const draw = (point, how) => {
      segments.push([...(points.at(-1) ?? point), ...point, Math.max(0.5, (settings.diameter / 2) * how.pressure)]);
      points.push(point);
      target.show(path(points));
    };
    return {
      begin(point, how) {
        [points, segments, subtract] = [[], [], how.subtract];
        draw(point, how);
      },
      move: draw,
      end() {
        target.show(null);
        target.edge(segments, subtract);
      },
      drop: () => target.show(null),
    };
  }

  /** A shape between two corners. */
  function corners(shape, outline) {
    let from, to, subtract;
    return {
      begin(point, how) {
        [from, to, subtract] = [point, point, how.subtract];
      },
      move(point, how) {
        to = how.shift ? squareCorner(from, point) : point;
        target.show(outline(from, to));
      },
      end() {
        target.show(null);
        target.fill(shape(from, to), subtract);
      },
      drop: () => target.show(null),
    };
  }

  /** Takes the object at a click, or in the box that is dragged out; shows beforehand what a click would take. */
  function objectTool() {
    let from, to, subtract;
    const box = () => {
      const [left, top] = [Math.min(from[0], to[0]), Math.min(from[1], to[1])].map(Math.floor);
      return [left, top, Math.max(1, Math.ceil(Math.max(from[0], to[0])) - left), Math.max(1, Math.ceil(Math.max(from[1], to[1])) - top)];
    };
    const dragged = () => Math.hypot(to[0] - from[0], to[1] - from[1]) * target.scale() > SLIP;
    return {
      begin(point, how) {
        [from, to, subtract] = [point, point, how.subtract];
        target.look(null);
      },
      move(point) {
        to = point;
        target.show(dragged() ? rectanglePath(from, to) : null);
      },
      hover: (point, how) => target.look(point.map(Math.floor), how.subtract),
      leave: () => target.look(null),
      end() {
        target.show(null);
        target.object(dragged() ? { box: box() } : { point: from.map(Math.floor) }, subtract);
      },
      drop: () => target.show(null),
    };
  }

  function lasso() {
    let points, subtract;
    return {
      begin(point, how) {
        [points, subtract] = [[point], how.subtract];
      },
      move(point) {
        points.push(point);
        target.show(path(points));
      },
      end() {
        target.show(null);
        if (points.length > 2) target.fill(polygon(points), subtract);
      },
      drop: () => target.show(null),
    };
  }

  /** A polygon, corner by corner: a click on the first, a double click or Enter closes it, Backspace drops the last, Escape all. */
  function polygonLasso() {
    let points = [];
    let subtract = false;
    let pointer = null; // its last position
    const near = ([ax, ay], [bx, by]) => Math.hypot(ax - bx, ay - by) * target.scale() < CLOSE;
    const show = (...more) => target.show(path([...points, ...more]));
    const drop = () => {
      points = [];
      target.show(null);
      target.begun(false);
    };
    return {
      begin(point, how) {
        if (!points.length) subtract = how.subtract;
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
      /** The number of corners so far. */
      get corners() {
        return points.length;
      },
      back() {
        points.pop();
        if (points.length) show(pointer);
        else drop();
      },
      close() {
        if (points.length > 2) target.fill(polygon(points), subtract);
        drop();
      },
      drop,
    };
  }

  /** Drags the frame's sides. */
  function frameTool() {
    let sides = null;
    let from, start;
    const sidesAt = ([px, py], [x, y, width, height]) => {
      const grip = GRIP / target.scale();
      const within = (value, low, high) => value > low - grip && value < high + grip;
      if (!within(px, x, x + width) || !within(py, y, y + height)) return null;
      const near = [px - x, py - y, x + width - px, y + height - py].map((distance) => Math.abs(distance) < grip);
      return near.some(Boolean) ? near : null;
    };
    return {
      /** Which sides [left, top, right, bottom] can be dragged at a point, or null. */
      grip: (point) => sidesAt(point, target.frame()),
      cursor: () => null,
      /** The direction in the plane in which these sides are dragged. */
      pull: ([left, top, right, bottom]) => [right - left, bottom - top],
      begin(point) {
        [from, start] = [point, target.frame()];
        sides = sidesAt(point, start);
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

  /** Acts where it was pressed, once it is let go: a second finger or a menu may drop it before. */
  function click(action) {
    let at, subtract;
    return {
      begin: (point, how) => ([at, subtract] = [point.map(Math.floor), how.subtract]),
      move: () => {},
      end: () => action(...at, subtract),
      drop: () => {},
    };
  }

  return {
    brush: painter(false),
    eraser: painter(true),
    rectangle: corners(rectangle, rectanglePath),
    ellipse: corners(ellipse, ellipsePath),
    lasso: lasso(),
    polygon: polygonLasso(),
    wand: click(target.wand),
    edge: selector(),
    object: objectTool(),
    picker: click(target.pick),
    frame: frameTool(),
  };
}

/** The tools that show the brush's ring. */
export const ROUND = ["brush", "eraser", "edge"];
