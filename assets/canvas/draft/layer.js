// A layer: values in plane coordinates, in sparse tiles of 256, so that the cost of a stroke scales with its size and not
// with the picture's. The mask is a layer of bytes (255 = repaint, 0 = keep, soft between), the sketch one of 32-bit words
// (a colour, 0 = nothing). No DOM.

import { intersect, TILE, tileBox, tileKey, tileOf, tilesOf, union } from "../lib/boxes.js";
import { distance, stroke } from "./shapes.js";

export class Layer {
  /** box: [x, y, width, height] of the picture; nothing is ever painted outside it. Values: Uint8Array or Uint32Array. */
  constructor(box, Values = Uint8Array) {
    Object.assign(this, { box, Values });
    this.tiles = new Map(); // key -> Values(TILE * TILE); a missing tile is zero everywhere
    this.before = null; // key -> the tile (or undefined) before the current step touched it
  }

  get empty() {
    return this.tiles.size === 0;
  }

  begin() {
    this.before = new Map();
  }

  /** Ends the step. Returns a Map of key -> the tile before it, for `swap`; null if nothing changed. Drops empty tiles. */
  end() {
    const step = this.before;
    this.before = null;
    for (const [key, before] of step) {
      if (blank(this.tiles.get(key))) this.tiles.delete(key);
      if (same(before, this.tiles.get(key))) step.delete(key);
    }
    return step.size ? step : null;
  }

  /** Puts a step's tiles in place. Returns { back, touched }: the step that leads back, and the box of what changed. */
  swap(step) {
    const back = new Map();
    let touched = null;
    for (const [key, tile] of step) {
      back.set(key, this.tiles.get(key));
      if (tile) this.tiles.set(key, tile);
      else this.tiles.delete(key);
      touched = union(touched, tileBox(...tileOf(key)));
    }
    return { back, touched };
  }

