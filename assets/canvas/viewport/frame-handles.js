// The frame's handles while the picture is expanded: one on each side and corner, and the size beside it. The pointer drags
// the sides themselves (see tools.js); the keyboard moves a side by its handle.

import { h } from "../lib/dom.js";
import { t } from "../lib/locale.js";

const SIDES = ["left", "top", "right", "bottom"]; // in the order of the margins
const OUTWARDS = ["ArrowLeft", "ArrowUp", "ArrowRight", "ArrowDown"];
const INWARDS = ["ArrowRight", "ArrowDown", "ArrowLeft", "ArrowUp"];
const FAR = 10; // pixels for an arrow key with Shift
const BELOW = 14; // CSS pixels from the frame down to its size
const HIGH = 26; // CSS pixels of that

export class FrameHandles {
  /** root: the viewport's element. move(side, pixels): moves a side, 0..3 from the left clockwise, so far outwards; null: back. */
  constructor(root, move) {
    this.sides = SIDES.map((side, i) =>
      h("div", { class: `handle ${side}`, role: "slider", tabindex: 0, "aria-label": t(`frame.${side}`), "aria-orientation": i % 2 ? "vertical" : "horizontal", onkeydown: (event) => this.#key(event, i) }),
    );
    this.corners = [0, 1, 2, 3].map(() => h("div", { class: "handle" }));
    this.size = h("output", { class: "frame-size" });
    this.element = h("div", { class: "frame-handles", hidden: true }, ...this.corners, ...this.sides, this.size);
    this.move = move;
    this.box = null;
    root.append(this.element);
  }

  /** box: of the frame; null hides all. margins: how far its sides were moved outwards. */
  show(box, margins) {
    this.box = box;
    this.element.hidden = !box;
    if (!box) return;
    this.sides.forEach((side, i) => {
      side.setAttribute("aria-valuenow", margins[i]);
      side.setAttribute("aria-valuetext", `${margins[i]} px`);
    });
    this.size.textContent = `${box[2]} × ${box[3]} px`;
    this.size.hidden = !margins.some(Boolean);
  }

  /** Follows the viewport's view. ratio: device pixels for one CSS pixel. room: [left, top, width, height] that no panel covers. */
  place(view, ratio, room) {
    if (!this.box) return;
    const [x, y, width, height] = this.box;
    const at = (px, py) => view.toViewport(x + px * width, y + py * height).map((n) => n / ratio);
    const put = (element, [left, top]) => (element.style.transform = `translate(${left}px, ${top}px)`);
    const corners = [at(0, 0), at(1, 0), at(1, 1), at(0, 1)];
    corners.forEach((corner, i) => put(this.corners[i], corner));
    [at(0, 0.5), at(0.5, 0), at(1, 0.5), at(0.5, 1)].forEach((middle, i) => put(this.sides[i], middle));
    const [left, top, across, down] = room.map((n) => n / ratio);
    const lowest = Math.max(...corners.map(([, cornerY]) => cornerY));
    const fits = lowest + BELOW + HIGH < top + down; // else it lies in the frame
    const sizeTop = fits ? lowest + BELOW : Math.min(lowest, top + down) - BELOW - HIGH;
    put(this.size, [Math.min(left + across, Math.max(left, at(0.5, 0.5)[0])), Math.max(top, sizeTop)]);
  }

  #key(event, side) {
    const step = event.shiftKey ? FAR : 1;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === OUTWARDS[side]) this.move(side, step);
    else if (event.key === INWARDS[side]) this.move(side, -step);
    else if (event.key === "Home") this.move(side, null);
    else return;
    event.preventDefault();
  }
}
