// The draft: what is painted and not sent yet, a mask and a sketch, with one undo for both. No DOM.

import { Layer } from "./layer.js";

const UNDO_BYTES = 64 * 2 ** 20;

export class Draft {
  /** box: [x, y, width, height] of the picture. */
  constructor(box) {
    this.box = box;
    this.mask = new Layer(box);
    this.sketch = new Layer(box, Uint32Array);
    this.undoSteps = []; // { layer, step }, newest last
    this.redoSteps = [];
    this.activeLayer = null; // the Layer of the stroke that is being painted
    this.keepSpecks = false; // whether specks of the mask are repainted too
  }

  get empty() {
    return this.mask.empty && this.sketch.empty;
  }

  get canUndo() {
    return this.undoSteps.length > 0;
  }

  get canRedo() {
    return this.redoSteps.length > 0;
  }

  begin(layer = this.mask) {
    this.activeLayer = layer;
    layer.begin();
  }

  /** Ends what `begin` began; it becomes one undo step, unless it changed nothing. */
  end() {
    const layer = this.activeLayer;
    this.activeLayer = null;
    const step = layer.end();
    if (!step) return;
    this.undoSteps.push({ layer, step });
    this.redoSteps = [];
    let bytes = 0; // drops the oldest steps beyond the budget
    for (let i = this.undoSteps.length - 1; i >= 0; i--) {
      bytes += this.undoSteps[i].step.size * this.undoSteps[i].layer.Values.BYTES_PER_ELEMENT * 2 ** 16;
      if (bytes > UNDO_BYTES && i < this.undoSteps.length - 1) {
        this.undoSteps.splice(0, i + 1);
        break;
      }
    }
  }

  /** Takes back what `begin` began, as if it had not: what can be redone stays so. Returns the box it touched, or null. */
  drop() {
    const layer = this.activeLayer;
    this.activeLayer = null;
    const step = layer.end();
    return step && layer.swap(step).touched;
  }

  /** Makes one whole step: change(layer) returns the box it touched, and so does this. */
  step(layer, change) {
    this.begin(layer);
    const touched = change(layer);
    this.end();
    return touched;
  }

  /** Takes back the last step. Returns the box it touched, or null if there is none. */
  undo() {
    return this.#swap(this.undoSteps, this.redoSteps);
  }

  redo() {
    return this.#swap(this.redoSteps, this.undoSteps);
  }

  #swap(from, to) {
    const last = from.pop();
    if (!last) return null;
    const { back, touched } = last.layer.swap(last.step);
    to.push({ layer: last.layer, step: back });
    return touched;
  }
}
