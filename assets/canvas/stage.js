// The stage: two stacked canvases (picture, mask) and the brush ring. Draws in animation frames only, and only what changed.

import { intersect, union } from "./boxes.js";
import { MaskLook, Overlay } from "./overlay.js";
import { View } from "./view.js";

const INSETS = [76, 28, 76, 132]; // left, top, right, bottom: CSS pixels the panels cover
const IN_SIGHT = 48;

export class Stage {
  /** root: an element to fill. picture: what is drawn below the mask. */
  constructor(root) {
    this.root = root;
    this.view = new View();
    this.overlay = new Overlay();
    this.picture = null;
    this.mask = null; // MaskLook of the mask in the making
    this.sent = null; // MaskLook of the mask at work
    this.fitted = true; // follow the window's size until the user zooms or pans
    this.width = this.height = 1; // device pixels
    this.ratio = 1;
    this.covered = [0, 0]; // CSS pixels at the right and above the dock that panels cover
    this.frame = 0;
    this.redraw = { picture: true, mask: null };
    this.onview = () => {};

    const canvas = (name) => {
      const element = document.createElement("canvas");
      element.className = name;
      root.append(element);
      return element;
    };
    this.below = canvas("picture-layer").getContext("2d", { alpha: false });
    this.above = canvas("mask-layer").getContext("2d");
    this.ring = document.createElement("div");
    this.ring.className = "brush-ring";
    root.append(this.ring);
    new ResizeObserver(() => this.#resize()).observe(root);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.invalidate());
    new MutationObserver(() => this.invalidate()).observe(document.body, { attributeFilter: ["class"] });
    this.#resize();
  }

  #resize() {
    const { clientWidth, clientHeight } = this.root;
    this.ratio = window.devicePixelRatio || 1;
    const width = Math.max(1, Math.round(clientWidth * this.ratio));
    const height = Math.max(1, Math.round(clientHeight * this.ratio));
    this.view.panBy(Math.round((width - this.width) / 2), Math.round((height - this.height) / 2));
    [this.width, this.height] = [width, height];
    for (const { canvas } of [this.below, this.above]) [canvas.width, canvas.height] = [width, height];
    if (this.fitted) this.fit();
    else this.invalidate();
    this.#draw(); // at once: a resized canvas is empty
  }

  /** The part of the stage no panel covers. */
  get room() {
    const [left, top, inset, dock] = INSETS.map((inset) => inset * this.ratio);
    const [right, bottom] = [Math.max(inset, this.covered[0] * this.ratio + inset / 3), dock + this.covered[1] * this.ratio];
    return [left, top, Math.max(64, this.width - left - right), Math.max(64, this.height - top - bottom)];
  }

  /** Panels cover so many CSS pixels at the right and above the dock. */
  cover(right, above) {
    if (right === this.covered[0] && above === this.covered[1]) return;
    this.covered = [right, above];
    if (this.fitted) this.fit();
  }

  fit() {
    this.fitted = true;
    if (this.picture?.box) this.view.fit(this.picture.box, this.room);
    this.invalidate();
  }

  /** Zoom to `scale` about a stage point, or about the middle of the room. */
  zoom(scale, x, y) {
    const [left, top, width, height] = this.room;
    this.view.zoomAt(scale, x ?? left + width / 2, y ?? top + height / 2);
    this.#moved();
  }

  pan(dx, dy) {
    this.view.panBy(dx, dy);
    this.#moved();
  }

  #moved() {
    this.fitted = false;
    if (this.picture?.box) this.view.keepInSight(this.picture.box, this.width, this.height, IN_SIGHT * this.ratio);
    this.invalidate();
  }

  setMask(mask) {
    this.mask = mask && new MaskLook(mask);
    this.invalidateMask();
  }

  setSent(mask) {
    this.sent = mask && new MaskLook(mask);
    this.invalidateMask();
  }

  /** Mask pixels within `box` (plane) changed. */
  maskChanged(box) {
    if (!box) return;
    this.mask.changed(box);
    const [x, y, width, height] = this.view.stageRect(box);
    const rim = Math.ceil(3 * this.ratio + this.view.scale);
    this.invalidateMask([x - rim, y - rim, width + 2 * rim, height + 2 * rim]);
  }

  clear() {
    this.picture = null;
    this.setMask(null);
    this.setSent(null);
    this.invalidate();
  }

  invalidate() {
    this.redraw.picture = true;
    this.invalidateMask();
    this.onview();
  }

  invalidateMask(area = [0, 0, this.width, this.height]) {
    this.redraw.mask = union(this.redraw.mask, area);
    if (!this.frame) this.frame = requestAnimationFrame(() => this.#draw());
  }

  invalidatePicture() {
    this.redraw.picture = true;
    if (!this.frame) this.frame = requestAnimationFrame(() => this.#draw());
  }

  #draw() {
    cancelAnimationFrame(this.frame);
    this.frame = 0;
    const { picture, mask } = this.redraw;
    this.redraw = { picture: false, mask: null };
    if (picture) {
      this.below.fillStyle = getComputedStyle(this.root).getPropertyValue("--desk") || "#888";
      this.below.fillRect(0, 0, this.width, this.height);
      this.picture?.draw(this.below, this.view, this.width, this.height);
    }
    const area = mask && intersect(mask, [0, 0, this.width, this.height]);
    if (area) {
      this.above.save();
      this.above.beginPath();
      this.above.rect(...area);
      this.above.clip();
      this.above.clearRect(...area);
      if (this.sent) this.overlay.draw(this.above, this.sent, this.view, area, this.ratio, false);
      if (this.mask) this.overlay.draw(this.above, this.mask, this.view, area, this.ratio, true);
      this.above.restore();
    }
  }

  /** Show the brush ring: centre in CSS pixels of the stage, radius in plane pixels; null hides it. True if it is easily seen. */
  showRing(at, radius) {
    this.ring.hidden = !at;
    if (!at) return false;
    const side = Math.max(4, (2 * radius * this.view.scale) / this.ratio);
    this.ring.style.width = this.ring.style.height = `${side}px`;
    this.ring.style.transform = `translate(${at[0] - side / 2}px, ${at[1] - side / 2}px)`;
    return side >= 12;
  }
}
