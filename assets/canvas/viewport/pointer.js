// The pointer: turns presses, moves and the wheel into what the tool does, panning and zooming. Two fingers move the
// picture, and tap to undo; once a pen was used, it paints, and one finger moves the picture.

import { Fingers } from "./fingers.js";
import { ROUND } from "./tools.js";
import { Wheel } from "./wheel.js";

const LINE_PIXELS = 32; // of a wheel that counts in lines
const LIGHTEST = 0.25; // the share of the brush's width with the least pressure of a pen
const CLICK = 4; // CSS pixels that the right button may slip and still click
const LONG_PRESS_MS = 500;
const CURSORS = ["ew", "nwse", "ns", "nesw"]; // by eighths of a turn, clockwise

export class Pointer {
  /**
   * viewport: Viewport. currentTool(): { name, tool (see tools.js), radius (plane pixels), resize(diameter) }. actions:
   * { tapped(fingers), menu(x, y): opens the menu at a place in the window }.
   */
  constructor(viewport, currentTool, actions) {
    Object.assign(this, { viewport, currentTool, actions });
    this.hand = false; // the space bar is down: dragging moves the picture
    this.mode = null; // while something is down: "tool" | "pan" | "pinch" | "size" (of the brush) | "menu" (if it does not move)
    this.tool = null; // the one that the pressed button uses
    this.shape = null; // a tool that goes from click to click and has begun
    this.press = null; // the event of the press that sizes, or opens the menu
    this.pressed = 0; // the brush's diameter then
    this.last = null; // [x, y] in the window, while panning
    this.fingers = new Fingers();
    this.longPress = 0; // the timer of one finger that rests
    this.wheel = new Wheel();
    this.pen = false; // a pen was used
    this.at = null; // CSS position in the viewport, for the ring
    const { root } = viewport;
    root.addEventListener("pointerdown", (event) => this.#down(event));
    root.addEventListener("pointermove", (event) => this.#move(event));
    for (const name of ["pointerup", "pointercancel"]) root.addEventListener(name, (event) => this.#up(event));
    root.addEventListener("dblclick", () => this.shape?.close());
    root.addEventListener("pointerleave", () => {
      this.at = null;
      this.currentTool().tool.leave?.();
      this.refresh();
    });
    root.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
    root.addEventListener("contextmenu", (event) => {
      event.preventDefault();
      if (this.mode === "tool" && event.ctrlKey && event.pointerType !== "touch") this.#pressForMenu(event); // a Mac's Ctrl and click
    });
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
      this.fingers.down(event.pointerId, [event.clientX, event.clientY], event.timeStamp);
      clearTimeout(this.longPress);
      if (this.fingers.count > 1) {
        if (this.mode !== "pinch") this.#takeBack();
        this.mode = "pinch";
        return;
      }
      this.longPress = setTimeout(() => this.#holdFinger(event), LONG_PRESS_MS);
    }
    if (this.mode) return;
    const { name, radius } = this.currentTool();
    if (event.altKey && (event.button === 2 || event.ctrlKey || event.metaKey) && ROUND.includes(name)) {
      [this.mode, this.press, this.pressed] = ["size", event, 2 * radius];
    } else if (event.button === 2) this.#pressForMenu(event);
    else this.#begin(event);
    this.#place(event);
  }

  #begin(event) {
    const { tool } = this.currentTool();
    const pans = event.button === 1 || this.hand || (this.pen && event.pointerType === "touch");
    if (pans || (tool.grip && !tool.grip(this.#plane(event)))) {
      this.mode = "pan";
      this.last = [event.clientX, event.clientY];
    } else {
      this.mode = "tool";
      this.tool = tool;
      tool.begin(this.#plane(event), this.#modifiers(event));
      this.shape = tool.corners ? tool : null;
    }
  }

  /** Opens the menu when the button goes up, if the pointer has not moved by then. */
  #pressForMenu(event) {
    this.#takeBack();
    [this.mode, this.press] = ["menu", event];
  }

  /** One finger rests: opens the menu, and paints nothing. */
  #holdFinger({ clientX, clientY }) {
    if (this.fingers.count !== 1 || !this.fingers.rest || !["tool", "pan"].includes(this.mode) || this.currentTool().name === "transform") return;
    this.#takeBack();
    this.actions.menu(clientX, clientY);
  }

  /** Takes back what this press has begun: of a polygon, its last corner. */
  #takeBack() {
    const { tool } = this;
    [this.mode, this.tool] = [null, null];
    if (tool && this.shape === tool) tool.back();
    else tool?.drop();
    if (!this.shape?.corners) this.shape = null;
    this.refresh();
  }

  #move(event) {
    if (this.mode === "menu" && Math.hypot(event.clientX - this.press.clientX, event.clientY - this.press.clientY) > CLICK) this.#begin(this.press);
    if (this.mode === "pinch") {
      this.#pinch(event);
    } else if (this.mode === "pan") {
      const { ratio } = this.viewport;
      this.viewport.pan((event.clientX - this.last[0]) * ratio, (event.clientY - this.last[1]) * ratio);
      this.last = [event.clientX, event.clientY];
    } else if (this.mode === "size") {
      const { ratio, view } = this.viewport;
      this.currentTool().resize(this.pressed + (2 * (event.clientX - this.press.clientX) * ratio) / view.scale); // its edge follows
    } else if (this.mode === "tool") {
      const moves = event.getCoalescedEvents?.() ?? [];
      for (const move of moves.length ? moves : [event]) this.tool.move(this.#plane(move), this.#modifiers(event));
    } else if (!this.mode) {
      this.currentTool().tool.hover?.(this.#plane(event), this.#modifiers(event));
    }
    this.fingers.move(event.pointerId, [event.clientX, event.clientY]);
    this.#place(event);
  }

  /** Moves the picture with the middle of two fingers, and zooms it with their distance. */
  #pinch(event) {
    if (!this.fingers.places.has(event.pointerId) || this.fingers.count < 2) return;
    const before = this.fingers.measure();
    this.fingers.move(event.pointerId, [event.clientX, event.clientY]);
    const { middle, apart } = this.fingers.measure();
    const { ratio, view } = this.viewport;
    if (this.fingers.rest) return; // a tap may slip a little
    this.viewport.pan((middle[0] - before.middle[0]) * ratio, (middle[1] - before.middle[1]) * ratio);
    if (before.apart > 0) this.viewport.zoom((view.scale * apart) / before.apart, ...this.#viewportPoint(...middle));
  }

  #up(event) {
    clearTimeout(this.longPress);
    const taps = this.fingers.up(event.pointerId, event.timeStamp, event.type === "pointercancel");
    if (this.mode === "pinch" && this.fingers.count) return; // the last finger paints nothing
    const clicked = this.mode === "menu" && event.type === "pointerup";
    if (event.type === "pointercancel") this.drop();
    else this.finish();
    if (clicked) this.actions.menu(event.clientX, event.clientY);
    if (taps > 1) this.actions.tapped(taps);
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
    if (this.mode === "size") {
      this.mode = null;
      this.currentTool().resize(this.pressed);
      return true;
    }
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
    const { ratio } = this.viewport;
    if (this.wheel.moves(event)) {
      this.viewport.pan(-event.deltaX * ratio, -event.deltaY * ratio);
    } else {
      const unit = event.deltaMode === 1 ? LINE_PIXELS : event.deltaMode === 2 ? this.viewport.root.clientHeight : 1;
      const turn = Math.max(-240, Math.min(240, event.deltaY * unit));
      const speed = event.ctrlKey ? 0.01 : 0.0022; // a trackpad's pinch arrives as a wheel with Ctrl, in small turns
      this.viewport.zoom(this.viewport.view.scale * Math.exp(-turn * speed), ...this.#viewportPoint(event.clientX, event.clientY));
    }
    this.#place(event);
  }

  #place(event) {
    if (this.mode === "size") event = this.press; // the ring stays while it grows
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
    const grip = tool.grip && usable && this.at && tool.grip(this.viewport.view.toPlane(...this.at.map((n) => n * this.viewport.ratio)));
    const resize = grip && (tool.cursor(grip) ?? this.#resizeCursor(tool.pull(grip)));
    root.dataset.cursor = this.mode === "pan" ? "grabbing" : this.hand || (tool.grip && !grip) ? "grab" : resize || (wide ? "ring" : "paint");
  }

  /** The cursor that drags into a direction [x, y] of the plane, which is another one in a turned view. */
  #resizeCursor([x, y]) {
    const [a, b, c, d] = this.viewport.view.matrix;
    const eighth = Math.round(Math.atan2(b * x + d * y, a * x + c * y) / (Math.PI / 4));
    return CURSORS[(eighth + 8) % 4];
  }
}
