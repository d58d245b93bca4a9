// The queue as a person sees it: the server's jobs in groups. No DOM.

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

/** A job's progress as [done, total]. A replay counts all its steps, each as long as any other. */
export function progressOf({ index, total, replay }) {
  return replay ? [replay.step - 1 + (total ? index / total : 0), replay.of] : [index, total];
}
