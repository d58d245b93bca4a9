// Draws masks, as a hatched tint that shows on any picture with a light outline in a dark rim, and sketches.

import { intersect, TILE, tileBox, tileKey, tileOf, tilesOf, union } from "../lib/boxes.js";
import { HALF, joined, outline } from "../draft/outline.js";

export const TINT = { colour: "#4c6ef5", opacity: 0.34 }; // of masks, until the user chooses another
const HATCH = 0.42; // opacity of the hatch's white lines
const COARSEST = 16; // pixels between the samples of an outline seen from afar
const PITCH = 9; // CSS pixels from one line of the hatch to the next
const DASH = 5; // CSS pixels of a dash, and of the gap after it

/** A mask with what is needed to draw it: a small canvas and a few paths for each tile that is not empty. */
export class MaskImages {
  /** layer: the mask, a Layer. dashed: whether its outline is. */
  constructor(layer, dashed = false) {
    Object.assign(this, { layer, dashed });
    this.images = new Map(); // key -> OffscreenCanvas
    this.solid = new Map(); // key -> whether all of the tile is painted
    this.paths = new Map(); // key -> Map step -> Path2D
  }

  /** Pixels within `box` have changed: redraws their tiles next time. */
  changed(box) {
    for (const [column, row] of tilesOf([box[0] - 1, box[1] - 1, box[2] + 2, box[3] + 2])) {
      const key = tileKey(column, row);
      this.solid.delete(key);
      this.paths.delete(key);
    }
  }

  /** The tile in white, with the mask as its alpha; null if all of it is painted. */
  image(key) {
    const tile = this.layer.tiles.get(key);
    const current = this.solid.has(key);
    if (!current) this.solid.set(key, tile.every((value) => value === 255));
    if (this.solid.get(key)) return null;
    if (!this.images.has(key)) this.images.set(key, new OffscreenCanvas(TILE, TILE));
    else if (current) return this.images.get(key);
    const pixels = new ImageData(TILE, TILE);
    const words = new Uint32Array(pixels.data.buffer);
    for (let i = 0; i < words.length; i++) words[i] = (tile[i] << 24) | 0xffffff;
    this.images.get(key).getContext("2d").putImageData(pixels, 0, 0);
    return this.images.get(key);
  }

  /** The tile's outline, of every `step`th pixel (a power of two): from afar a finer one makes no difference. */
  path(key, step) {
    const paths = this.paths.get(key) ?? new Map();
    this.paths.set(key, paths);
    if (!paths.has(step)) paths.set(step, this.#outline(key, step));
    return paths.get(step);
  }

  #outline(key, step) {
    const [column, row] = tileOf(key);
    const extent = TILE / step;
    const fine = this.layer.tiles.get(key);
    let tile = fine;
    if (step > 1) {
      tile = new Uint8Array(extent * extent);
      for (let y = 0; y < extent; y++) for (let x = 0; x < extent; x++) tile[y * extent + x] = fine[(y * TILE + x) * step];
    }
    const isPainted = (x, y) => {
      const beside = this.layer.tiles.get(tileKey(Math.floor(x / extent), Math.floor(y / extent)));
      return Boolean(beside) && beside[(((y * step) & (TILE - 1)) * TILE) + ((x * step) & (TILE - 1))] >= HALF;
    };
    const path = new Path2D();
    const segments = outline(tile, column * extent, row * extent, isPainted, extent);
    if (this.dashed) {
      for (const line of joined(segments)) line.forEach(([x, y], i) => path[i ? "lineTo" : "moveTo"](x * step, y * step));
      return path;
    }
    for (let i = 0; i < segments.length; i += 4) {
      path.moveTo(segments[i] * step, segments[i + 1] * step);
      path.lineTo(segments[i + 2] * step, segments[i + 3] * step);
    }
    return path;
  }
}

/** A sketch with a small canvas for each tile that is not empty. */
export class SketchImages {
  /** layer: the sketch, a Layer. */
  constructor(layer) {
    this.layer = layer;
    this.images = new Map();
  }

  changed(box) {
    for (const [column, row] of tilesOf(box)) this.images.delete(tileKey(column, row));
  }

  draw(context, view, area) {
    context.imageSmoothingEnabled = view.scale < 3;
    for (const [key, tile] of this.layer.tiles) {
      const place = view.viewportRect(tileBox(...tileOf(key)));
      if (!intersect(place, area)) continue;
      if (!this.images.has(key)) {
        const canvas = new OffscreenCanvas(TILE, TILE);
        const pixels = new Uint8ClampedArray(tile.buffer.slice(0));
        canvas.getContext("2d").putImageData(new ImageData(pixels, TILE, TILE), 0, 0);
        this.images.set(key, canvas);
      }
      context.drawImage(this.images.get(key), ...place);
    }
  }
}

