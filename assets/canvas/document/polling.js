// Follows one document on the server by asking again and again. Asking is the simplest thing that survives a reload,
// a second tab and a restarted server alike: every answer holds all there is to know, and none is ever missed.

export const BUSY_MS = 60; // while something runs: the server holds its answer until there is more to tell
export const IDLE_MS = 2000; // another tab may have changed the document
export const LOST_MS = 700; // the server does not answer

export class Follower {
  /**
   * ask(): Promise of the state now. show(state): draw it; returns true while something runs.
   * lost(error): an answer failed. sleep(ms): a promise; tests give their own.
   */
  constructor({ ask, show, lost, sleep = (ms) => new Promise((wake) => setTimeout(wake, ms)) }) {
    Object.assign(this, { ask, show, lost, sleep });
    this.epoch = 0; // answers to questions asked in an earlier epoch are stale
    this.wake = () => {};
    this.poked = false;
    this.running = false;
    this.resting = false; // true while nobody looks
    this.busy = false; // something runs: its end is reported even then
  }

  async start() {
    this.running = true;
    while (this.running) {
      let pause = IDLE_MS;
      this.poked = false;
      if (!this.resting || this.busy) {
        const epoch = this.epoch;
        try {
          const state = await this.ask();
          if (this.running && epoch === this.epoch) this.busy = this.show(state);
          if (this.busy) pause = BUSY_MS;
        } catch (error) {
          if (this.running && epoch === this.epoch) this.lost(error);
          pause = LOST_MS;
        }
      }
      if (this.running && !this.poked) await Promise.race([this.sleep(pause), new Promise((wake) => (this.wake = wake))]);
    }
  }

  stop() {
    this.running = false;
    this.epoch += 1;
    this.wake();
  }

  /** Ask no more while nobody looks and nothing runs; at once when somebody does again. */
  rest(resting) {
    this.resting = resting;
    this.poke();
  }

  /** Ask now rather than later. */
  poke() {
    this.poked = true;
    this.wake();
  }

  /** Show the state a verb (submit, undo, ...) answers with; what was asked before it answered is stale by then. */
  async after(verb) {
    this.epoch += 1;
    const epoch = this.epoch;
    try {
      const state = await verb;
      if (this.running && epoch === this.epoch) this.busy = this.show(state);
      return state;
    } finally {
      this.epoch += 1;
      this.poke();
    }
  }
}

/** Loads the newest preview of a run, one at a time; what comes late or out of order is dropped. */
export class Previews {
  /** load(revision, serial): Promise of a bitmap. show(revision, bitmap, serial): draw it. */
  constructor({ load, show }) {
    Object.assign(this, { load, show });
    this.forget();
  }

  forget() {
    this.revision = null;
    this.wanted = 0;
    this.shown = 0;
    this.loading = false;
  }

  async want(revision, serial) {
    if (revision !== this.revision) {
      this.forget();
      this.revision = revision;
    }
    this.wanted = Math.max(this.wanted, serial);
    if (this.loading) return;
    this.loading = true;
    while (revision === this.revision && this.wanted > this.shown) {
      const next = this.wanted;
      const bitmap = await this.load(revision, next).catch(() => null);
      if (revision !== this.revision) return;
      this.shown = next;
      if (bitmap) this.show(revision, bitmap, next);
    }
    this.loading = false;
  }
}
