// The edits whose jobs are pending: their masks in the viewport, and what happens in this tab when one of them ends.

import { groupJobs } from "./job-queue.js";
import { layerOf } from "../draft/layer.js";
import { t } from "../lib/locale.js";

/** The pending edits of one document, followed from one of the server's answers to the next. No DOM. */
export class PendingEdits {
  constructor() {
    this.all = []; // { revisions: Map edit -> revision, mask: Layer or null, draft: Draft or null, replay: bool }
  }

  /**
   * jobs: [{ edit, revision }, ...] as the server lists them; an edit keeps its name when its job moves to another revision.
   * draft: the Draft that was sent, to be given back if the edit fails.
   */
  add(jobs, mask, draft, replay = false) {
    const pending = { revisions: new Map(jobs.map(({ edit, revision }) => [edit, revision])), mask, draft, replay };
    this.all.push(pending);
    return pending;
  }

  has(edit) {
    return this.all.some(({ revisions }) => revisions.has(edit));
  }

  /** Updates the revisions from the server's list of jobs. Returns the edits of which no job is pending any more. */
  update(jobs) {
    const current = new Map(jobs.map(({ edit, revision }) => [edit, revision]));
    for (const { revisions } of this.all) {
      for (const edit of revisions.keys()) if (current.has(edit)) revisions.set(edit, current.get(edit));
    }
    return this.all.filter(({ revisions }) => ![...revisions.keys()].some((edit) => current.has(edit)));
  }

  remove(pending) {
    this.all = this.all.filter((other) => other !== pending);
  }

  /** Every revision whose outcome this tab waits for. */
  get revisions() {
    return this.all.flatMap(({ revisions }) => [...revisions.values()]);
  }
}

/** The outcome of an edit from those of its jobs: it is done if any job is, a replay only if every job is. */
export function outcome(results, replay = false) {
  for (const status of replay ? ["waiting", "failed", "cancelled", "done"] : ["done", "waiting", "failed", "cancelled"]) {
    const result = results.find((one) => one.status === status);
    if (result) return result;
  }
  return null;
}

/** Shows the pending edits in the viewport, reports their ends, and gives back the drafts of those that came to nothing. */
export class EditTracker {
  /**
   * ended(status): an edit ended. runStatus(): what is said of one that runs. dropPreviews(done): its previews are out of date, the one on screen too unless the edit
   * is done: then it stays until the result's picture is loaded.
   */
  constructor({ server, viewport, notifications, draftEditor, ended, runStatus, dropPreviews }) {
    Object.assign(this, { server, viewport, notifications, draftEditor, ended, runStatus, dropPreviews });
    this.pending = new PendingEdits();
    this.sending = null; // { mask } of the edit that is on its way to the server
    this.lastMask = null; // the mask sent last, a Layer
    this.maskToReturn = null; // came back before there was a draft to put it in
    this.closed = false;
  }

  /** sending: { mask: Layer or null } of an edit that leaves for the server; null: it arrived, or failed to. */
  setSending(sending) {
    this.sending = sending;
    this.#showMasks();
  }

  /** The server accepted the edit as these jobs. draft: the Draft it was. replay: whether it changes a step of the history. */
  accepted(jobs, draft, replay) {
    this.pending.add(jobs, this.sending.mask, draft, replay);
    this.setSending(null);
  }

  /** The edit never became a job. */
  rejected(draft) {
    this.lastMask = this.sending?.mask ?? this.lastMask;
    this.setSending(null);
    this.draftEditor.giveBack(draft.mask, draft);
  }

  /** Follows a new state: ends what is no longer pending, and adopts the jobs of another tab or of an earlier visit. */
  update(state) {
    const ended = this.pending.update(state.running);
    const shown = [state.head, ...state.variations];
    const placed = ended.some(({ revisions }) => [...revisions.values()].some((revision) => shown.includes(revision)));
    for (const pending of ended) this.#end(pending, state, placed);
    if (this.sending) return;
    for (const group of groupJobs(state.running)) if (!group.edits.some((edit) => this.pending.has(edit))) this.#adopt(group);
  }

  /** There is a draft now: it takes the mask that came back before. */
  draftReady() {
    if (this.maskToReturn) this.draftEditor.giveBack(this.maskToReturn);
    this.maskToReturn = null;
  }

  #showMasks() {
    const masks = this.pending.all.map(({ mask }) => mask);
    this.viewport.setPendingMasks([...masks, this.sending?.mask].filter(Boolean));
  }

  async #adopt(group) {
    const jobs = group.edits.map((edit, i) => ({ edit, revision: group.revisions[i] }));
    const pending = this.pending.add(jobs, null, null, Boolean(group.replay));
    this.notifications.status(this.runStatus());
    if (!group.mask[2]) return; // a crop or an expansion has no mask
    const values = await this.server.mask(group.revision, group.mask[2], group.mask[3]).catch(() => null);
    if (!values || this.closed || !this.pending.all.includes(pending)) return;
    pending.mask = layerOf([{ box: group.mask, values }]);
    this.#showMasks();
  }

  /** placed: an edit that ended at the same time is shown, so this one lies beneath it. */
  #end(pending, { watched, head, tip, variations, matches, running }, placed) {
    const revisions = [...pending.revisions.values()];
    const result = outcome(watched.filter(({ revision }) => revisions.includes(revision)), pending.replay);
    if (!result || result.status === "waiting") return; // it ended after this state was asked for; the next one says how
    this.pending.remove(pending);
    const { mask, draft } = pending;
    this.lastMask = mask ?? this.lastMask;
    this.#showMasks();
    this.ended(result.status);
    const ends = pending.replay ? [head, tip] : [head, ...variations]; // a replay leaves undone steps undone
    const shown = ends.some((revision) => revisions.includes(revision));
    const done = result.status === "done" && (shown || placed || running.length > 0);
    this.dropPreviews(done);
    if (done) {
      const best = variations[0] === head && head in matches;
      if (shown && variations.length > 1) this.notifications.status(t(best ? "status.best" : "status.pick"));
      else this.notifications.status(t("status.done"), "last");
      return;
    }
    if (result.status !== "done" && !pending.replay) { // amending a step left the draft as it was
      if (!this.draftEditor.draft) this.maskToReturn = mask;
      else this.draftEditor.giveBack(mask, draft);
    }
    this.notifications.status(result.status === "cancelled" ? t("status.cancelled") : "");
    if (result.status === "done") this.notifications.note(t("note.moved_on"), "run", "info");
    if (result.status === "failed") this.notifications.note(result.error, "run");
  }
}
