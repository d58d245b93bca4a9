// The box on the picture by which something is moved, scaled and rotated: with mouse, touch and pen as a tool of the
// pointer, and by the arrow keys.

import { corners, dragged, grip, handles, outwards, placeOf, stem } from "./transform.js";

const REACH = 16; // CSS pixels from an edge where it can be dragged
const AWAY = 30; // CSS pixels from the upper edge to the handle that rotates
const FAR = 10; // plane pixels by which an arrow key moves with Shift
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

const line = (points) => `M${points.map((point) => point.join(" ")).join("L")}`;
const dot = ([x, y]) => `M${x} ${y}h.001`; // with round ends, a disc

export class TransformBox {
  /** viewport: Viewport. changed(): it has another place. */
  constructor(viewport, changed) {
    Object.assign(this, { viewport, changed });
    this.place = null; // see transform.js; null while there is none
    this.locked = true; // corners keep the proportions
    this.held = null; // { grip, from, start } of the drag
    document.addEventListener("keydown", (event) => this.#key(event), { capture: true });
  }

  /** Shows the box around a box of the plane. */
  open(box) {
    this.set(placeOf(box));
  }

  close() {
    this.place = this.held = null;
    for (const name of ["box", "handles"]) this.viewport.guides.show(name, null);
  }

  set(place) {
    this.place = place;
    this.draw();
    this.changed();
  }

  get #unit() {
    return this.viewport.ratio / this.viewport.view.scale; // plane pixels for one CSS pixel
  }

  /** Draws the lines; the handle that rotates depends on the zoom. */
  draw() {
    if (!this.place) return;
    const post = stem(this.place, AWAY * this.#unit);
    this.viewport.guides.show("box", `${line(corners(this.place))}z${line(post)}`);
    this.viewport.guides.show("handles", [...handles(this.place), post[1]].map(dot).join(""));
  }

  // --- as a tool of the pointer, see tools.js

  grip(point) {
    return grip(this.place, point, REACH * this.#unit, AWAY * this.#unit);
  }

  /** The cursor for a grip, null: that of the direction in which it pulls. */
  cursor(held) {
    return held.rotates ? "turn" : held.sides.some(Boolean) ? null : "move";
  }

  pull(held) {
    return outwards(this.place, held);
  }

  begin(point) {
    this.held = { grip: this.grip(point), from: point, start: this.place };
  }

  move(point, { shift }) {
    if (this.held) this.set(dragged(this.held.start, this.held.grip, this.held.from, point, { shift, locked: this.locked }));
  }

  end() {
    this.held = null;
  }

  drop() {
    if (this.held) this.set(this.held.start);
    this.held = null;
  }

  /** Moves it by the arrow keys, towards where they point on the screen: a turned view moves along the nearest direction. */
  #key(event) {
    const arrow = ARROWS[event.key];
    if (!this.place || !arrow || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (event.target !== document.body && !event.target.closest?.(".viewport")) return; // they move the focus, or a field's cursor
    event.preventDefault();
    const { view } = this.viewport;
    const [[x0, y0], [x1, y1]] = [view.toPlane(0, 0), view.toPlane(...arrow)];
    const [x, y] = [x1 - x0, y1 - y0];
    const by = event.shiftKey ? FAR : 1;
    const [dx, dy] = Math.abs(x) >= Math.abs(y) ? [Math.sign(x) * by, 0] : [0, Math.sign(y) * by];
    this.set({ ...this.place, x: this.place.x + dx, y: this.place.y + dy });
  }
}
