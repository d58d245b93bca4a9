// How long a run takes here: the time of a model's step, as it was measured in this browser's earlier runs.

import { keep, kept } from "../lib/storage.js";

const STORED = "palimpsest-pace";
const NEWEST = 0.4; // the share of the last run in what is expected of the next

export class Pace {
  constructor(storage = null, clock = () => performance.now()) {
    Object.assign(this, { storage, clock });
    this.known = kept(STORED, {}, storage); // model -> milliseconds of a step
    this.run = null; // { revision, pipeline, index, since }
  }

  /** A run of so many steps is asked for: should it be over before two of them are seen, this will tell. */
  began(pipeline, steps) {
    this.run = { revision: null, pipeline, steps, index: 0, begun: this.clock() };
  }

  /** A run stands at step `index`. Between its first step and its last, the clock tells. */
  saw({ revision, pipeline, index }) {
    if (!index) return;
    if (this.run?.revision === null) Object.assign(this.run, { revision, index, since: this.clock() });
    else if (this.run?.revision !== revision) this.run = { revision, pipeline, index, since: this.clock() };
    else if (index > this.run.index) this.run.step = (this.clock() - this.run.since) / (index - this.run.index);
  }

  /** The run is over: what it took is remembered. */
  ended() {
    const { run } = this;
    this.run = null;
    if (!run) return;
    run.step ??= run.steps && (this.clock() - run.begun) / run.steps;
    if (!run.step) return;
    const before = this.known[run.pipeline];
    this.known[run.pipeline] = before ? before + NEWEST * (run.step - before) : run.step;
    keep(STORED, this.known, this.storage);
  }

  /** Seconds for so many steps of a model, or null when it was never seen at work. */
  seconds(pipeline, steps) {
    const step = this.run?.pipeline === pipeline && this.run.step ? this.run.step : this.known[pipeline];
    return step > 0 ? (step * steps) / 1000 : null;
  }
}
