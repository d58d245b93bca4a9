// One open document: what the server says of it, its picture on the viewport, the draft in the making and the edits at
// work. What is true lies on the server; here is only what is on screen, and what was painted and not sent yet.

import { sameBox } from "../lib/boxes.js";
import { Draft } from "../draft/draft.js";
import { layerOf } from "../draft/layer.js";
import { DraftEditor } from "../draft/draft-editor.js";
import { Follower, LOST_MS, Previews } from "./polling.js";
import { Picture } from "./picture.js";
import { encodeColours, encodeGrey } from "../net/png.js";
import { Missing, Unreachable } from "../net/server.js";
import { TileCache } from "./tiles.js";
import { debounce } from "../lib/debounce.js";
import { t } from "../lib/locale.js";
import { groupJobs, progressOf } from "./job-queue.js";
import { EditTracker } from "./pending-edits.js";

const PLAN_MS = 180;

/** Whether a frame with these margins is the picture with something cut off, and nothing added. */
const less = (margins) => margins.some(Boolean) && margins.every((margin) => margin <= 0);

export class OpenDocument {
  /**
   * state: as the server gave it. changed(what): something to press or to read is different now. gone(error): it is not
   * there. ended(outcome): an edit of this tab was settled. request(): the settings as they stand, for the plan. restored(prompts):
   * what was written on an earlier visit is there; the prompts to go on with. amended(): no step is changed any more.
   */
  constructor(state, { server, viewport, notifications, eta, changed, gone, ended, request, restored, amended }) {
    Object.assign(this, { id: state.document, state, server, viewport, notifications, eta, changed, gone, ended, request, restored, amended });
    this.closed = false;
    this.previewsShown = 0;
    this.treeOf = null; // what the tree that was asked for last depends on
    this.treeChanges = 0;
    this.peeked = null; // the variation that is looked at
    this.cancelling = false;
    this.frame = null; // the picture's box to be, while it is drawn
    this.amending = null; // the step of the history that the next edit changes, and what `Server.replayed` says of it
    this.looking = null; // the revision that is looked at while a step is changed
    this.stopRetrying = null; // ends the attempts to reach the server with what is `unsent`, a Draft
    this.unsent = null;
    this.planned = null; // { windows, steps, pipeline, specks } of the edit in the making
    this.draw = () => viewport.invalidatePicture();
    this.cache = new TileCache((digest) => server.tile(digest), this.draw);
    this.picture = new Picture(server, this.cache, this.draw);
    this.previews = new Previews({
      load: (revision, serial) => server.preview(revision, serial),
      show: (revision, bitmap) => this.#showPreview(revision, bitmap),
    });
    this.draftEditor = new DraftEditor(this.id, viewport, {
      acted: () => notifications.status(""),
      changed: () => {
        if (this.draft?.mask.empty) this.draft.keepSpecks = false;
        this.askPlan();
        changed();
      },
    });
    this.tracker = new EditTracker({
      server, viewport, notifications, draftEditor: this.draftEditor, ended,
      dropPreviews: (done) => {
        this.previews.forget();
        if (!done) this.#dropPreview(); // otherwise it stays until the picture is here
      },
    });
    this.follower = new Follower({
      ask: () => server.state(this.id, this.pending.revisions, this.run ? this.state.beat : null),
      show: (now) => this.#show(now),
      lost: (error) => this.#lost(error),
    });
    this.askPlan = debounce(PLAN_MS, () => this.#plan());
    viewport.picture = this.picture;
    this.#show(state);
    this.follower.start();
  }

  close() {
    this.giveUp();
    if (this.amending) this.amend(null);
    this.draftEditor.store();
    this.closed = this.tracker.closed = true;
    this.follower.stop();
    this.previews.forget();
    this.viewport.clear();
  }

  get run() {
    return this.state.running[0] ?? null;
  }

  get busy() {
    return this.submitting || this.run !== null;
  }

  get submitting() {
    return this.tracker.sending !== null;
  }

  get pending() {
    return this.tracker.pending;
  }

  get queue() {
    return groupJobs(this.state.running);
  }

  get draft() {
    return this.draftEditor.draft;
  }

  get mask() {
    return this.draft?.mask ?? null;
  }

  get canUndo() {
    return Boolean(this.draft?.canUndo || (this.state.can_undo && !this.busy && !this.looking));
  }

  get canRedo() {
    return Boolean(this.draft?.canRedo || (this.state.can_redo && !this.busy && !this.looking));
  }

  get painting() {
    return this.draftEditor.painting;
  }

  get recallable() {
    return Boolean(this.tracker.lastMask || this.state.last_mask);
  }

  // --- what the server says

  /** Show a state; true while something runs. */
  #show(state) {
    this.notifications.dismiss("server");
    const moved = state.tail !== this.state.tail;
    this.state = state;
    const { run } = this;
    this.tracker.update(state);
    const shown = this.#shown;
    if (shown !== this.picture.revision) this.#turnTo(shown);
    else {
      this.picture.stay();
      const { preview } = this.picture; // of a variation that was finished after the one that is shown
      if (preview?.revision && preview.revision !== run?.revision) this.#dropPreview();
    }
    if (run) {
      this.eta.update(run);
      if (run.serial) this.previews.want(run.revision, run.serial);
      const left = this.eta.secondsLeft(run, state.running);
      this.notifications.progress(...progressOf(run), left, run.replay);
    } else {
      this.eta.finish();
      if (!this.submitting) this.notifications.progress(null);
    }
    for (const [kind, sentence] of [["trouble", state.trouble], ["retry", run?.retry]]) {
      if (sentence) this.notifications.note(sentence, kind);
      else this.notifications.dismiss(kind);
    }
    if (moved) this.askPlan(); // an edit would stand on another state now
    this.changed();
    return run !== null;
  }

