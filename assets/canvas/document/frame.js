// The frame: the box that the picture is to have, while it is expanded or cropped.

import { sameBox } from "../lib/boxes.js";

/** Whether a frame with these margins only cuts the picture, and adds nothing. */
export const onlyCrops = (margins) => margins.some(Boolean) && margins.every((margin) => margin <= 0);

export class Frame {
  /** picture: the Picture to reframe. changed(): the frame has another box. */
  constructor(picture, changed) {
    Object.assign(this, { picture, changed });
    this.box = null; // null: the picture's own
  }

  /** How far the frame moves each side outwards: [left, top, right, bottom]. */
  get margins() {
    if (!this.box) return [0, 0, 0, 0];
    const [[x, y, width, height], [fx, fy, fw, fh]] = [this.picture.box, this.box];
    return [x - fx, y - fy, fx + fw - x - width, fy + fh - y - height];
  }

  /** Whether it only cuts, for which no model is needed. */
  get crops() {
    return onlyCrops(this.margins);
  }

  set(box) {
    this.box = box && sameBox(box, this.picture.box) ? null : box;
    this.changed();
  }

  setMargins([left, top, right, bottom]) {
    const [x, y, width, height] = this.picture.box;
    this.set([x - left, y - top, width + left + right, height + top + bottom]);
  }

  /** Moves a side, 0..3 from the left clockwise, so many pixels outwards, at most to one pixel from the other; null: back to the picture's. */
  moveSide(side, pixels) {
    const margins = this.margins;
    const extent = this.picture.box[side % 2 ? 3 : 2] + margins[(side + 2) % 4];
    margins[side] = pixels === null ? 0 : Math.max(1 - extent, margins[side] + pixels);
    this.setMargins(margins);
  }

  /** Widens the picture's box to an aspect such as "16:9", about its middle. */
  setAspect(aspect) {
    const [across, down] = aspect.split(":").map(Number);
    const [x, y, width, height] = this.picture.box;
    const [w, h] = [Math.max(width, Math.round((height * across) / down)), Math.max(height, Math.round((width * down) / across))];
    this.set([x - Math.floor((w - width) / 2), y - Math.floor((h - height) / 2), w, h]);
  }

  /** Removes the frame without a call of `changed`: the edit that is sent has taken it. */
  clear() {
    this.box = null;
  }
}
