// How long jobs take in this browser: the time of a model's step, measured in earlier jobs.

import { loadJson, saveJson } from "../lib/storage.js";
import { t } from "../lib/locale.js";

const STORED = "palimpsest-pace";
const NEWEST = 0.4; // the weight of the last job in the average

export class Eta {
  constructor(storage = null, clock = () => performance.now()) {
    Object.assign(this, { storage, clock });
    this.stepTimes = loadJson(STORED, {}, storage); // model -> milliseconds of a step
    this.run = null; // { revision, pipeline, images, index, since, step }: the job being measured
  }

  /** An edit of so many steps is sent. Should its job end before two steps are reported, the time since now is used. */
  start(pipeline, steps) {
    this.run = { revision: null, pipeline, images: 1, steps, index: 0, begun: this.clock() };
  }

  /**
   * A job has reached step `index`; the time between its first report and its last one is measured. images: how many are made
   * at once, its variations: a step of them all takes as long as a step of each.
   */
  update({ revision, pipeline, index, images = 1 }) {
    if (!index) return;
    const now = this.clock();
    if (this.run?.revision === null) Object.assign(this.run, { revision, images, index, since: now });
    else if (this.run?.revision !== revision) {
      this.finish(); // the step before in a replay
      this.run = { revision, pipeline, images, index, since: now };
    } else if (index > this.run.index) this.run.step = (now - this.run.since) / (index - this.run.index) / this.run.images;
  }

  /** The server was away: what is measured would count that as well. */
  interrupt() {
    this.run = null;
  }

  /** The job is over: stores the time it took. */
  finish() {
    const { run } = this;
    this.run = null;
    if (!run) return;
    run.step ??= run.steps && (this.clock() - run.begun) / run.steps;
    if (!run.step) return;
    const before = this.stepTimes[run.pipeline];
    this.stepTimes[run.pipeline] = before ? before + NEWEST * (run.step - before) : run.step;
    saveJson(STORED, this.stepTimes, this.storage);
  }

  /** Seconds that so many steps of a model take; null if none of its jobs was measured. */
  seconds(pipeline, steps) {
    const step = this.run?.pipeline === pipeline && this.run.step ? this.run.step : this.stepTimes[pipeline];
    return step > 0 ? (step * steps) / 1000 : null;
  }

  /** Seconds for [{ pipeline, steps }, ...], one after the other; null if one of the models was never measured. */
  secondsFor(parts) {
    const each = parts.filter(({ steps }) => steps > 0).map(({ pipeline, steps }) => this.seconds(pipeline, steps));
    return each.includes(null) ? null : each.reduce((sum, seconds) => sum + seconds, 0);
  }

  /** Seconds until all jobs of a group are done: the running one first, with its variations, or the steps of a replay that are left. */
  secondsLeft(jobs) {
    const usual = Math.max(...jobs.map(({ total }) => total)); // a variation that has not begun takes as many
    const steps = ({ index, total, replay }) => (total ? total - index : (replay?.steps ?? usual));
    return this.secondsFor(jobs.map((job) => ({ pipeline: job.pipeline, steps: steps(job) })));
  }
}

/** Seconds as people say them. */
export function duration(seconds) {
  if (seconds < 1) return t("time.moment");
  return seconds < 90 ? t("time.seconds", { n: Math.round(seconds) }) : t("time.minutes", { n: Math.round(seconds / 60) });
}
