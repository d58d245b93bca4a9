// The edits at work, as this tab knows them: their masks on the viewport, and what is said and given back when one ends.

import { union } from "../lib/boxes.js";
import { Layer } from "../draft/layer.js";
import { t } from "../lib/locale.js";
import { outcome, queue, Works } from "./works.js";

/** What is painted in any of these, [{ box, values }, ...]; null where there is none. */
export function layerOf(painted) {
  if (!painted.length) return null;
  const layer = new Layer(painted.map(({ box }) => box).reduce(union));
  layer.begin();
  for (const { box, values } of painted) layer.paste(box, values);
  layer.end();
  return layer;
}

export class AtWork {
  /** ended(status): an edit of this tab was settled. settled(done): its preview may go, at once unless it is done. */
  constructor({ server, viewport, notices, easel, ended, settled }) {
    Object.assign(this, { server, viewport, notices, easel, ended, settled });
    this.works = new Works();
    this.sending = null; // { mask }: an edit on its way to the server
    this.last = null; // the mask sent last, a Layer
    this.owed = null; // what came back before there was a draft to put it in
    this.closed = false;
  }

  /** An edit is on its way (its mask a Layer, or null), or no more. */
  send(sending) {
    this.sending = sending;
    this.#show();
  }

  /** The server took it: jobs as it says. taken: the Draft it was; replay: whether it changes a step. */
  sent(jobs, taken, replay) {
    this.works.add(jobs, this.sending.mask, taken, replay);
    this.send(null);
  }

  /** It came to nothing on the way. */
  refused(taken) {
    this.last = this.sending?.mask ?? this.last;
    this.send(null);
    this.easel.giveBack(taken.mask, taken);
  }

  /** What the server says now: settle what ended, follow what another tab or an earlier visit began. */
  follow(state) {
    const ended = this.works.follow(state.running);
    const seen = [state.head, ...state.variations];
    const placed = ended.some(({ revisions }) => [...revisions.values()].some((revision) => seen.includes(revision)));
    for (const work of ended) this.#settle(work, state, placed);
    if (this.sending) return;
    for (const group of queue(state.running)) if (!group.edits.some((edit) => this.works.knows(edit))) this.#adopt(group);
  }

  /** There is a draft now: what is owed can be given. */
  pay() {
    if (this.owed) this.easel.giveBack(this.owed);
    this.owed = null;
  }

  #show() {
    const masks = this.works.all.map(({ mask }) => mask);
    this.viewport.setSent([...masks, this.sending?.mask].filter(Boolean));
  }

  async #adopt(group) {
    const jobs = group.edits.map((edit, i) => ({ edit, revision: group.revisions[i] }));
    const work = this.works.add(jobs, null, null, Boolean(group.replay));
    this.notices.status(t("status.repainting"));
    if (!group.mask[2]) return; // a crop, or new margins
    const values = await this.server.mask(group.revision, group.mask[2], group.mask[3]).catch(() => null);
    if (!values || this.closed || !this.works.all.includes(work)) return;
    work.mask = layerOf([{ box: group.mask, values }]);
    this.#show();
  }

  /** A work is pending no more: done, failed or cancelled. placed: one that ended with it is shown; it lies beneath. */
  #settle(work, { watched, head, tip, variations, running }, placed) {
    const revisions = [...work.revisions.values()];
    const fate = outcome(watched.filter(({ revision }) => revisions.includes(revision)), work.replay);
    if (!fate || fate.status === "waiting") return; // it ended after this was asked; the next state tells
    this.works.remove(work);
    const { mask, taken } = work;
    this.last = mask ?? this.last;
    this.#show();
    this.ended(fate.status);
    const ends = work.replay ? [head, tip] : [head, ...variations]; // steps that were undone stay so when replayed
    const shown = ends.some((revision) => revisions.includes(revision));
    const done = fate.status === "done" && (shown || placed || running.length > 0);
    this.settled(done);
    if (done) {
      this.notices.status(shown && variations.length > 1 ? t("status.pick") : t("status.done"));
      return;
    }
    if (fate.status !== "done" && !work.replay) { // a change of a step leaves the draft as it was
      if (!this.easel.draft) this.owed = mask; // given when the picture is here
      else this.easel.giveBack(mask, taken);
    }
    this.notices.status(fate.status === "cancelled" ? t("status.cancelled") : "");
    if (fate.status === "done") this.notices.note(t("note.moved_on"), "run", "info");
    if (fate.status === "failed") this.notices.note(fate.error, "run");
  }
}
