// Boxes [x, y, width, height] of whole plane pixels, and the tiles of 256 that pictures and masks consist of.

export const TILE = 256;

export function intersect(a, b) {
  const x = Math.max(a[0], b[0]);
  const y = Math.max(a[1], b[1]);
  const width = Math.min(a[0] + a[2], b[0] + b[2]) - x;
  const height = Math.min(a[1] + a[3], b[1] + b[3]) - y;
  return width > 0 && height > 0 ? [x, y, width, height] : null;
}

/** The smallest box around both; either may be null. */
export function union(a, b) {
  if (!a || !b) return a || b;
  const x = Math.min(a[0], b[0]);
  const y = Math.min(a[1], b[1]);
  return [x, y, Math.max(a[0] + a[2], b[0] + b[2]) - x, Math.max(a[1] + a[3], b[1] + b[3]) - y];
}

export const sameBox = (a, b) => a.every((value, i) => value === b[i]);

export function tileBox(column, row) {
  return [column * TILE, row * TILE, TILE, TILE];
}

export function tileKey(column, row) {
  return `${column},${row}`;
}

export function tileOf(key) {
  const comma = key.indexOf(",");
  return [Number(key.slice(0, comma)), Number(key.slice(comma + 1))];
}

/** The [column, row] of every tile that overlaps `box`, row by row. */
export function* tilesOf(box) {
  const right = Math.ceil((box[0] + box[2]) / TILE);
  const bottom = Math.ceil((box[1] + box[3]) / TILE);
  for (let row = Math.floor(box[1] / TILE); row < bottom; row++) {
    for (let column = Math.floor(box[0] / TILE); column < right; column++) yield [column, row];
  }
}
