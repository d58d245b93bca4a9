// The fingers on a touch screen: where they are, and whether they do no more than tap.

const TAP_MS = 350; // from the first finger down to the last one up
const STILL = 10; // CSS pixels that a finger may slip while it rests

export class Fingers {
  constructor() {
    this.places = new Map(); // pointer id -> [x, y] in the window
    this.starts = new Map(); // pointer id -> [x, y] where it came down
    this.began = 0; // when the first came down, in ms
    this.most = 0; // fingers at once since then
    this.rest = true; // none has moved since
  }

  get count() {
    return this.places.size;
  }

  down(id, place, time) {
    if (!this.count) Object.assign(this, { began: time, most: 0, rest: true, starts: new Map() });
    this.places.set(id, place);
    this.starts.set(id, place);
    this.most = Math.max(this.most, this.count);
  }

  move(id, place) {
    if (!this.places.has(id)) return;
    this.places.set(id, place);
    if (Math.hypot(...[0, 1].map((axis) => place[axis] - this.starts.get(id)[axis])) > STILL) this.rest = false;
  }

  /** Takes a finger off. Returns by how many fingers the screen was tapped, 0: by none, or not all are off yet. */
  up(id, time, cancelled = false) {
    const known = this.places.delete(id);
    if (cancelled) this.rest = false;
    return known && !this.count && this.rest && time - this.began <= TAP_MS ? this.most : 0;
  }

  /** The middle of the first two, [x, y], and how far apart they are. */
  measure() {
    const [[ax, ay], [bx, by]] = [...this.places.values()];
    return { middle: [(ax + bx) / 2, (ay + by) / 2], apart: Math.hypot(ax - bx, ay - by) };
  }
}
