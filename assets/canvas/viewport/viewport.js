// The viewport: two stacked canvases (picture, masks), lines over them and the brush's ring. Draws in animation frames only,
// and only what has changed.

import { intersect, union } from "../lib/boxes.js";
import { h } from "../lib/dom.js";
import { FrameHandles } from "./frame-handles.js";
import { Guides, rect } from "./guides.js";
import { drawNewArea, shadeCutOff } from "./new-area.js";
import { MaskImages, Overlay, SketchImages } from "./overlay.js";
import { Turned } from "./turned.js";
import { View } from "./view.js";

const INSETS = [76, 66, 76, 176]; // left, top, right, bottom: CSS pixels that panels cover
const NARROW = 600; // CSS pixels; in a narrower viewport the panels are in other places
const NARROW_INSETS = [52, 62, 10, 190];
const IN_SIGHT = 48; // CSS pixels of the picture that always stay in sight
const EVERYWHERE = 2 ** 24; // plane pixels that no picture reaches
const BEYOND = 0.25; // opacity of what floats beyond the picture's edge
const CALM_MS = 150; // after the last movement, before the picture is drawn at its best

export class Viewport {
  /** root: the element to fill. */
  constructor(root) {
    this.root = root;
    this.view = new View();
    this.overlay = new Overlay();
    this.turned = new Turned();
    this.picture = null; // Picture, below the masks
    this.draft = null; // { mask: MaskImages, sketch: SketchImages }
    this.sketching = false; // whether the sketch is shown
    this.filled = true; // whether the mask is tinted, and not outlined alone
    this.alone = false; // the mask is shown in white on black, and nothing else
    this.pendingMasks = []; // MaskImages of the pending edits
    this.editRegion = null; // MaskImages of the pixels that the edit may change, or that it removes
    this.floating = null; // what floats over the picture, see `setFloating`
    this.expanded = null; // the box that the picture is to have, while it is expanded
    this.other = null; // what is compared, see `compare`
    this.fitted = true; // follows the window's size until the user zooms or pans
    this.fitSize = [0, 0]; // of the viewport in which the picture was fitted last
    this.width = this.height = 1; // device pixels
    this.ratio = 1;
    this.left = 0; // CSS pixels at the left that the palette covers
    this.quick = false;
    this.calmTimer = this.frame = 0;
    this.redraw = { picture: true, mask: null };
    this.onview = () => {};
    this.onframe = () => {}; // (side, pixels): see FrameHandles

    const canvas = (name) => root.appendChild(h("canvas", { class: name }));
    this.below = canvas("picture-layer").getContext("2d", { alpha: false });
    this.above = canvas("mask-layer").getContext("2d");
    this.ring = h("div", { class: "brush-ring" });
    this.guides = new Guides(root);
    root.append(this.ring);
    this.handles = new FrameHandles(root, (side, pixels) => this.onframe(side, pixels));
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
    const windowSize = `${innerWidth} ${innerHeight}`;
    const panel = windowSize === this.windowSize; // one was opened, closed or resized: the picture stays where it is, if that is a good place
    this.windowSize = windowSize;
    if (!panel) this.view.panBy(Math.round((width - this.width) / 2), Math.round((height - this.height) / 2));
    [this.width, this.height] = [width, height];
    for (const { canvas } of [this.below, this.above]) [canvas.width, canvas.height] = [width, height];
    if (this.fitted && !(panel && this.#placedWell)) this.fit();
    else this.invalidate();
    this.#draw(); // at once: a resized canvas is empty
  }

  /** The part of the viewport that no panel covers. */
  get room() {
    const [atLeast, ...others] = this.root.clientWidth < NARROW ? NARROW_INSETS : INSETS;
    const [left, top, right, bottom] = [Math.max(atLeast, this.left), ...others].map((inset) => inset * this.ratio);
    return [left, top, Math.max(64, this.width - left - right), Math.max(64, this.height - top - bottom)];
  }

  /** Whether no panel covers a part of the fitted picture, and it was not fitted into less room than there is. */
  get #placedWell() {
    if (!this.picture?.box) return true;
    if (this.fitSize[0] < this.width || this.fitSize[1] < this.height) return false;
    const [left, top, , height] = this.room;
    const [x, y, across, down] = this.view.viewportRect(this.picture.box); // whole pixels, which the room need not have
    return x >= left - 1 && y >= top - 1 && x + across <= this.width && y + down <= top + height + 1;
  }

  /** Keeps a fitted picture clear of so many CSS pixels at the left. */
  setLeft(left) {
    if (left === this.left) return;
    this.left = left;
    if (this.fitted) this.fit();
  }

  /** Shows the whole picture, or a box. */
  fit(box = this.picture?.box) {
    this.fitted = true;
    if (box) {
      this.view.fit(box, this.room);
      this.fitSize = [this.width, this.height];
    }
    this.invalidate();
  }

  /** Zooms to `scale` about a point of the viewport, by default the middle of the room. */
  zoom(scale, x, y) {
    const [middleX, middleY] = this.#middle;
    this.view.zoomAt(scale, x ?? middleX, y ?? middleY);
    this.#moved();
  }

  /** Turns what is seen to `angle`, in degrees clockwise, about the middle of the room. */
  turn(angle) {
    this.view.turnAt(angle, ...this.#middle);
    this.#turned();
  }

  /** Mirrors what is seen left to right. */
  flip() {
    this.view.flipAt(...this.#middle);
    this.#turned();
  }

  /** Shows the picture neither turned nor mirrored. */
  straighten() {
    if (this.view.flipped) this.view.flipAt(...this.#middle);
    this.turn(0);
  }

  get #middle() {
    const [left, top, width, height] = this.room;
    return [left + width / 2, top + height / 2];
  }

  #turned() {
    if (this.fitted) this.fit();
    else this.#moved();
  }

  /** Returns to a view of before: { scale, x, y, angle, flipped, fitted }. */
  setView({ scale, x, y, angle = 0, flipped = false, fitted = false }) {
    Object.assign(this.view, { scale, x, y, angle, flipped });
    if (fitted) this.fit();
    else this.#moved();
  }

  pan(dx, dy) {
    this.view.panBy(dx, dy);
    this.#moved();
  }

  /** Draws fast rather than smoothly for a moment: the view moves, or the picture changes. */
  hurry() {
    this.quick = true;
    clearTimeout(this.calmTimer);
    this.calmTimer = setTimeout(() => {
      this.quick = false;
      this.invalidatePicture();
    }, CALM_MS);
  }

  #moved() {
    this.fitted = false;
    this.hurry();
    if (this.picture?.box) this.view.keepInSight(this.picture.box, this.width, this.height, IN_SIGHT * this.ratio);
    this.invalidate();
  }

  /** Shows the mask in white on black and nothing else, or as it lies over the picture. */
  showAlone(alone) {
    this.alone = alone;
    this.root.toggleAttribute("data-alone", alone);
    this.invalidateMask();
    this.onview();
  }

  /** Shows the mask with its tint, or its outline alone, so that the colours under it are seen. */
  fillMask(filled) {
    if (filled === this.filled) return;
    this.filled = filled;
    this.invalidateMask();
  }

  /** Shows the sketch over the picture, or hides it. */
  showSketch(sketching) {
    if (sketching === this.sketching) return;
    this.sketching = sketching;
    this.invalidateMask();
  }

  /** tint: see `Overlay.setTint`. */
  setTint(tint) {
    this.overlay.setTint(tint);
    this.invalidateMask();
  }

  setDraft(draft) {
    this.draft = draft && { mask: new MaskImages(draft.mask), sketch: new SketchImages(draft.sketch) };
    this.invalidateMask();
  }

  /** layers: the masks of the pending edits. */
  setPendingMasks(layers) {
    this.pendingMasks = layers.map((layer) => this.pendingMasks.find((mask) => mask.layer === layer) ?? new MaskImages(layer));
    this.invalidateMask();
  }

  /** region: a Layer of the pixels that the edit may change, or null; removes: that it removes. windows: the boxes that the model reads. */
  setPlan(region, windows, removes = false) {
    this.editRegion = region && new MaskImages(region, removes);
    this.guides.show("window", windows && windows.map(rect).join(""));
    this.invalidateMask();
  }

  /** box: that the picture is to have, with how far it moves its sides outwards; null: the picture is not expanded. */
  showFrame(box, margins) {
    this.expanded = box;
    this.handles.show(box, margins);
    this.guides.show("frame", box);
    this.invalidatePicture();
  }

  /**
   * other: { before, after, mode: "split" | "difference" | "whole", at: the line's place, 0..1 of the width } or null. Both
   * are Pictures; after: null for the one that is shown anyway.
   */
  compare(other) {
    this.other = other;
    this.invalidatePicture();
  }

  /**
   * Shows something over the picture that is not in it yet; null: nothing more.
   *
   * floating: { image: a canvas, matrix: from its pixels to the plane, mask: whether it stands for the draft's mask, which is
   * hidden then }.
   */
  setFloating(floating) {
    if (this.floating?.mask || floating?.mask) this.invalidateMask();
    this.floating = floating;
    this.invalidatePicture();
  }

  /** Pixels of the draft within the plane box have changed. */
  draftChanged(box) {
    if (!box || !this.draft) return;
    this.draft.mask.changed(box);
    this.draft.sketch.changed(box);
    const [x, y, width, height] = this.view.viewportRect(box);
    const rim = Math.ceil(3 * this.ratio + this.view.scale);
    this.invalidateMask([x - rim, y - rim, width + 2 * rim, height + 2 * rim]);
  }

  clear() {
    this.picture = null;
    this.other = this.floating = null;
    this.setDraft(null);
    this.setPendingMasks([]);
    this.setPlan(null, null);
    for (const name of ["shape", "box", "handles"]) this.guides.show(name, null);
    this.showFrame(null);
    Object.assign(this.view, { angle: 0, flipped: false });
    this.filled = true;
    this.showAlone(false);
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
      const shown = this.other?.after ?? this.picture;
      if (this.expanded) this.#upright(this.below, (context, view) => drawNewArea(context, view, this.expanded, this.ratio));
      if (shown) this.#drawPicture(this.below, shown, this.quick);
      if (this.floating && this.picture?.box) this.#drawFloating(this.floating);
      if (this.other) this.#drawOther(this.other);
      if (this.expanded && shown?.box) this.#upright(this.below, (context, view) => shadeCutOff(context, view, this.expanded, shown.box));
      this.guides.place(this.view, this.ratio);
      this.handles.place(this.view, this.ratio, this.room);
    }
    const area = mask && intersect(mask, [0, 0, this.width, this.height]);
    if (area) {
      this.above.save();
      this.above.beginPath();
      this.above.rect(...area);
      this.above.clip();
      this.above.clearRect(...area);
      this.#upright(this.above, (context, view, width, height) => this.#drawMasks(context, view, view === this.view ? area : [0, 0, width, height]));
      this.above.restore();
    }
  }

