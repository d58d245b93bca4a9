// Hands on the stage: pointer and wheel become strokes, panning and zooming.

const LINE_PIXELS = 32; // a wheel which counts in lines

export class Pointer {
  /**
   * stage: Stage. tool: { name: "brush" | "eraser", radius (plane pixels) }, read at every move.
   * strokes: { begin(), segment(x0, y0, x1, y1), end() } in plane coordinates.
   */
  constructor(stage, tool, strokes) {
    Object.assign(this, { stage, tool, strokes });
    this.hand = false; // the space bar is down: drag moves the picture
    this.mode = null; // "paint" | "pan" while a button is down
    this.last = null; // [x, y]: plane when painting, client when panning
    this.at = null; // CSS position on the stage, for the ring
    this.end = null; // where the last stroke ended, for straight lines with Shift
    const { root } = stage;
    root.addEventListener("pointerdown", (event) => this.#down(event));
    root.addEventListener("pointermove", (event) => this.#move(event));
    for (const name of ["pointerup", "pointercancel"]) root.addEventListener(name, () => this.finish());
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

  #plane(event) {
    const { left, top } = this.stage.root.getBoundingClientRect();
    const { ratio, view } = this.stage;
    return view.toPlane((event.clientX - left) * ratio, (event.clientY - top) * ratio);
  }

  #down(event) {
    if (this.mode || !this.stage.picture?.box || event.button === 2) return;
    event.preventDefault();
    this.stage.root.focus({ preventScroll: true });
    this.stage.root.setPointerCapture(event.pointerId);
    if (event.button === 1 || this.hand) {
      this.mode = "pan";
      this.last = [event.clientX, event.clientY];
    } else {
      this.mode = "paint";
      const point = this.#plane(event);
      this.strokes.begin();
      this.strokes.segment(...(event.shiftKey && this.end ? this.end : point), ...point);
      this.last = point;
    }
    this.#place(event);
  }

  #move(event) {
    if (this.mode === "pan") {
      const { ratio } = this.stage;
      this.stage.pan((event.clientX - this.last[0]) * ratio, (event.clientY - this.last[1]) * ratio);
      this.last = [event.clientX, event.clientY];
    } else if (this.mode === "paint") {
      const moves = event.getCoalescedEvents?.() ?? [];
      for (const move of moves.length ? moves : [event]) {
        const point = this.#plane(move);
        this.strokes.segment(...this.last, ...point);
        this.last = point;
      }
    }
    this.#place(event);
  }

  /** End what the pressed button began. */
  finish() {
    const { mode } = this;
    this.mode = null;
    if (mode === "paint") {
      this.end = this.last;
      this.strokes.end();
    }
    this.refresh();
  }

  #wheel(event) {
    event.preventDefault();
    const unit = event.deltaMode === 1 ? LINE_PIXELS : event.deltaMode === 2 ? this.stage.root.clientHeight : 1;
    const turn = Math.max(-240, Math.min(240, event.deltaY * unit));
    const speed = event.ctrlKey ? 0.01 : 0.0022; // a pinch on a trackpad comes as a wheel with Ctrl, in small turns
    const { left, top } = this.stage.root.getBoundingClientRect();
    const { ratio, view } = this.stage;
    this.stage.zoom(view.scale * Math.exp(-turn * speed), (event.clientX - left) * ratio, (event.clientY - top) * ratio);
    this.#place(event);
  }

  #place(event) {
    const { left, top } = this.stage.root.getBoundingClientRect();
    this.at = event.pointerType === "touch" ? null : [event.clientX - left, event.clientY - top];
    this.refresh();
  }

  /** The ring and the cursor follow the tool, the zoom and the space bar. */
  refresh() {
    const { root } = this.stage;
    const paints = this.mode !== "pan" && !this.hand && this.stage.picture?.box;
    const wide = this.stage.showRing(paints ? this.at : null, this.tool.radius);
    root.dataset.cursor = this.mode === "pan" ? "grabbing" : this.hand ? "grab" : wide ? "ring" : "paint";
  }
}
