// The pointer: turns presses, moves and the wheel into what the tool does, panning and zooming. Two fingers move the
// picture; once a pen was used, it paints, and one finger moves the picture.

import { ROUND } from "./tools.js";

const LINE_PIXELS = 32; // of a wheel that counts in lines
const LIGHTEST = 0.25; // the share of the brush's width with the least pressure of a pen

export class Pointer {
  /** viewport: Viewport. currentTool(): { name, tool (see tools.js), radius (plane pixels) }. */
  constructor(viewport, currentTool) {
    Object.assign(this, { viewport, currentTool });
    this.hand = false; // the space bar is down: dragging moves the picture
    this.mode = null; // "tool" | "pan" | "pinch" while something is down
    this.tool = null; // the one that the pressed button uses
    this.shape = null; // a tool that goes from click to click and has begun
    this.last = null; // [x, y] in the window, while panning
    this.fingers = new Map(); // pointer id -> [x, y] in the window
    this.pen = false; // a pen was used
    this.at = null; // CSS position in the viewport, for the ring
    const { root } = viewport;
    root.addEventListener("pointerdown", (event) => this.#down(event));
    root.addEventListener("pointermove", (event) => this.#move(event));
    for (const name of ["pointerup", "pointercancel"]) root.addEventListener(name, (event) => this.#up(event));
    root.addEventListener("dblclick", () => this.shape?.close());
    root.addEventListener("pointerleave", () => {
      this.at = null;
      this.refresh();
    });
    root.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
    root.addEventListener("contextmenu", (event) => event.preventDefault());
    root.addEventListener("auxclick", (event) => event.preventDefault());
  }

  setHand(down) {
    this.hand = down;
    this.refresh();
  }

  #viewportPoint(x, y) {
    const { left, top } = this.viewport.root.getBoundingClientRect();
    return [(x - left) * this.viewport.ratio, (y - top) * this.viewport.ratio];
  }

  #plane({ clientX, clientY }) {
    return this.viewport.view.toPlane(...this.#viewportPoint(clientX, clientY));
  }

  #modifiers({ shiftKey, altKey, pointerType, pressure, buttons }) {
    const strength = pointerType === "pen" && pressure > 0 ? LIGHTEST + (1 - LIGHTEST) * pressure : 1;
    return { shift: shiftKey, subtract: altKey || buttons === 2, pressure: strength };
  }

  #down(event) {
    if (!this.viewport.picture?.box) return;
    event.preventDefault();
    this.viewport.root.focus({ preventScroll: true });
    this.viewport.root.setPointerCapture(event.pointerId);
    this.pen ||= event.pointerType === "pen";
    if (event.pointerType === "touch") {
      this.fingers.set(event.pointerId, [event.clientX, event.clientY]);
      if (this.fingers.size === 2) {
        this.drop();
        this.mode = "pinch";
        return;
      }
    }
    if (this.mode) return;
    const { name, tool } = this.currentTool();
    const pans = event.button === 1 || this.hand || (this.pen && event.pointerType === "touch");
    if (pans || (name === "frame" && !tool.grip(this.#plane(event)))) {
      this.mode = "pan";
      this.last = [event.clientX, event.clientY];
    } else {
      this.mode = "tool";
      this.tool = tool;
      tool.begin(this.#plane(event), this.#modifiers(event));
      this.shape = tool.corners ? tool : null;
    }
    this.#place(event);
  }

  #move(event) {
    if (this.mode === "pinch") {
      this.#pinch(event);
    } else if (this.mode === "pan") {
      const { ratio } = this.viewport;
      this.viewport.pan((event.clientX - this.last[0]) * ratio, (event.clientY - this.last[1]) * ratio);
      this.last = [event.clientX, event.clientY];
    } else if (this.mode === "tool") {
      const moves = event.getCoalescedEvents?.() ?? [];
      for (const move of moves.length ? moves : [event]) this.tool.move(this.#plane(move), this.#modifiers(event));
    } else {
      this.currentTool().tool.hover?.(this.#plane(event));
    }
    if (this.fingers.has(event.pointerId)) this.fingers.set(event.pointerId, [event.clientX, event.clientY]);
    this.#place(event);
  }

  /** Moves the picture with the middle of two fingers, and zooms it with their distance. */
  #pinch(event) {
    if (!this.fingers.has(event.pointerId) || this.fingers.size < 2) return;
    const measure = () => {
      const [[ax, ay], [bx, by]] = [...this.fingers.values()];
      return { middle: [(ax + bx) / 2, (ay + by) / 2], apart: Math.hypot(ax - bx, ay - by) };
    };
    const before = measure();
    this.fingers.set(event.pointerId, [event.clientX, event.clientY]);
    const { middle, apart } = measure();
    const { ratio, view } = this.viewport;
    this.viewport.pan((middle[0] - before.middle[0]) * ratio, (middle[1] - before.middle[1]) * ratio);
    if (before.apart > 0) this.viewport.zoom((view.scale * apart) / before.apart, ...this.#viewportPoint(...middle));
  }

  #up(event) {
    this.fingers.delete(event.pointerId);
    if (this.mode === "pinch" && this.fingers.size) return; // the last finger paints nothing
    if (event.type === "pointercancel") this.drop();
    else this.finish();
  }

  /** Ends what the pressed button began. */
  finish() {
    const { mode, tool } = this;
    [this.mode, this.tool] = [null, null];
    if (mode === "tool") tool.end();
    this.refresh();
  }

  /** Takes back what the tool has not finished; true if there was anything. */
  drop() {
    const tool = this.tool ?? (this.shape?.corners ? this.shape : null);
    if (this.mode === "tool") [this.mode, this.tool] = [null, null];
    this.shape = null;
    tool?.drop();
    this.refresh();
    return tool !== null;
  }

  /** Closes the polygon, once it has an area; false if none has begun. */
  closeShape() {
    if (!this.shape?.corners) return false;
    if (this.shape.corners > 2) this.shape.close();
  }

  /** Takes back the polygon's last corner; false if none has begun. */
  dropCorner() {
    if (!this.shape?.corners) return false;
    this.shape.back();
  }

  #wheel(event) {
    event.preventDefault();
    const unit = event.deltaMode === 1 ? LINE_PIXELS : event.deltaMode === 2 ? this.viewport.root.clientHeight : 1;
    const turn = Math.max(-240, Math.min(240, event.deltaY * unit));
    const speed = event.ctrlKey ? 0.01 : 0.0022; // a trackpad's pinch arrives as a wheel with Ctrl, in small turns
    this.viewport.zoom(this.viewport.view.scale * Math.exp(-turn * speed), ...this.#viewportPoint(event.clientX, event.clientY));
    this.#place(event);
  }

  #place(event) {
    const { left, top } = this.viewport.root.getBoundingClientRect();
    this.at = event.pointerType === "touch" ? null : [event.clientX - left, event.clientY - top];
    this.refresh();
  }

  /** Updates the ring and the cursor, which depend on the tool, the zoom and the space bar. */
  refresh() {
    const { root } = this.viewport;
    const { name, tool, radius } = this.currentTool();
    const usable = this.mode !== "pan" && !this.hand && this.viewport.picture?.box;
    const wide = this.viewport.showRing(usable && ROUND.includes(name) ? this.at : null, radius);
    const sides = name === "frame" && usable && this.at && tool.grip(this.viewport.view.toPlane(...this.at.map((n) => n * this.viewport.ratio)));
    const resize = sides && (sides[0] || sides[2] ? (sides[1] || sides[3] ? (sides[0] === sides[1] ? "nwse" : "nesw") : "ew") : "ns");
    root.dataset.cursor = this.mode === "pan" ? "grabbing" : this.hand || (name === "frame" && !sides) ? "grab" : resize || (wide ? "ring" : "paint");
  }
}
