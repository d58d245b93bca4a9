// The view: which part of the plane the viewport shows, how it is turned, and whether it is mirrored. Panning, zooming and
// turning change this and nothing else. Plane coordinates are picture pixels; viewport coordinates are device pixels from the
// viewport's top left corner.

export const MIN_SCALE = 1 / 64;
export const MAX_SCALE = 32;

const corners = ([x, y, width, height]) => [[x, y], [x + width, y], [x, y + height], [x + width, y + height]];
const reach = (points) => [0, 1].map((axis) => Math.min(...points.map((point) => point[axis])))
  .concat([0, 1].map((axis) => Math.max(...points.map((point) => point[axis]))));

export class View {
  constructor() {
    this.scale = 1; // device pixels for one picture pixel
    this.x = 0; // of the plane's origin in the viewport
    this.y = 0;
    this.angle = 0; // degrees clockwise, -180 < angle <= 180
    this.flipped = false; // mirrored left to right, before it is turned
  }

  get turned() {
    return this.angle !== 0 || this.flipped;
  }

  /** The columns of the plane's directions in the viewport, without the scale: [a, b, c, d] as CSS's matrix has them. */
  get #turn() {
    const quarter = Math.round(this.angle / 90);
    const [cos, sin] = this.angle === quarter * 90 ? [[1, 0, -1, 0][quarter & 3], [0, 1, 0, -1][quarter & 3]] // exact
      : [Math.cos((this.angle * Math.PI) / 180), Math.sin((this.angle * Math.PI) / 180)];
    const side = this.flipped ? -1 : 1;
    return [side * cos, side * sin, -sin, cos];
  }

  /** From plane to viewport coordinates, as the six numbers of CSS's matrix. */
  get matrix() {
    return [...this.#turn.map((n) => n * this.scale), this.x, this.y];
  }

  toPlane(viewportX, viewportY) {
    const [a, b, c, d] = this.#turn;
    const [x, y] = [(viewportX - this.x) / this.scale, (viewportY - this.y) / this.scale];
    return [a * x + b * y, c * x + d * y]; // a turn's inverse is its transpose
  }

  toViewport(planeX, planeY) {
    const [a, b, c, d] = this.matrix;
    return [a * planeX + c * planeY + this.x, b * planeX + d * planeY + this.y];
  }

  panBy(dx, dy) {
    this.x += dx;
    this.y += dy;
  }

  /** Zooms to `scale`; the plane point under (viewportX, viewportY) stays where it is. */
  zoomAt(scale, viewportX, viewportY) {
    this.#about(viewportX, viewportY, () => (this.scale = Math.min(MAX_SCALE, Math.max(MIN_SCALE, scale))));
  }

  /** Turns to `angle`, in degrees clockwise, about a viewport point. */
  turnAt(angle, viewportX, viewportY) {
    this.#about(viewportX, viewportY, () => (this.angle = 180 - ((((180 - angle) % 360) + 360) % 360)));
  }

  /** Mirrors what is seen left to right, about a viewport point. */
  flipAt(viewportX, viewportY) {
    this.#about(viewportX, viewportY, () => {
      this.flipped = !this.flipped;
      this.angle = this.angle === 180 ? 180 : -this.angle || 0;
    });
  }

  #about(viewportX, viewportY, change) {
    const plane = this.toPlane(viewportX, viewportY);
    change();
    [this.x, this.y] = [0, 0];
    const [x, y] = this.toViewport(...plane);
    [this.x, this.y] = [viewportX - x, viewportY - y];
  }

  /** Shows the whole `box` in the middle of `room`, a box in the viewport, enlarged at most by `limit`. */
  fit(box, room, limit = 4) {
    const [a, b, c, d] = this.#turn.map(Math.abs);
    const scale = Math.min(room[2] / (a * box[2] + c * box[3]), room[3] / (b * box[2] + d * box[3]), limit);
    this.scale = Math.min(MAX_SCALE, Math.max(MIN_SCALE, scale));
    this.centre(box, room);
  }

  centre(box, room) {
    [this.x, this.y] = [0, 0];
    const [x, y] = this.toViewport(box[0] + box[2] / 2, box[1] + box[3] / 2);
    this.x = Math.round(room[0] + room[2] / 2 - x);
    this.y = Math.round(room[1] + room[3] / 2 - y);
  }

  /** Keeps at least `margin` pixels of `box` within a viewport of this size, so that the picture cannot get lost. */
  keepInSight(box, width, height, margin) {
    const [left, top, right, bottom] = this.#reach(box);
    if (right < margin) this.x += margin - right;
    if (left > width - margin) this.x += width - margin - left;
    if (bottom < margin) this.y += margin - bottom;
    if (top > height - margin) this.y += height - margin - top;
  }

  /** How far a plane box reaches in the viewport: [left, top, right, bottom]. */
  #reach(box) {
    return reach(corners(box).map((corner) => this.toViewport(...corner)));
  }

  /**
   * The box in whole viewport pixels that a plane box covers: neighbours share their edges, so that no seams show. In a turned
   * view, the box around it.
   */
  viewportRect(box) {
    const [left, top, right, bottom] = this.#reach(box).map(Math.round);
    return [left, top, right - left, bottom - top];
  }

  /**
   * The view without its turn that shows all that this one does, for what is drawn upright and turned as a whole:
   * { view, width, height, matrix: from its viewport to this one }.
   *
   * width, height: of the viewport.
   */
  upright(width, height) {
    const [a, b, c, d] = this.#turn;
    const [left, top, right, bottom] = reach(corners([0, 0, width, height]).map((corner) => this.toPlane(...corner))).map((n) => n * this.scale);
    const view = Object.assign(new View(), { scale: this.scale, x: -Math.floor(left), y: -Math.floor(top) });
    const [x, y] = [this.x - a * view.x - c * view.y, this.y - b * view.x - d * view.y].map(Math.round);
    return { view, width: Math.ceil(right) + view.x, height: Math.ceil(bottom) + view.y, matrix: [a, b, c, d, x, y] };
  }
}

/** The next scale of the zoom buttons, by half octaves. direction: 1 or -1. */
export function zoomStop(scale, direction) {
  const at = Math.log2(scale) * 2;
  const next = direction > 0 ? Math.floor(at + 1.001) : Math.ceil(at - 1.001);
  return 2 ** (next / 2);
}