  #writable(column, row) {
    const key = tileKey(column, row);
    if (!this.before.has(key)) {
      const before = this.tiles.get(key);
      this.before.set(key, before);
      this.tiles.set(key, before ? before.slice() : new this.Values(TILE * TILE));
    }
    return this.tiles.get(key);
  }

  #fillRow(y, from, to, value) {
    const row = Math.floor(y / TILE);
    for (let column = Math.floor(from / TILE); column * TILE < to; column++) {
      if (value === 0 && !this.tiles.has(tileKey(column, row))) continue;
      const start = (y - row * TILE) * TILE - column * TILE;
      this.#writable(column, row).fill(value, start + Math.max(from, column * TILE), start + Math.min(to, (column + 1) * TILE));
    }
  }

  /** Gives all pixels of a shape (see shapes.js) this value. Returns the box it touched, or null. */
  fill(shape, value) {
    const touched = intersect(shape.box, this.box);
    if (!touched) return null;
    const right = this.box[0] + this.box[2];
    for (let y = touched[1]; y < touched[1] + touched[3]; y++) {
      for (const span of shape.spans(y)) {
        const from = Math.max(span[0], this.box[0]);
        const to = Math.min(span[1], right);
        if (from < to) this.#fillRow(y, from, to, value);
      }
    }
    return touched;
  }

  /**
   * Paints a stroke's segment: all pixels within `radius` get `value`; 0 erases. hardness: the share of the radius at full
   * strength; from there on it fades, in a layer of bytes. Returns the box it touched, or null.
   */
  segment(x0, y0, x1, y1, radius, value, hardness = 1) {
    const shape = stroke(x0, y0, x1, y1, radius);
    const hard = radius * hardness;
    if (radius - hard < 1) return this.fill(shape, value);
    const touched = intersect(shape.box, this.box);
    if (!touched) return null;
    const line = new Uint8Array(touched[2] * touched[3]);
    for (let y = 0; y < touched[3]; y++) {
      for (let x = 0; x < touched[2]; x++) {
        const away = distance(x0, y0, x1, y1, touched[0] + x, touched[1] + y);
        const fall = Math.min(1, Math.max(0, (radius - away) / (radius - hard)));
        line[y * touched[2] + x] = Math.round(255 * fall * fall * (3 - 2 * fall));
      }
    }
    return this.paste(touched, line, value === 0);
  }

  /**
   * Adds `values` (of `box`, row by row) to the layer, or subtracts them. Returns the box it touched, or null.
   */
  paste(box, values, subtract = false) {
    const touched = intersect(box, this.box);
    if (!touched) return null;
    const bytes = this.Values === Uint8Array;
    for (const [column, row] of tilesOf(touched)) {
      if (subtract && !this.tiles.has(tileKey(column, row))) continue;
      const part = intersect(touched, tileBox(column, row));
      let tile = null;
      for (let y = part[1]; y < part[1] + part[3]; y++) {
        const line = (y - box[1]) * box[2] - box[0];
        const at = (y - row * TILE) * TILE - column * TILE;
        for (let x = part[0]; x < part[0] + part[2]; x++) {
          const value = values[line + x];
          if (!value) continue;
          tile ??= this.#writable(column, row);
          const old = tile[at + x];
          if (bytes) tile[at + x] = subtract ? Math.min(old, 255 - value) : Math.max(old, value);
          else tile[at + x] = subtract ? 0 : value;
        }
      }
    }
    return touched;
  }

  clear() {
    let touched = null;
    for (const key of [...this.tiles.keys()]) {
      this.#writable(...tileOf(key)).fill(0);
      touched = union(touched, tileBox(...tileOf(key)));
    }
    return touched;
  }

  /** Swaps repaint and keep, in a layer of bytes. */
  invert() {
    for (const [column, row] of tilesOf(this.box)) {
      const tile = this.#writable(column, row);
      const part = intersect(this.box, tileBox(column, row));
      for (let y = part[1]; y < part[1] + part[3]; y++) {
        const from = (y - row * TILE) * TILE + part[0] - column * TILE;
        for (let i = from; i < from + part[2]; i++) tile[i] = 255 - tile[i];
      }
    }
    return this.box;
  }

  /** The smallest box around all that is painted, or null. */
  bounds() {
    let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
    for (const [key, tile] of this.tiles) {
      const [column, row] = tileOf(key);
      for (let y = 0; y < TILE; y++) {
        const line = tile.subarray(y * TILE, (y + 1) * TILE);
        const first = line.findIndex(Boolean);
        if (first < 0) continue;
        left = Math.min(left, column * TILE + first);
        right = Math.max(right, column * TILE + line.findLastIndex(Boolean) + 1);
        top = Math.min(top, row * TILE + y);
        bottom = Math.max(bottom, row * TILE + y + 1);
      }
    }
    return right > left ? [left, top, right - left, bottom - top] : null;
  }

  /** The values within `box`, row by row. */
  crop(box) {
    const out = new this.Values(box[2] * box[3]);
    for (const [column, row] of tilesOf(box)) {
      const tile = this.tiles.get(tileKey(column, row));
      if (!tile) continue;
      const part = intersect(box, tileBox(column, row));
      for (let y = part[1]; y < part[1] + part[3]; y++) {
        const from = (y - row * TILE) * TILE + part[0] - column * TILE;
        out.set(tile.subarray(from, from + part[2]), (y - box[1]) * box[2] + part[0] - box[0]);
      }
    }
    return out;
  }
}

/** A Layer that holds these values: [{ box, values }, ...]; null if there are none. */
export function layerOf(patches) {
  if (!patches.length) return null;
  const layer = new Layer(patches.map(({ box }) => box).reduce(union));
  layer.begin();
  for (const { box, values } of patches) layer.paste(box, values);
  layer.end();
  return layer;
}

/** A tile as 32-bit words, to compare four bytes at a time. */
const words = (tile) => new Uint32Array(tile.buffer);

function blank(tile) {
  return !tile || words(tile).every((value) => value === 0);
}

function same(a, b) {
  if (!a || !b) return a === b;
  const [left, right] = [words(a), words(b)];
  return left.every((value, i) => value === right[i]);
}
