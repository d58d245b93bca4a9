// The draft: what was painted and not sent yet, a mask and a sketch, with one undo for both. Knows nothing of screens.

import { Layer } from "./layer.js";

const UNDO_BYTES = 64 * 2 ** 20;

export class Draft {
  /** box: [x, y, width, height] of the picture. */
  constructor(box) {
    this.box = box;
    this.mask = new Layer(box);
    this.sketch = new Layer(box, Uint32Array);
    this.done = []; // { layer, step }, newest last
    this.undone = [];
    this.painting = null; // the Layer a stroke is on
    this.keepSpecks = false; // whether specks of the mask are repainted too
  }

  get empty() {
    return this.mask.empty && this.sketch.empty;
  }

  get canUndo() {
    return this.done.length > 0;
  }

  get canRedo() {
    return this.undone.length > 0;
  }

  begin(layer = this.mask) {
    this.painting = layer;
    layer.begin();
  }

  /** End what `begin` began; it becomes one step of undo, unless it changed nothing. */
  end() {
    const layer = this.painting;
    this.painting = null;
    const step = layer.end();
    if (!step) return;
    this.done.push({ layer, step });
    this.undone = [];
    let bytes = 0; // forget the oldest steps beyond the budget
    for (let i = this.done.length - 1; i >= 0; i--) {
      bytes += this.done[i].step.size * this.done[i].layer.Values.BYTES_PER_ELEMENT * 2 ** 16;
      if (bytes > UNDO_BYTES && i < this.done.length - 1) {
        this.done.splice(0, i + 1);
        break;
      }
    }
  }

  /** One whole step: change(layer) returns the box it touched, and so does this. */
  step(layer, change) {
    this.begin(layer);
    const touched = change(layer);
    this.end();
    return touched;
  }

  /** Take back the last step. Returns the box touched, or null if there is none. */
  undo() {
    return this.#swap(this.done, this.undone);
  }

  redo() {
    return this.#swap(this.undone, this.done);
  }

  #swap(from, to) {
    const last = from.pop();
    if (!last) return null;
    const { back, touched } = last.layer.swap(last.step);
    to.push({ layer: last.layer, step: back });
    return touched;
  }
}