/** The keys of the mask's tiles in the viewport rectangle `area`. */
const visible = (mask, view, area) => [...mask.layer.tiles.keys()].filter((key) => intersect(view.viewportRect(tileBox(...tileOf(key))), area));

/** Draws tiles in white, as opaque as they are masked, moved by (-x, -y). */
function drawWhite(context, mask, keys, view, x, y) {
  context.fillStyle = "#fff";
  for (const key of keys) {
    const [left, top, width, height] = view.viewportRect(tileBox(...tileOf(key)));
    const image = mask.image(key);
    if (image) context.drawImage(image, left - x, top - y, width, height);
    else context.fillRect(left - x, top - y, width, height);
  }
}

export class Overlay {
  constructor() {
    this.canvas = new OffscreenCanvas(1, 1);
    this.hatch = null; // { ratio, pattern }
    this.tint = TINT;
  }

  /** tint: { colour: "#rrggbb", opacity: 0..1 } of masks. */
  setTint(tint) {
    this.tint = tint;
    this.hatch = null;
  }

  #pattern(context, ratio) {
    if (!this.hatch || this.hatch.ratio !== ratio) {
      const side = Math.round(PITCH * ratio);
      const canvas = new OffscreenCanvas(side, side);
      const ink = canvas.getContext("2d");
      ink.globalAlpha = this.tint.opacity;
      ink.fillStyle = this.tint.colour;
      ink.fillRect(0, 0, side, side);
      ink.globalAlpha = HATCH * Math.min(1, this.tint.opacity / TINT.opacity); // a faint mask has a faint hatch
      ink.strokeStyle = "#fff";
      ink.lineWidth = ratio;
      ink.beginPath();
      for (const shift of [-side, 0, side]) {
        ink.moveTo(shift - 1, side + 1);
        ink.lineTo(shift + side + 1, -1);
      }
      ink.stroke();
      this.hatch = { ratio, pattern: context.createPattern(canvas, "repeat") };
    }
    return this.hatch.pattern;
  }

  /**
   * Draws a mask, MaskImages, within the viewport rectangle `area`. filled: with its hatch, for the draft; else its outline
   * alone, dashed or fainter, for what an edit will change or a pending one changes.
   */
  draw(context, mask, view, area, ratio, filled) {
    const keys = visible(mask, view, area);
    if (!keys.length) return;
    if (filled) this.#fill(context, mask, keys, view, area, ratio);
    context.save();
    context.setTransform(view.scale, 0, 0, view.scale, Math.round(view.x), Math.round(view.y));
    context.lineCap = "square";
    const step = Math.min(COARSEST, 2 ** Math.max(0, Math.floor(Math.log2(1 / view.scale))));
    context.globalAlpha = filled || mask.dashed ? 1 : 0.55;
    if (mask.dashed) {
      context.lineCap = "butt";
      context.setLineDash([(DASH * ratio) / view.scale]);
    }
    for (const [colour, width] of [["rgba(10, 12, 20, 0.55)", 3], ["rgba(255, 255, 255, 0.95)", mask.dashed ? 2 : 1.25]]) {
      context.strokeStyle = colour;
      context.lineWidth = (width * ratio) / view.scale;
      for (const key of keys) context.stroke(mask.path(key, step));
    }
    context.restore();
  }

  /** Draws a mask in white on the picture's box in black. */
  drawAlone(context, mask, view, area, box) {
    context.save();
    context.imageSmoothingEnabled = view.scale < 1;
    context.beginPath();
    context.rect(...view.viewportRect(box)); // a tile may reach beyond it
    context.clip();
    context.fillStyle = "#000";
    context.fillRect(...view.viewportRect(box));
    drawWhite(context, mask, visible(mask, view, area), view, 0, 0);
    context.restore();
  }

  #fill(context, mask, keys, view, area, ratio) {
    let bounds = null;
    for (const key of keys) bounds = union(bounds, intersect(view.viewportRect(tileBox(...tileOf(key))), area));
    const [x, y, width, height] = bounds;
    if (this.canvas.width < width || this.canvas.height < height) {
      this.canvas.width = Math.max(this.canvas.width, width);
      this.canvas.height = Math.max(this.canvas.height, height);
    }
    const ink = this.canvas.getContext("2d");
    ink.globalCompositeOperation = "source-over";
    ink.clearRect(0, 0, width, height);
    ink.imageSmoothingEnabled = view.scale < 1;
    drawWhite(ink, mask, keys, view, x, y);
    ink.globalCompositeOperation = "source-in";
    const pattern = this.#pattern(ink, ratio);
    const side = this.hatch.ratio && Math.round(PITCH * ratio);
    pattern.setTransform(new DOMMatrix([1, 0, 0, 1, -(x % side), -(y % side)])); // the hatch stays in place whatever the area
    ink.fillStyle = pattern;
    ink.fillRect(0, 0, width, height);
    context.drawImage(this.canvas, 0, 0, width, height, x, y, width, height);
  }
}