  /** The revision whose picture is to be seen. */
  get #shown() {
    const { head, variations } = this.state;
    return this.looking ?? (variations.includes(this.peeked) ? this.peeked : head);
  }

  /** Show another revision's picture; the preview stays until the result stands in its place. */
  async #turnTo(revision) {
    try {
      if (!(await this.picture.show(revision, this.viewport.view, this.viewport)) || this.closed) return;
    } catch (error) {
      if (!this.closed) this.#note(error, "picture");
      return; // asked for again with the next state
    }
    if (this.picture.preview && this.picture.preview.revision !== this.run?.revision) this.#dropPreview();
    this.viewport.hurry();
    if (this.viewport.fitted) this.viewport.fit();
    else this.viewport.invalidate();
    if (!this.draft) await this.#firstDraft();
    else if ((this.amending || !this.looking) && !sameBox(this.picture.box, this.draft.box)) {
      this.setFrame(null);
      this.draftEditor.reframe(this.picture.box);
    }
  }

  async #firstDraft() {
    this.draftEditor.setDraft(new Draft(this.picture.box));
    this.changed({ opened: true });
    await this.draftEditor.restore();
    if (this.closed) return;
    this.draftEditor.setPrompts(this.restored(this.draftEditor.prompts));
    this.tracker.draftReady();
  }

  #showPreview(revision, bitmap) {
    const { run } = this;
    if (this.closed || this.looking || run?.revision !== revision || !run.box) return;
    this.picture.preview = { revision, bitmap, box: run.box };
    this.previewsShown += 1;
    this.viewport.invalidatePicture();
  }

  #dropPreview() {
    this.picture.preview = null;
    this.viewport.invalidatePicture();
  }

  #lost(error) {
    if (error instanceof Missing) this.gone(error);
    else this.#note(error, "server");
  }

  #note(error, topic) {
    if (!(error instanceof Unreachable)) this.notifications.note(error.message, topic);
    else if (topic === "verb") this.notifications.status(t("status.not_done")); // nobody tries it again
    else this.notifications.note(error.message, "server");
  }

  // --- what is to be sent

  /** How much the frame drawn moves each side outwards: [left, top, right, bottom]. */
  get margins() {
    if (!this.frame) return [0, 0, 0, 0];
    const [[x, y, width, height], [fx, fy, fw, fh]] = [this.picture.box, this.frame];
    return [x - fx, y - fy, fx + fw - x - width, fy + fh - y - height];
  }

  /** Whether the frame only cuts: that needs no model. */
  get cuts() {
    return less(this.margins);
  }

  setFrame(box) {
    this.frame = box && sameBox(box, this.picture.box) ? null : box;
    this.viewport.guides.show("frame", this.frame);
    this.askPlan();
    this.changed();
  }

  /** What of the draft an edit takes, by its intent: { mask, sketch } as boxes, { margins }; null when there is nothing. */
  #asked({ intent }) {
    const mask = intent === "expand" ? null : this.draft?.mask.bounds();
    const sketch = intent === "sketch" ? this.draft?.sketch.bounds() : null;
    const margins = intent === "expand" ? this.margins : [0, 0, 0, 0];
    return mask || sketch || margins.some(Boolean) ? { mask: mask ?? null, sketch: sketch ?? null, margins } : null;
  }

  async #packed({ mask, sketch }) {
    const { draft } = this;
    return Promise.all([
      mask && encodeGrey(draft.mask.crop(mask), mask[2], mask[3]).then((png) => ({ box: mask, png })),
      sketch && encodeColours(draft.sketch.crop(sketch), sketch[2], sketch[3]).then((png) => ({ box: sketch, png })),
    ]);
  }

  /** What an edit stands on: the last job; or what is on screen, so that nobody's change is painted over unseen. */
  get #parent() {
    const { head, tail } = this.state;
    if (this.amending) return this.amending.parent;
    return tail === head && !this.peeked && !this.looking ? this.picture.revision : tail; // looking at a variation picks none
  }

  /** What is to be done with the mask: as the server takes it. */
  #maskOptions(intent, draft) {
    return { keep_specks: draft.keepSpecks, intent };
  }

  /** Repaint specks of the mask too, until it is sent or cleared. */
  keepSpecks() {
    if (!this.draft) return;
    this.draft.keepSpecks = true;
    this.askPlan();
  }

  async #plan() {
    const edit = this.request();
    const asked = edit && this.draft && !this.closed && !this.painting && !this.cancelling && this.#asked(edit);
    this.planning = asked;
    if (!asked || less(asked.margins)) {
      this.planned = null;
      this.viewport.setPlan(null, null);
      this.changed();
      return;
    }
    try {
      const { intent, ...settings } = edit;
      const how = this.#maskOptions(intent, this.draft);
      const pictures = await this.#packed(asked);
      const plan = await this.server.plan(this.id, { ...settings, ...how, margins: asked.margins, parent: this.#parent }, ...pictures);
      if (this.closed || this.planning !== asked) return; // another was asked meanwhile
      this.viewport.setPlan(layerOf(plan.regions), plan.windows);
      this.planned = { windows: plan.windows, steps: plan.steps * edit.variations, pipeline: edit.pipeline, specks: plan.specks };
    } catch {
      this.planned = null; // what is wrong is said when it is sent
    }
    this.changed();
  }

  /**
   * Ask for what is painted and written. edit: { intent, prompt, negative_prompt, pipeline, steps, guidance, seed,
   * sampler, strength, feather, edge, opacity, colour_match, variations }. False when there is nothing to do.
   */
  async submit({ intent, ...edit }) {
    const asked = this.#asked({ intent });
    if (!asked) return false;
    this.notifications.dismiss("run");
    const { amending, planned } = this;
    if (amending) edit.edge = amending.edit.blend.edge;
    const { margins } = asked;
    if (less(margins)) {
      await this.#do(this.server.crop(this.id, this.frame), t("status.cropped"));
      return true;
    }
    const parent = this.#parent;
    const { frame } = this;
    this.peeked = null;
    const pictures = this.#packed(asked); // reads the draft before it is taken
    const taken = this.draft;
    this.unsent = taken;
    const how = this.#maskOptions(intent, taken);
    const now = new Draft(taken.box);
    if (intent !== "sketch") now.sketch = taken.sketch;
    if (intent === "expand") now.mask = taken.mask;
    this.frame = null;
    this.viewport.guides.show("frame", null);
    this.draftEditor.setDraft(now);
    this.viewport.setPlan(null, null);
    this.planned = null;
    this.tracker.setSending({ mask: intent === "expand" ? null : taken.mask });
    this.notifications.status(t("status.repainting"));
    if (!this.run) this.notifications.progress(0, 0);
    if (!this.run && planned) this.eta.start(planned.pipeline, planned.steps);
    this.changed();
    const what = amending ? `amend/${amending.revision}` : "edits";
    try {
      const all = await pictures;
      const sent = (state) => {
        this.tracker.accepted(state.jobs, taken, Boolean(amending));
        if (amending) this.amend(null);
        return state;
      };
      await this.#reach(() => this.server.submit(this.id, what, { ...edit, ...how, margins, parent }, ...all).then(sent));
    } catch (error) {
      if (this.closed) return true;
      if (this.submitting) this.tracker.rejected(taken);
      this.notifications.status("");
      if (!this.run) this.notifications.progress(null);
      if (!(error instanceof Unreachable)) this.notifications.note(error.message, "run");
      if (frame) this.setFrame(frame);
    }
    this.changed();
    return true;
  }

  /** Try no more to send what the server could not be reached with: it is the draft again. */
  giveUp() {
    if (!this.stopRetrying) return;
    this.stopRetrying();
    this.tracker.rejected(this.unsent);
  }

  /** Ask, and ask again while the server is not to be reached: the same edit on the same state is one and the same. */
  async #reach(ask) {
    let stopped = false;
    for (;;) {
      try {
        return await this.follower.after(ask());
      } catch (error) {
        if (stopped || this.closed || !(error instanceof Unreachable)) throw error;
        this.notifications.note(error.message, "server");
        await new Promise((again) => {
          setTimeout(again, LOST_MS);
          this.stopRetrying = () => again((stopped = true));
        });
        if (stopped) throw error;
      } finally {
        this.stopRetrying = null;
      }
    }
  }

  // --- verbs

  async #do(verb, said) {
    try {
      await this.follower.after(verb);
      if (said) this.notifications.status(said);
      return true;
    } catch (error) {
      this.#note(error, "verb");
      return false;
    }
  }

  /** Take back what runs now, or the group of the queue that is given. */
  async cancel(group = this.queue[0]) {
    this.giveUp();
    if (!group) return;
    this.notifications.status(t("status.cancelling"));
    this.cancelling = true; // the jobs move meanwhile: nothing can be planned on it
    const first = group.replay ? group.revisions.slice(0, 1) : group.revisions; // the steps of a replay go together
    for (const revision of first) await this.#do(this.server.step(this.id, "cancel", revision));
    this.cancelling = false;
    this.askPlan();
  }

  /** Let a group of the queue be kept before the one in front of it. */
  sooner(group) {
    const waiting = this.queue.slice(1);
    const at = waiting.findIndex(({ key }) => key === group.key);
    if (at < 1) return;
    [waiting[at - 1], waiting[at]] = [waiting[at], waiting[at - 1]];
    return this.#do(this.server.reorder(this.id, waiting.flatMap(({ revisions }) => revisions)));
  }

  /** Strokes that were not sent yet are taken back first, then the document's edits. */
  undo() {
    if (this.painting) return;
    if (!this.draftEditor.undo() && this.canUndo) this.#do(this.server.move(this.id, "undo"), t("status.undone"));
  }

  redo() {
    if (this.painting) return;
    if (!this.draftEditor.redo() && this.canRedo) this.#do(this.server.move(this.id, "redo"), t("status.redone"));
  }

  // --- the history

  /** The tree of states, asked for anew when something in it may be another; null while the last one stands. */
  async askTree() {
    const { head, tip, running } = this.state;
    const now = JSON.stringify([head, tip, running.map(({ revision }) => revision), this.treeChanges]);
    if (now === this.treeOf) return null;
    this.treeOf = now;
    try {
      return await this.server.tree(this.id);
    } catch (error) {
      this.treeOf = null; // with the next state
      this.#note(error, "tree");
      return null;
    }
  }

  /** Show another state of the history. */
  visit(revision) {
    this.peeked = null;
    if (this.amending) this.amend(null);
    if (!this.busy && revision !== this.state.head) return this.#do(this.server.step(this.id, "checkout", revision));
  }

  /** Show a variation in place while somebody looks at it; null: what the document shows. */
  peek(revision) {
    if (this.busy || this.closed || this.looking) return;
    this.peeked = revision;
    this.#turnTo(this.#shown);
  }

  /** Look at a step that is being changed, whatever the document shows meanwhile; null: as before. */
  look(revision) {
    this.looking = revision;
    return this.picture.revision === this.#shown ? null : this.#turnTo(this.#shown);
  }

  /** Another state's picture, ready to be drawn over this one. */
  async beside(revision) {
    const other = new Picture(this.server, this.cache, this.draw);
    try {
      await other.show(revision, this.viewport.view, this.viewport);
    } catch (error) {
      this.#note(error, "picture");
      return null;
    }
    return other;
  }

  async rename(revision, name) {
    await this.#do(this.server.rename(this.id, revision, name));
    this.#treeChanged();
  }

  renameDocument(name) {
    return this.#do(this.server.renameDocument(this.id, name));
  }

  /** Take a step and what was made on it out of the history, with a way back. */
  async discard({ revision, parent }) {
    if (this.busy || !parent) return;
    const { head } = this.state;
    if (!(await this.#do(this.server.step(this.id, "discard", revision)))) return;
    this.#treeChanged();
    const recover = async () => {
      await this.#do(this.server.step(this.id, "recover", revision));
      await this.visit(head);
      this.#treeChanged();
    };
    this.notifications.note(t("note.discarded"), "discarded", "info", { label: t("note.have_back"), press: recover });
  }

  /** Paint a step's mask again. */
  async reuse({ revision, box }) {
    if (!this.draft || this.painting || !box?.[2]) return;
    try {
      this.draftEditor.paste(box, await this.server.mask(revision, box[2], box[3]));
    } catch (error) {
      this.#note(error, "verb");
    }
  }

  /** Whether a step can be changed now: while steps are replayed none can, which is said. */
  mayAmend() {
    const replaying = this.state.running.some(({ replay }) => replay);
    if (replaying) this.notifications.status(t("status.replaying"));
    return Boolean(this.draft && !this.painting && !this.submitting && !replaying);
  }

  /**
   * The next edit changes this step, and the later ones are made again: its picture is looked at and its mask, or its
   * frame, is up, the draft laid aside. null: the next edit is a new one, and all is as before.
   */
  async amend(node) {
    if (!node) {
      this.amending = null;
      this.setFrame(null);
      this.draftEditor.takeBack();
      const turned = this.look(null);
      if (!turned) this.draftEditor.reframe(this.picture.box);
      this.amended();
      this.changed();
      await turned;
      return;
    }
    this.setFrame(null);
    this.draftEditor.setAside();
    this.amending = node;
    const { margins } = node.edit;
    const moved = margins.some(Boolean);
    await this.look(moved ? node.parent : node.revision);
    if (this.amending !== node) return;
    if (moved) {
      const [[x, y, width, height], [left, top, right, bottom]] = [this.picture.box, margins];
      this.setFrame([x - left, y - top, width + left + right, height + top + bottom]);
    }
    await this.reuse(node);
    const replay = await this.server.replayed(this.id, node.revision).catch(() => null);
    if (this.amending !== node || !replay) return;
    this.amending = { ...node, ...replay };
    this.changed();
  }

  /** A step as it would be with another blend, in place; null: as it is. */
  async tryBlend(revision, blend) {
    this.trying = blend;
    if (!blend) {
      this.#dropPreview();
      return;
    }
    try {
      const { bitmap, box } = await this.server.reblended(revision, blend);
      if (this.closed || this.trying !== blend) return; // another was asked for meanwhile
      this.picture.preview = { revision: null, bitmap, box };
      this.viewport.invalidatePicture();
    } catch (error) {
      this.#note(error, "verb");
    }
  }

  async reblend(revision, blend) {
    this.trying = null;
    if (!(await this.#do(this.server.reblend(this.id, revision, blend), t("status.reblended")))) this.#dropPreview();
    this.look(null);
  }

  #treeChanged() {
    this.treeChanges += 1;
    this.changed();
  }

  // --- masks the server makes

  /** What the picture itself says: see `Server.select`. rough: a stroke's { box, values } for the edge-aware tool. */
  async select(asked, away, rough = null) {
    try {
      const found = await this.server.select(this.id, { ...asked, revision: this.picture.revision }, rough);
      if (this.closed) return;
      if (found) this.draftEditor.paste(found.box, found.values, away);
      else this.notifications.status(t("status.nothing_selected"));
    } catch (error) {
      this.#note(error, "verb");
    }
  }

  /** verb: "grow", "shrink" or "soften" the mask by so many pixels. */
  async changeMask(verb, by) {
    const box = this.mask?.bounds();
    if (!box || this.painting) return;
    try {
      const changed = await this.server.changeMask(this.id, verb, by, { box, values: this.mask.crop(box) });
      if (!this.closed) this.draftEditor.replaceMask(changed);
    } catch (error) {
      this.#note(error, "verb");
    }
  }

  /** Paint the mask of the last edit again. */
  async recall() {
    if (!this.draft || !this.recallable || this.painting) return;
    if (this.tracker.lastMask) this.draftEditor.pasteMask(this.tracker.lastMask);
    else await this.reuse(this.state.last_mask);
  }
}
