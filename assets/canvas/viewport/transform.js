// How a rectangle lies in the plane while it is moved, scaled and rotated, and what a handle of it does. No DOM.
//
// A place is { x, y: its middle in plane pixels, width, height, angle: degrees clockwise, -180 < angle <= 180, flipped:
// mirrored left to right, before it is rotated }.

const STEP = 15; // degrees by which Shift rotates
const FINEST = 10; // steps of a degree that the handle turns by

const radians = (angle) => (angle * Math.PI) / 180;
/** An angle as -180 < angle <= 180. */
export const normalised = (angle) => 180 - ((((180 - angle) % 360) + 360) % 360);

/** Cosine and sine, exact at right angles. */
function turn(angle) {
  const quarter = Math.round(angle / 90);
  if (angle === quarter * 90) return [[1, 0, -1, 0][quarter & 3], [0, 1, 0, -1][quarter & 3]];
  return [Math.cos(radians(angle)), Math.sin(radians(angle))];
}

/** A plane point from one in the rectangle's own directions, in pixels from its middle. */
function toPlane({ x, y, angle }, [along, down]) {
  const [cos, sin] = turn(angle);
  return [x + cos * along - sin * down, y + sin * along + cos * down];
}

function toOwn({ x, y, angle }, [px, py]) {
  const [cos, sin] = turn(angle);
  return [cos * (px - x) + sin * (py - y), -sin * (px - x) + cos * (py - y)];
}

/** The place of a box [x, y, width, height] as it is. */
export const placeOf = ([x, y, width, height]) => ({ x: x + width / 2, y: y + height / 2, width, height, angle: 0, flipped: false });

/** The plane points of the corners: upper left, upper right, lower right, lower left. */
export function corners(place) {
  const [w, h] = [place.width / 2, place.height / 2];
  return [[-w, -h], [w, -h], [w, h], [-w, h]].map((corner) => toPlane(place, corner));
}

/** The plane points of the eight handles that scale. */
export function handles(place) {
  const [w, h] = [place.width / 2, place.height / 2];
  return [-1, 0, 1].flatMap((down) => [-1, 0, 1].filter((along) => along || down).map((along) => toPlane(place, [along * w, down * h])));
}

/** The handle that rotates, and the middle of the edge that it stands on. away: plane pixels between both. */
export const stem = (place, away) => [-place.height / 2, -place.height / 2 - away].map((down) => toPlane(place, [0, down]));

/** The box of whole pixels around the place. */
export function bounds(place) {
  const points = corners(place);
  const [left, top] = [0, 1].map((axis) => Math.floor(Math.min(...points.map((point) => point[axis])) + 1e-6));
  const [right, bottom] = [0, 1].map((axis) => Math.ceil(Math.max(...points.map((point) => point[axis])) - 1e-6));
  return [left, top, right - left, bottom - top];
}

/** From the pixels of a picture of this size to the plane, as the six numbers of CSS's matrix. */
export function matrix({ x, y, width, height, angle, flipped }, pixelsWide, pixelsHigh) {
  const [cos, sin] = turn(angle);
  const [across, down] = [(flipped ? -width : width) / pixelsWide, height / pixelsHigh];
  const [a, b, c, d] = [cos * across, sin * across, -sin * down, cos * down];
  return [a, b, c, d, x - (a * pixelsWide + c * pixelsHigh) / 2, y - (b * pixelsWide + d * pixelsHigh) / 2];
}

/**
 * What a pointer at a plane point takes hold of, null for nothing: { rotates: true }, or { sides: [-1 | 0 | 1, -1 | 0 | 1] }
 * that it drags along and down; [0, 0] moves the whole.
 *
 * reach: how far beyond an edge it is still dragged, away: see `stem`; both in plane pixels.
 */
export function grip(place, point, reach, away) {
  const own = toOwn(place, point);
  const half = [place.width / 2, place.height / 2];
  if (Math.hypot(own[0], own[1] + half[1] + away) <= reach) return { rotates: true };
  if (own.some((at, axis) => Math.abs(at) > half[axis] + reach)) return null;
  const sides = own.map((at, axis) => (Math.abs(at) > half[axis] - Math.min(reach, half[axis] / 2) ? Math.sign(at) : 0)); // a small one can be moved too
  return { sides };
}

/** The direction in the plane in which a grip's sides move apart. */
export function outwards(place, { sides }) {
  const [x, y] = toPlane({ ...place, x: 0, y: 0 }, sides);
  return [x, y];
}

/**
 * The place after a grip was dragged from one plane point to another.
 *
 * shift: rotates by steps of 15 degrees, moves along one direction alone, or scales the other way than usual. locked: corners
 * keep the proportions, and sides do not, unless with Shift; false: the other way for corners.
 */
export function dragged(place, { rotates, sides }, from, to, { shift = false, locked = true } = {}) {
  if (rotates) {
    const [before, after] = [from, to].map(([px, py]) => Math.atan2(py - place.y, px - place.x));
    const angle = place.angle + ((after - before) * 180) / Math.PI;
    return { ...place, angle: normalised(shift ? Math.round(angle / STEP) * STEP : Math.round(angle * FINEST) / FINEST) };
  }
  if (!sides[0] && !sides[1]) {
    const by = [to[0] - from[0], to[1] - from[1]].map(Math.round); // by whole pixels, so that what is not scaled stays as sharp
    if (shift) by[Math.abs(by[0]) < Math.abs(by[1]) ? 0 : 1] = 0;
    return { ...place, x: place.x + by[0], y: place.y + by[1] };
  }
  const [start, end] = [toOwn(place, from), toOwn(place, to)];
  const size = [place.width, place.height];
  const free = size.map((length, axis) => length + sides[axis] * (end[axis] - start[axis]));
  const corner = sides[0] !== 0 && sides[1] !== 0;
  if (corner ? locked === shift : !shift) return scaled(place, free, sides);
  const share = corner ? (free[0] * size[0] + free[1] * size[1]) / (size[0] ** 2 + size[1] ** 2) : sides[0] ? free[0] / size[0] : free[1] / size[1];
  const least = 1 / Math.min(...size); // of which no side is shorter than a pixel
  return scaled(place, size.map((length) => length * Math.max(share, least)), sides);
}

/** The place with another [width, height], in whole pixels; the sides across from `sides` stay where they are. */
export function scaled(place, size, sides = [1, 1]) {
  const [width, height] = size.map((length) => Math.max(1, Math.round(length)));
  const [x, y] = toPlane(place, [(sides[0] * (width - place.width)) / 2, (sides[1] * (height - place.height)) / 2]);
  return { ...place, x, y, width, height };
}
