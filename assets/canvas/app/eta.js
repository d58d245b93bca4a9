// How long jobs take in this browser: the time of a model's step, measured in earlier jobs.

import { loadJson, saveJson } from "../lib/storage.js";
import { t } from "../lib/locale.js";

const STORED = "palimpsest-pace";
const NEWEST = 0.4; // the weight of the last job in the average

export class Eta {
  constructor(storage = null, clock = () => performance.now()) {
    Object.assign(this, { storage, clock });
    this.stepTimes = loadJson(STORED, {}, storage); // model -> milliseconds of a step
    this.run = null; // { revision, pipeline, index, since, step }: the job being measured
  }

  /** An edit of so many steps is sent. Should its job end before two steps are reported, the time since now is used. */
  start(pipeline, steps) {
    this.run = { revision: null, pipeline, steps, index: 0, begun: this.clock() };
  }

  /** A job has reached step `index`; the time between its first report and its last one is measured. */
  update({ revision, pipeline, index }) {
    if (!index) return;
    if (this.run?.revision === null) Object.assign(this.run, { revision, index, since: this.clock() });
    else if (this.run?.revision !== revision) this.run = { revision, pipeline, index, since: this.clock() };
    else if (index > this.run.index) this.run.step = (this.clock() - this.run.since) / (index - this.run.index);
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

  /** Seconds until a job is done, for a replay until all its steps are. jobs: everything that is queued, `job` included. */
  secondsLeft(job, jobs) {
    const later = job.replay ? jobs.filter(({ replay, revision }) => replay && revision !== job.revision) : [];
    const own = job.total ? job.total - job.index : (job.replay?.steps ?? 0);
    return this.secondsFor([{ pipeline: job.pipeline, steps: own }, ...later.map(({ pipeline, replay }) => ({ pipeline, steps: replay.steps }))]);
  }
}

/** Seconds as people say them. */
export function duration(seconds) {
  if (seconds < 1) return t("time.moment");
  return seconds < 90 ? t("time.seconds", { n: Math.round(seconds) }) : t("time.minutes", { n: Math.round(seconds / 60) });
}
