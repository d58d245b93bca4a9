// How far the running edit is, with its variations, or the replay with all its steps: what is shown never goes backwards, and
// the time that is left never rises within a step of it, whatever the server reports. No DOM.

import { groupJobs } from "./job-queue.js";

export class RunProgress {
  /** eta: Eta, which measures the jobs. */
  constructor(eta) {
    this.eta = eta;
    this.forget();
  }

  /** Nothing runs. */
  forget() {
    this.key = null; // of the running group
    this.revision = null; // of its job that runs
    this.count = 0; // of the group's jobs, the most that were seen
    this.done = 0; // 0..1
    this.seconds = null; // that are left, null while unknown
  }

  /**
   * Follows the server's list of jobs, the running one first. waits: nobody works on them. Returns { done: 0..1, known:
   * whether the job says how far it is, seconds: that are left or null, replay: { step, of } or null, waits }, or null if
   * nothing runs.
   */
  update(jobs, waits = false) {
    const [group] = groupJobs(jobs);
    if (!group) {
      this.forget();
      return null;
    }
    const own = jobs.filter(({ revision }) => group.revisions.includes(revision));
    // a replay's last job may be listed once more when the replay is over, and then stands alone
    if (group.key !== this.key && own[0].revision !== this.revision) this.forget();
    this.count = Math.max(this.count, own.length);
    if (waits) this.eta.interrupt();
    else this.eta.update({ ...own[0], images: group.replay ? 1 : own.length });
    const left = waits ? null : this.eta.secondsLeft(own);
    const same = this.key !== null && own[0].revision === this.revision;
    this.seconds = same && !waits && this.seconds !== null ? Math.min(this.seconds, left ?? this.seconds) : left;
    this.key = group.key;
    this.revision = own[0].revision;
    this.done = Math.max(this.done, this.#share(group, own));
    return { done: this.done, known: !waits && Boolean(group.replay || own[0].total), seconds: this.seconds, replay: group.replay ?? null, waits };
  }

  /** A replay counts all its steps, each as long as any other; variations count alike, those that are gone as done. */
  #share({ replay }, own) {
    const shares = own.map(({ index, total }) => (total ? index / total : 0));
    if (replay) return (replay.step - 1 + shares[0]) / replay.of;
    return (this.count - own.length + shares.reduce((sum, share) => sum + share, 0)) / this.count;
  }
}
