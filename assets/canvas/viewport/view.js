// The view: which part of the plane the viewport shows. Panning and zooming change this and nothing else. Plane
// coordinates are picture pixels; viewport coordinates are device pixels from the viewport's top left corner.

export const MIN_SCALE = 1 / 64;
export const MAX_SCALE = 32;

export class View {
  constructor() {
    this.scale = 1; // device pixels for one picture pixel
    this.x = 0; // of the plane's origin in the viewport
    this.y = 0;
  }

  toPlane(viewportX, viewportY) {
    return [(viewportX - this.x) / this.scale, (viewportY - this.y) / this.scale];
  }

  toViewport(planeX, planeY) {
    return [planeX * this.scale + this.x, planeY * this.scale + this.y];
  }

  panBy(dx, dy) {
    this.x += dx;
    this.y += dy;
  }

  /** Zooms to `scale`; the plane point under (viewportX, viewportY) stays where it is. */
  zoomAt(scale, viewportX, viewportY) {
    const [planeX, planeY] = this.toPlane(viewportX, viewportY);
    this.scale = Math.min(MAX_SCALE, Math.max(MIN_SCALE, scale));
    this.x = viewportX - planeX * this.scale;
    this.y = viewportY - planeY * this.scale;
  }

  /** Shows the whole `box` in the middle of `room`, a box in the viewport, enlarged at most by `limit`. */
  fit(box, room, limit = 4) {
    const scale = Math.min(room[2] / box[2], room[3] / box[3], limit);
    this.scale = Math.min(MAX_SCALE, Math.max(MIN_SCALE, scale));
    this.centre(box, room);
  }

  centre(box, room) {
    this.x = Math.round(room[0] + room[2] / 2 - (box[0] + box[2] / 2) * this.scale);
    this.y = Math.round(room[1] + room[3] / 2 - (box[1] + box[3] / 2) * this.scale);
  }

  /** Keeps at least `margin` pixels of `box` within a viewport of this size, so that the picture cannot get lost. */
  keepInSight(box, width, height, margin) {
    const [left, top] = this.toViewport(box[0], box[1]);
    const right = left + box[2] * this.scale;
    const bottom = top + box[3] * this.scale;
    if (right < margin) this.x += margin - right;
    if (left > width - margin) this.x += width - margin - left;
    if (bottom < margin) this.y += margin - bottom;
    if (top > height - margin) this.y += height - margin - top;
  }

  /** The box in whole viewport pixels that a plane box covers: neighbours share their edges, so that no seams show. */
  viewportRect(box) {
    const left = Math.round(box[0] * this.scale + this.x);
    const top = Math.round(box[1] * this.scale + this.y);
    const right = Math.round((box[0] + box[2]) * this.scale + this.x);
    const bottom = Math.round((box[1] + box[3]) * this.scale + this.y);
    return [left, top, right - left, bottom - top];
  }
}

/** The next scale of the zoom buttons, by half octaves. direction: 1 or -1. */
export function zoomStop(scale, direction) {
  const at = Math.log2(scale) * 2;
  const next = direction > 0 ? Math.floor(at + 1.001) : Math.ceil(at - 1.001);
  return 2 ** (next / 2);
}
