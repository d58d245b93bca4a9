// The mask: which pixels are to be repainted. 255 = repaint, 0 = keep, in plane coordinates, kept in sparse tiles of
// 256 so that a stroke costs by its size and not by the picture's. Knows nothing of screens.

import { intersect, TILE, tileBox, tileKey, tileOf, tilesOf, union } from "./boxes.js";

const UNDO_BYTES = 64 * 2 ** 20;

/** [left, right) of the pixels whose centres lie within `radius` of the segment, on pixel row `y`; null if none. */
function spanOfRow(x0, y0, x1, y1, radius, y) {
  const at = y + 0.5;
  let left = Infinity;
  let right = -Infinity;
  const reach = (x) => {
    left = Math.min(left, x);
    right = Math.max(right, x);
  };
  for (const [cx, cy] of [[x0, y0], [x1, y1]]) {
    const half = radius * radius - (at - cy) * (at - cy);
    if (half >= 0) {
      reach(cx - Math.sqrt(half));
      reach(cx + Math.sqrt(half));
    }
  }
  // the rectangle between the two discs: where its four edges cross this row
  const length = Math.hypot(x1 - x0, y1 - y0);
  if (length > 0) {
    const nx = (-(y1 - y0) / length) * radius;
    const ny = ((x1 - x0) / length) * radius;
    const corners = [[x0 + nx, y0 + ny], [x1 + nx, y1 + ny], [x1 - nx, y1 - ny], [x0 - nx, y0 - ny]];
    corners.forEach(([ax, ay], i) => {
      const [bx, by] = corners[(i + 1) % 4];
      if (ay !== by && Math.min(ay, by) <= at && at <= Math.max(ay, by)) reach(ax + ((at - ay) / (by - ay)) * (bx - ax));
    });
  }
  if (left > right) return null;
  const from = Math.ceil(left - 0.5);
  const to = Math.floor(right - 0.5) + 1;
  return from < to ? [from, to] : null;
}

function same(a, b) {
  if (!a || !b) return a === b;
  const [left, right] = [a, b].map((tile) => new Uint32Array(tile.buffer)); // four pixels at a time
  return left.every((value, i) => value === right[i]);
}

export class Mask {
  /** box: [x, y, width, height] of the picture; nothing is ever painted outside it. */
  constructor(box) {
    this.box = box;
    this.tiles = new Map(); // key -> Uint8Array(TILE * TILE); a missing tile keeps everything
    this.undone = [];
    this.strokes = []; // each a Map key -> the tile before it (or undefined), newest last
    this.stroke = null;
  }

  get empty() {
    return this.tiles.size === 0;
  }

  get canUndo() {
    return this.strokes.length > 0;
  }

  get canRedo() {
    return this.undone.length > 0;
  }

  begin() {
    this.stroke = new Map();
  }

  /** The tile to write to, remembered as it was when this stroke first touched it. */
  #writable(column, row) {
    const key = tileKey(column, row);
    if (!this.stroke.has(key)) {
      const before = this.tiles.get(key);
      this.stroke.set(key, before);
      this.tiles.set(key, before ? before.slice() : new Uint8Array(TILE * TILE));
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

  /** Paint (255) or erase (0) all within `radius` of the segment. Returns the box touched, or null. */
  segment(x0, y0, x1, y1, radius, value) {
    const x = Math.floor(Math.min(x0, x1) - radius);
    const y = Math.floor(Math.min(y0, y1) - radius);
    const around = [x, y, Math.ceil(Math.max(x0, x1) + radius) - x + 1, Math.ceil(Math.max(y0, y1) + radius) - y + 1];
    const touched = intersect(around, this.box);
    if (!touched) return null;
    const right = this.box[0] + this.box[2];
    for (let row = touched[1]; row < touched[1] + touched[3]; row++) {
      const span = spanOfRow(x0, y0, x1, y1, radius, row);
      if (!span) continue;
      const from = Math.max(span[0], this.box[0]);
      const to = Math.min(span[1], right);
      if (from < to) this.#fillRow(row, from, to, value);
    }
    return touched;
  }

  /** Add what is 128 or more in `alpha` (Uint8Array, row by row, lying at `box`). Returns the box touched, or null. */
  paste(box, alpha) {
    const touched = intersect(box, this.box);
    if (!touched) return null;
    const right = touched[0] + touched[2];
    for (let y = touched[1]; y < touched[1] + touched[3]; y++) {
      const line = (y - box[1]) * box[2] - box[0];
      for (let x = touched[0]; x < right; x++) {
        if (alpha[line + x] < 128) continue;
        const from = x;
        while (x < right && alpha[line + x] >= 128) x++;
        this.#fillRow(y, from, x, 255);
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

  /** End the stroke; it becomes one step of undo. Tiles left with nothing painted are dropped. */
  end() {
    const stroke = this.stroke;
    this.stroke = null;
    for (const [key, before] of stroke) {
      const now = this.tiles.get(key);
      if (!now.includes(255)) this.tiles.delete(key);
      if (same(before, this.tiles.get(key))) stroke.delete(key);
    }
    if (stroke.size === 0) return;
    this.strokes.push(stroke);
    this.undone = [];
    let bytes = 0; // forget the oldest strokes beyond the budget
    for (let i = this.strokes.length - 1; i >= 0; i--) {
      bytes += this.strokes[i].size * TILE * TILE;
      if (bytes > UNDO_BYTES && i < this.strokes.length - 1) {
        this.strokes.splice(0, i + 1);
        break;
      }
    }
  }

  /** Take back the last stroke. Returns the box touched, or null if there is none. */
  undo() {
    return this.#swap(this.strokes, this.undone);
  }

  redo() {
    return this.#swap(this.undone, this.strokes);
  }

  #swap(from, to) {
    const step = from.pop();
    if (!step) return null;
    const back = new Map();
    let touched = null;
    for (const [key, tile] of step) {
      back.set(key, this.tiles.get(key));
      if (tile) this.tiles.set(key, tile);
      else this.tiles.delete(key);
      touched = union(touched, tileBox(...tileOf(key)));
    }
    to.push(back);
    return touched;
  }

  /** The tight box around all that is painted, or null. */
  bounds() {
    let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
    for (const [key, tile] of this.tiles) {
      const [column, row] = tileOf(key);
      for (let y = 0; y < TILE; y++) {
        const line = tile.subarray(y * TILE, (y + 1) * TILE);
        const first = line.indexOf(255);
        if (first < 0) continue;
        left = Math.min(left, column * TILE + first);
        right = Math.max(right, column * TILE + line.lastIndexOf(255) + 1);
        top = Math.min(top, row * TILE + y);
        bottom = Math.max(bottom, row * TILE + y + 1);
      }
    }
    return right > left ? [left, top, right - left, bottom - top] : null;
  }

  /** The values within `box`, row by row: Uint8Array(width * height). */
  crop(box) {
    const out = new Uint8Array(box[2] * box[3]);
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

  /** Empty the mask and hand over all it held, strokes to undo included; `restore` puts it back. */
  take() {
    const { tiles, strokes, undone } = this;
    [this.tiles, this.strokes, this.undone] = [new Map(), [], []];
    return { tiles, strokes, undone };
  }

  restore({ tiles, strokes, undone }) {
    Object.assign(this, { tiles, strokes, undone });
  }
}