  /** Draws by paint(context, view, width, height), which need not know of turned views. */
  #upright(context, paint) {
    if (this.view.turned) this.turned.draw(context, this.view, this.width, this.height, paint);
    else paint(context, this.view, this.width, this.height);
  }

  #drawPicture(context, picture, quick = false) {
    this.#upright(context, (upright, view, width, height) => picture.draw(upright, view, width, height, quick));
  }

  #drawMasks(context, view, area) {
    if (this.alone) {
      if (this.draft) this.overlay.drawAlone(context, this.draft.mask, view, area, this.picture.box);
      return;
    }
    if (this.sketching) this.draft?.sketch.draw(context, view, area);
    for (const mask of this.pendingMasks) this.overlay.draw(context, mask, view, area, this.ratio, false);
    if (this.floating?.mask) return;
    if (this.draft) this.overlay.draw(context, this.draft.mask, view, area, this.ratio, this.filled);
    if (this.editRegion) this.overlay.draw(context, this.editRegion, view, area, this.ratio, false);
  }

  /** Draws what floats over the picture, fainter where it reaches beyond: there it is cut off. */
  #drawFloating({ image, matrix }) {
    const { below } = this;
    below.save();
    below.imageSmoothingEnabled = true;
    below.imageSmoothingQuality = this.quick ? "low" : "high";
    below.transform(...this.view.matrix);
    for (const inside of [false, true]) {
      below.save();
      below.beginPath();
      below.rect(...this.picture.box);
      if (!inside) below.rect(-EVERYWHERE, -EVERYWHERE, 2 * EVERYWHERE, 2 * EVERYWHERE);
      below.clip("evenodd");
      below.globalAlpha = inside ? 1 : BEYOND;
      below.transform(...matrix);
      below.drawImage(image, 0, 0);
      below.restore();
    }
    below.restore();
  }

  /** Draws another picture over this one: left of the line, all of it, or the difference of both. */
  #drawOther({ before, mode, at }) {
    const { below, width, height } = this;
    if (mode === "difference") {
      const layer = new OffscreenCanvas(width, height);
      this.#drawPicture(layer.getContext("2d"), before);
      below.globalCompositeOperation = "difference";
      below.drawImage(layer, 0, 0);
      below.globalCompositeOperation = "source-over";
      return;
    }
    below.save();
    if (mode === "split") {
      below.beginPath();
      below.rect(0, 0, at * width, height);
      below.clip();
    }
    this.#drawPicture(below, before);
    below.restore();
  }

  /** The picture's colour at a plane point, as it is drawn: [red, green, blue]. */
  colourAt(x, y) {
    const [left, top] = this.view.toViewport(x + 0.5, y + 0.5).map(Math.floor);
    return [...this.below.getImageData(left, top, 1, 1).data.slice(0, 3)];
  }

  /** Shows the brush's ring at CSS pixels, or hides it where `at` is null; radius: in plane pixels. Returns whether it can be seen. */
  showRing(at, radius) {
    this.ring.hidden = !at;
    if (!at) return false;
    const side = Math.max(4, (2 * radius * this.view.scale) / this.ratio);
    this.ring.style.width = this.ring.style.height = `${side}px`;
    this.ring.style.transform = `translate(${at[0] - side / 2}px, ${at[1] - side / 2}px)`;
    return side >= 12;
  }
}
