// The wishes at work: which promises of the server belong together, and what this tab gave for them. No DOM.

/** Promises in the order they will be kept, those of one wish (its variations) as one: [{ wishes, revisions, ... }]. */
export function queue(running) {
  const groups = new Map();
  for (const run of running) {
    const key = JSON.stringify([run.parent, run.mask, run.prompt, run.pipeline]);
    const group = groups.get(key);
    if (group) {
      group.wishes.push(run.wish);
      group.revisions.push(run.revision);
    } else {
      groups.set(key, { ...run, key, wishes: [run.wish], revisions: [run.revision] });
    }
  }
  return [...groups.values()];
}

export class Works {
  constructor() {
    this.all = []; // { revisions: Map wish -> revision, mask: Layer or null, taken: Draft or null }
  }

  /** promised: [{ wish, revision }, ...]: as the server keeps them; a wish's name stays when its revision is another. */
  add(promised, mask, taken) {
    const work = { revisions: new Map(promised.map(({ wish, revision }) => [wish, revision])), mask, taken };
    this.all.push(work);
    return work;
  }

  knows(wish) {
    return this.all.some(({ revisions }) => revisions.has(wish));
  }

  /** Learn where the promises are now; returns the works of which none is promised any more. */
  follow(running) {
    const now = new Map(running.map(({ wish, revision }) => [wish, revision]));
    for (const { revisions } of this.all) {
      for (const wish of revisions.keys()) if (now.has(wish)) revisions.set(wish, now.get(wish));
    }
    return this.all.filter(({ revisions }) => ![...revisions.keys()].some((wish) => now.has(wish)));
  }

  remove(work) {
    this.all = this.all.filter((one) => one !== work);
  }

  /** Every revision this tab wants to know the fate of. */
  get revisions() {
    return this.all.flatMap(({ revisions }) => [...revisions.values()]);
  }
}

/** What became of a work, from the fates of its revisions: done if any is. */
export function outcome(fates) {
  for (const status of ["done", "waiting", "failed", "cancelled"]) {
    const one = fates.find((fate) => fate.status === status);
    if (one) return one;
  }
  return null;
}
