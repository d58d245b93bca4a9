// What floats over the picture until it is accepted: a picture to be placed into it, or its mask while it is transformed.

import { intersect } from "../lib/boxes.js";
import { over, resample } from "../draft/resample.js";
import { encodeColours } from "../net/png.js";
import { bounds, matrix } from "../viewport/transform.js";
import { TransformBox } from "../viewport/transform-box.js";
import { t } from "../lib/locale.js";

const PREVIEW_SIDE = 2048; // pixels of the longest side of what is drawn while it is moved

const words = (bytes) => new Uint32Array(bytes.buffer);
const bytes = (words) => new Uint8Array(words.buffer);

export class Floating {
  /** editor: the Editor over whose picture it floats. */
  constructor(editor) {
    this.editor = editor;
    this.pixels = null; // see draft/resample.js; null: nothing floats
    this.image = null; // a canvas of them, at most PREVIEW_SIDE a side
    this.start = null; // the place in which the mask was
    this.sending = false; // it is on its way into the picture
    this.box = new TransformBox(editor.viewport, () => this.#changed());
  }

  get open() {
    return this.pixels !== null;
  }

  get #isMask() {
    return this.pixels?.channels === 1;
  }

  /** What the bar shows, see `transformBar`; null while nothing floats. */
  get state() {
    if (!this.open) return null;
    const { doc, form } = this.editor;
    const unable = form.model.supportsIntent("sketch") ? "" : form.unsupportedIntent;
    return { place: this.box.place, origin: doc.picture.box, locked: this.box.locked, mask: this.#isMask, sending: this.sending, unable };
  }

  /** Places a picture file in the middle of what is seen, smaller if it is larger than that. Resolves to whether it floats now. */
  async place(file) {
    const { editor } = this;
    const { doc, notifications } = editor;
    if (this.sending) return false;
    if (doc.amendment.step) {
      notifications.status(t("transform.amending"));
      return false;
    }
    this.drop();
    editor.viewport.showAlone(false);
    try {
      const { bitmap, notes } = await editor.opening.run(file.name, "sending", (watch) => editor.server.readPicture(doc.id, file, watch));
      if (editor.doc !== doc || doc.closed) return false;
      for (const note of notes) notifications.note(note, note, "info");
      const { width, height } = bitmap;
      const context = new OffscreenCanvas(width, height).getContext("2d");
      context.drawImage(bitmap, 0, 0);
      const { data } = context.getImageData(0, 0, width, height);
      this.#begin({ values: new Uint8Array(data.buffer), width, height, channels: 4 }, context.canvas, this.#roomFor(width, height));
      notifications.dismiss("place");
      notifications.status(t("transform.help", this.#keys));
      return true;
    } catch (error) {
      if (error.name !== "AbortError") notifications.note(error.message, "place");
      return false;
    }
  }

  /** Lifts the mask out of the draft to be moved, scaled and rotated. */
  transformMask() {
    const { doc, notifications, viewport } = this.editor;
    if (!doc?.draft || doc.painting || this.sending) return;
    const box = doc.mask.bounds();
    if (!box) {
      notifications.status(t("status.paint_first"));
      return;
    }
    this.drop();
    const values = doc.mask.crop(box);
    const [, , width, height] = box;
    const { colour, opacity } = viewport.overlay.tint;
    const [red, green, blue] = [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16));
    const image = new ImageData(width, height);
    const pixels = words(image.data);
    for (let i = 0; i < values.length; i++) pixels[i] = ((Math.round(values[i] * Math.max(0.5, opacity)) << 24) | (blue << 16) | (green << 8) | red) >>> 0;
    const context = new OffscreenCanvas(width, height).getContext("2d");
    context.putImageData(image, 0, 0);
    viewport.showAlone(false);
    doc.plan.clear();
    this.#begin({ values, width, height, channels: 1 }, context.canvas, box);
    this.start = this.box.place;
    notifications.status(t("transform.help", this.#keys));
  }

  /** Whether something floats, which is to be accepted or dropped before anything else is done; says so. */
  comesFirst() {
    if (this.open) this.editor.notifications.status(t("transform.first", this.#keys));
    return this.open;
  }

  get #keys() {
    return { accept: this.editor.bindings.label("finish"), drop: this.editor.bindings.label("drop") };
  }

  /** The box for a picture of this size in the middle of what is seen. */
  #roomFor(width, height) {
    const { doc, viewport } = this.editor;
    const [left, top, across, down] = viewport.room;
    const points = [[left, top], [left + across, top], [left, top + down], [left + across, top + down]].map((point) => viewport.view.toPlane(...point));
    const [[x0, x1], [y0, y1]] = [0, 1].map((axis) => points.map((point) => point[axis])).map((values) => [Math.min(...values), Math.max(...values)]);
    const seen = intersect([x0, y0, x1 - x0, y1 - y0], doc.picture.box) ?? doc.picture.box;
    const share = Math.min(1, seen[2] / width, seen[3] / height);
    const [w, h] = [width, height].map((length) => Math.max(1, Math.round(length * share)));
    return [Math.round(seen[0] + (seen[2] - w) / 2), Math.round(seen[1] + (seen[3] - h) / 2), w, h];
  }

  #begin(pixels, canvas, box) {
    const { compare, panels, pointer } = this.editor;
    pointer.drop();
    compare.stop();
    panels.history.stop();
    this.pixels = pixels;
    this.image = smaller(canvas);
    this.box.locked = true;
    document.documentElement.toggleAttribute("data-transform", true);
    this.box.open(box);
    this.editor.viewport.root.focus({ preventScroll: true });
  }

  #changed() {
    const { viewport } = this.editor;
    const { image } = this;
    if (!this.sending) viewport.setFloating({ image, matrix: matrix(this.box.place, image.width, image.height), mask: this.#isMask });
    this.editor.refresh();
  }

  lock(locked) {
    this.box.locked = locked;
    this.editor.refresh();
  }

  /** What floats, within the picture: { box, values }, null if it lies outside. */
  #result() {
    const { width, height } = this.pixels;
    const box = intersect(bounds(this.box.place), this.editor.doc.picture.box);
    return box && { box, values: resample(this.pixels, matrix(this.box.place, width, height), box) };
  }

  /**
   * Takes it into the picture: the mask into the draft, a picture as the sketch of an edit ("sketch") or as it is ("keep"). By
   * default as most would.
   */
  async accept(how = "keep") {
    if (!this.open || this.sending) return;
    this.editor.pointer.finish();
    if (this.#isMask) this.#acceptMask();
    else if (how === "sketch") this.#acceptSketch();
    else await this.#keep();
  }

  #acceptMask() {
    const { doc } = this.editor;
    const still = this.box.place === this.start;
    const result = still ? null : this.#result();
    this.drop();
    if (!still) doc.draftEditor.replaceMask(result);
  }

  #acceptSketch() {
    const { doc, form, notifications } = this.editor;
    const result = this.#result();
    if (!result) {
      notifications.status(t("transform.outside"));
      return;
    }
    const { box, values } = result;
    this.drop();
    form.intend("sketch");
    doc.draftEditor.change(doc.draft.sketch, (sketch) => sketch.paste(box, words(over(values, bytes(sketch.crop(box))))));
    notifications.status(t("transform.sketched"));
  }

  /** Makes it a step of the history. It stays on screen until the server's picture has it, and floats on if that fails. */
  async #keep() {
    const { doc, notifications, viewport } = this.editor;
    const result = this.#result();
    if (!result || !result.values.some((value, i) => i % 4 === 3 && value)) {
      notifications.status(t("transform.outside"));
      return;
    }
    const { box, values } = result;
    this.sending = true;
    const { parent } = doc;
    const bitmap = new OffscreenCanvas(box[2], box[3]);
    bitmap.getContext("2d").putImageData(new ImageData(new Uint8ClampedArray(values.buffer), box[2], box[3]), 0, 0);
    viewport.setFloating(null);
    doc.display.setPreview({ revision: null, bitmap, box });
    this.editor.refresh();
    const png = await encodeColours(words(values), box[2], box[3]);
    const done = await doc.requests.run(this.editor.server.paste(doc.id, parent, { box, png }), t("transform.kept"));
    this.sending = false;
    if (doc.closed) return;
    if (done) this.drop();
    else {
      doc.display.dropPreview();
      this.#changed();
    }
  }

  /** Drops what floats; the mask is where it was. Returns false if nothing floats. */
  drop() {
    if (!this.open || this.sending) return false;
    this.#end();
    return true;
  }

  /** The document is closed: nothing floats over the next one. */
  close() {
    this.sending = false;
    if (this.open) this.#end();
  }

  #end() {
    const { doc, notifications, viewport } = this.editor;
    const mask = this.#isMask;
    this.pixels = this.image = this.start = null;
    this.box.close();
    viewport.setFloating(null);
    document.documentElement.toggleAttribute("data-transform", false);
    notifications.status("");
    if (mask) doc?.plan.refresh();
    this.editor.refresh();
  }
}

/** The canvas itself, or a smaller one with the same picture. */
function smaller(canvas) {
  const share = PREVIEW_SIDE / Math.max(canvas.width, canvas.height);
  if (share >= 1) return canvas;
  const small = new OffscreenCanvas(...[canvas.width, canvas.height].map((length) => Math.max(1, Math.round(length * share))));
  const context = small.getContext("2d");
  context.imageSmoothingQuality = "high";
  context.drawImage(canvas, 0, 0, small.width, small.height);
  return small;
}
