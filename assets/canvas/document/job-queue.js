// The queue of a document's jobs, as a person sees it: in groups.

import { t } from "../lib/locale.js";

/**
 * Groups jobs in the order in which they run: the variations of one edit are a group, and so are the steps of a replay.
 * Returns [{ edits, revisions, ... }], the other fields as the group's first job has them. Which jobs are variations of
 * each other is for the server to say.
 */
export function groupJobs(jobs) {
  const groups = new Map();
  for (const job of jobs) {
    const key = job.replay ? "replay" : job.group;
    const group = groups.get(key);
    if (group) {
      group.edits.push(job.edit);
      group.revisions.push(job.revision);
    } else {
      groups.set(key, { ...job, key, edits: [job.edit], revisions: [job.revision] });
    }
  }
  return [...groups.values()];
}

export class JobQueue {
  /** doc: the OpenDocument whose jobs they are. */
  constructor(doc) {
    this.doc = doc;
    this.cancelling = false; // the jobs change one by one; until then nothing can be planned on them
  }

  get groups() {
    return groupJobs(this.doc.state.running);
  }

  /** Cancels a group, by default the running one. */
  async cancel(group = this.groups[0]) {
    const { id, notifications, plan, requests, server, submission } = this.doc;
    submission.giveUp();
    if (!group) return;
    notifications.status(t("status.cancelling"));
    this.cancelling = true;
    const revisions = group.replay ? group.revisions.slice(-1) : group.revisions; // the steps of a replay go together, and its last one cannot be done yet
    for (const revision of revisions) await requests.run(server.step(id, "cancel", revision));
    this.cancelling = false;
    plan.refresh();
  }

  /** Moves a group before the one in front of it; the running one stays first. */
  moveUp(group) {
    const { id, requests, server } = this.doc;
    const queued = this.groups.slice(1);
    const at = queued.findIndex(({ key }) => key === group.key);
    if (at < 1) return;
    [queued[at - 1], queued[at]] = [queued[at], queued[at - 1]];
    return requests.run(server.reorder(id, queued.flatMap(({ revisions }) => revisions)));
  }
}
