// The border between painted and unpainted pixels of one mask tile, as straight segments.

import { TILE } from "../lib/boxes.js";

export const HALF = 128; // a pixel of a soft mask counts as painted from this value on

/**
 * Returns the border as a flat array x0, y0, x1, y1, ... in plane coordinates. A border belongs to its painted pixel, so
 * neighbouring tiles never both draw it.
 *
 * tile: Uint8Array(extent * extent) at position (left, top). isPainted(x, y): for pixels outside the tile.
 */
export function outline(tile, left, top, isPainted, extent = TILE) {
  const segments = [];
  const set = (x, y) => {
    if (x < 0 || y < 0 || x >= extent || y >= extent) return isPainted(left + x, top + y);
    return tile[y * extent + x] >= HALF;
  };
  const solid = tile.every((value) => value >= HALF); // then only its rim can be a border
  for (const side of [-1, 1]) {
    const edge = side < 0 ? 0 : 1;
    const rim = side < 0 ? 0 : extent - 1;
    for (let y = solid ? rim : 0; y < (solid ? rim + 1 : extent); y++) {
      for (let x = 0, from = -1; x <= extent; x++) {
        const border = x < extent && tile[y * extent + x] >= HALF && !set(x, y + side);
        if (border && from < 0) from = x;
        if (!border && from >= 0) {
          segments.push(left + from, top + y + edge, left + x, top + y + edge);
          from = -1;
        }
      }
    }
    for (let x = solid ? rim : 0; x < (solid ? rim + 1 : extent); x++) {
      for (let y = 0, from = -1; y <= extent; y++) {
        const border = y < extent && tile[y * extent + x] >= HALF && !set(x + side, y);
        if (border && from < 0) from = y;
        if (!border && from >= 0) {
          segments.push(left + x + edge, top + from, left + x + edge, top + y);
          from = -1;
        }
      }
    }
  }
  return segments;
}

/** Joins such segments to lines as long as they can be, so that they can be dashed: [[[x, y], [x, y], ...], ...]. */
export function joined(segments) {
  const at = new Map(); // "x,y" -> the segments that end there
  const ends = (i) => [segments.slice(i, i + 2), segments.slice(i + 2, i + 4)];
  for (let i = 0; i < segments.length; i += 4) {
    for (const point of ends(i)) {
      const there = at.get(`${point}`);
      if (there) there.push(i);
      else at.set(`${point}`, [i]);
    }
  }
  const taken = new Set();
  const extend = (line) => {
    for (;;) {
      const end = line.at(-1);
      const next = at.get(`${end}`).find((other) => !taken.has(other));
      if (next === undefined) return;
      taken.add(next);
      const [from, to] = ends(next);
      line.push(from[0] === end[0] && from[1] === end[1] ? to : from);
    }
  };
  const lines = [];
  for (let i = 0; i < segments.length; i += 4) {
    if (taken.has(i)) continue;
    const line = ends(i);
    taken.add(i);
    extend(line);
    line.reverse(); // a line that leaves the tile goes on from its other end
    extend(line);
    lines.push(line);
  }
  return lines;
}
