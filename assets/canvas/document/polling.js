// Follows one document on the server by polling, the simplest thing that survives a reload, a second tab and a restarted
// server alike: every response holds the whole state, so none is ever missed.

export const BUSY_MS = 60; // while a job runs: the server waits for news before it answers
export const IDLE_MS = 2000; // another tab may have changed the document
export const LOST_MS = 700; // the server does not answer

export class Follower {
  /**
   * load(): Promise of the current state. show(state): shows it, and returns whether a job runs. lost(error): a request
   * failed. sleep(ms): a promise; tests pass their own.
   */
  constructor({ load, show, lost, sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms)) }) {
    Object.assign(this, { load, show, lost, sleep });
    this.epoch = 0; // responses to requests of an earlier epoch are stale
    this.wake = () => {};
    this.poked = false;
    this.running = false;
    this.resting = false; // while the page is hidden
    this.busy = false; // a job runs: its end is reported even if the page is hidden
  }

  async start() {
    this.running = true;
    while (this.running) {
      let pause = IDLE_MS;
      this.poked = false;
      if (!this.resting || this.busy) {
        const epoch = this.epoch;
        try {
          const state = await this.load();
          if (this.running && epoch === this.epoch) this.busy = this.show(state);
          if (this.busy) pause = BUSY_MS;
        } catch (error) {
          if (this.running && epoch === this.epoch) this.lost(error);
          pause = LOST_MS;
        }
      }
      if (this.running && !this.poked) await Promise.race([this.sleep(pause), new Promise((resolve) => (this.wake = resolve))]);
    }
  }

  stop() {
    this.running = false;
    this.epoch += 1;
    this.wake();
  }

  /** Stops polling while the page is hidden and nothing runs; polls at once when it is visible again. */
  rest(resting) {
    this.resting = resting;
    this.poke();
  }

  /** Polls now rather than later. */
  poke() {
    this.poked = true;
    this.wake();
  }

  /** Shows the state in a command's response (of submit, undo, ...); requests made before it arrived are stale then. */
  async after(response) {
    this.epoch += 1;
    const epoch = this.epoch;
    try {
      const state = await response;
      if (this.running && epoch === this.epoch) this.busy = this.show(state);
      return state;
    } finally {
      this.epoch += 1;
      this.poke();
    }
  }
}

/** Loads the newest preview of a job, one at a time; drops what arrives late or out of order. */
export class Previews {
  /** load(revision, serial): Promise of a bitmap. show(revision, bitmap, serial): draws it. */
  constructor({ load, show }) {
    Object.assign(this, { load, show });
    this.forget();
  }

  forget() {
    this.revision = null;
    this.latest = 0;
    this.loaded = 0;
    this.loading = false;
  }

  async want(revision, serial) {
    if (revision !== this.revision) {
      this.forget();
      this.revision = revision;
    }
    this.latest = Math.max(this.latest, serial);
    if (this.loading) return;
    this.loading = true;
    while (revision === this.revision && this.latest > this.loaded) {
      const next = this.latest;
      const bitmap = await this.load(revision, next).catch(() => null);
      if (revision !== this.revision) return;
      this.loaded = next;
      if (bitmap) this.show(revision, bitmap, next);
    }
    this.loading = false;
  }
}
