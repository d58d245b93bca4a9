// The edits at work: which jobs of the server belong together, and what this tab gave for them. No DOM.

/**
 * Jobs in the order in which they will be run, the variations of one edit as one, and the steps of a replay:
 * [{ edits, revisions, ... }], the rest as the first of them says it. The server says which are variations of each other.
 */
export function queue(running) {
  const groups = new Map();
  for (const run of running) {
    const key = run.replay ? "replay" : run.group;
    const group = groups.get(key);
    if (group) {
      group.edits.push(run.edit);
      group.revisions.push(run.revision);
    } else {
      groups.set(key, { ...run, key, edits: [run.edit], revisions: [run.revision] });
    }
  }
  return [...groups.values()];
}

/** How far a run is, as [done, total]: of a replay all its steps, each as long as another. */
export function progressOf({ index, total, replay }) {
  return replay ? [replay.step - 1 + (total ? index / total : 0), replay.of] : [index, total];
}

/** Seconds until a run is over, of a replay all of it; null where nobody knows. seconds(pipeline, steps): of a model. */
export function secondsLeft(run, running, seconds) {
  const later = run.replay ? running.filter(({ replay, revision }) => replay && revision !== run.revision) : [];
  const own = run.total ? run.total - run.index : (run.replay?.steps ?? 0);
  const parts = [{ pipeline: run.pipeline, steps: own }, ...later.map(({ pipeline, replay }) => ({ pipeline, steps: replay.steps }))];
  return secondsOf(parts, seconds);
}

/** Seconds for [{ pipeline, steps }, ...], one after the other; null where a model was never seen at work. */
export function secondsOf(parts, seconds) {
  const each = parts.filter(({ steps }) => steps > 0).map(({ pipeline, steps }) => seconds(pipeline, steps));
  return each.includes(null) ? null : each.reduce((sum, one) => sum + one, 0);
}

export class Works {
  constructor() {
    this.all = []; // { revisions: Map edit -> revision, mask: Layer or null, taken: Draft or null, replay: bool }
  }

  /** jobs: [{ edit, revision }, ...]: as the server keeps them; an edit's name stays when its revision is another. */
  add(jobs, mask, taken, replay = false) {
    const work = { revisions: new Map(jobs.map(({ edit, revision }) => [edit, revision])), mask, taken, replay };
    this.all.push(work);
    return work;
  }

  knows(edit) {
    return this.all.some(({ revisions }) => revisions.has(edit));
  }

  /** Learn where the jobs are now; returns the works of which none is pending any more. */
  follow(running) {
    const now = new Map(running.map(({ edit, revision }) => [edit, revision]));
    for (const { revisions } of this.all) {
      for (const edit of revisions.keys()) if (now.has(edit)) revisions.set(edit, now.get(edit));
    }
    return this.all.filter(({ revisions }) => ![...revisions.keys()].some((edit) => now.has(edit)));
  }

  remove(work) {
    this.all = this.all.filter((one) => one !== work);
  }

  /** Every revision this tab wants to know the fate of. */
  get revisions() {
    return this.all.flatMap(({ revisions }) => [...revisions.values()]);
  }
}

/** What became of a work, from the fates of its revisions: done if any is, a replay if all of them are. */
export function outcome(fates, replay = false) {
  for (const status of replay ? ["waiting", "failed", "cancelled", "done"] : ["done", "waiting", "failed", "cancelled"]) {
    const one = fates.find((fate) => fate.status === status);
    if (one) return one;
  }
  return null;
}
