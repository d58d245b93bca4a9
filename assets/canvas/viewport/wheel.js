// Tells a trackpad, whose two fingers move the picture, from a mouse's wheel, which zooms. No event says which of them it is
// of, so they are told apart by how they count:
//
// - with Ctrl it is a trackpad's pinch, or a wheel turned with Ctrl: both zoom;
// - what counts in lines or pages is a wheel (Firefox);
// - what goes sideways moves the picture: a trackpad, or a wheel with Shift;
// - 120 units a notch are a wheel (Chrome, Edge, Safari), whatever the page's zoom makes of them in pixels;
// - a fraction of a pixel, or less than a notch has, is a trackpad;
// - what follows within a moment is of the same device: a swipe begins slowly, and grows as large as a wheel's turn.
//
// A Mac's wheel that is turned slowly counts as finely as a trackpad; with Ctrl it zooms however it is turned.

const MOMENT_MS = 200; // between two events of one swipe
const NOTCH = 40; // CSS pixels; the least that a wheel turns at once
const NOTCH_UNITS = 120; // of wheelDelta

export class Wheel {
  constructor() {
    this.pans = false; // what the last event did
    this.last = -Infinity; // its time in ms
  }

  /** Whether a wheel event moves the picture; else it zooms. */
  moves(event) {
    const { deltaMode, ctrlKey, timeStamp } = event; // the mode first: Firefox counts in pixels once it was asked for others
    const follows = timeStamp - this.last < MOMENT_MS;
    if (ctrlKey || deltaMode !== 0) this.pans = false;
    else if (!follows) this.pans = likeTrackpad(event);
    this.last = timeStamp;
    return this.pans;
  }
}

function likeTrackpad({ deltaX, deltaY, wheelDeltaY }) {
  if (deltaX) return true;
  if (wheelDeltaY && wheelDeltaY % NOTCH_UNITS === 0) return false;
  return !Number.isInteger(deltaY) || Math.abs(deltaY) < NOTCH;
}
