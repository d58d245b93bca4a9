// One open document: what the server says of it, its picture on the stage, the mask in the making and the mask at work.
// What is true lies on the server; here is only what is on screen, and the strokes that were not sent yet.

import { dropDraft, findDraft, keepDraft } from "./drafts.js";
import { Follower, Previews } from "./follow.js";
import { Mask } from "./mask.js";
import { Picture } from "./picture.js";
import { encodeGrey } from "./png.js";
import { Missing, Unreachable } from "./server.js";
import { rested } from "./time.js";
import { TileCache } from "./tiles.js";

const DRAFT_MS = 400;

export class OpenDocument {
  /** state: as the server gave it. changed(): something to press or to read is different now. gone(error): it is not there. */
  constructor(state, { server, stage, notices, changed, gone }) {
    Object.assign(this, { id: state.document, state, server, stage, notices, changed, gone });
    this.mask = null; // Mask in the making, once the picture's box is known
    this.sent = null; // { revision, mask, taken }: the mask at work
    this.last = null; // the Mask sent last
    this.owed = null; // a Mask that came back before there was one to put it in
    this.submitting = false;
    this.closed = false;
    this.previewsShown = 0;
    this.treeOf = null; // what the tree that was asked for last depends on
    this.treeChanges = 0;
    this.peeked = null; // the variation that is looked at
    const draw = () => stage.invalidatePicture();
    this.picture = new Picture(server, new TileCache((digest) => server.tile(digest), draw), draw);
    this.previews = new Previews({
      load: (revision, serial) => server.preview(revision, serial),
      show: (revision, bitmap) => this.#showPreview(revision, bitmap),
    });
    this.follower = new Follower({
      ask: () => server.state(this.id, this.sent?.revision),
      show: (now) => this.#show(now),
      lost: (error) => this.#lost(error),
    });
    this.saveDraft = rested(DRAFT_MS, () => this.closed || keepDraft(this.id, this.mask));
    stage.picture = this.picture;
    this.#show(state);
    this.follower.start();
  }

  close() {
    this.closed = true;
    this.follower.stop();
    this.previews.forget();
    this.stage.clear();
  }

  get run() {
    return this.state.running[0] ?? null;
  }

  get busy() {
    return this.submitting || this.run !== null;
  }

  get canUndo() {
    return Boolean(this.mask?.canUndo || (this.state.can_undo && !this.busy));
  }

  get canRedo() {
    return Boolean(this.mask?.canRedo || (this.state.can_redo && !this.busy));
  }

  get painting() {
    return Boolean(this.mask?.stroke);
  }

  get recallable() {
    return Boolean(this.last || this.state.last_mask);
  }

  // --- what the server says

  /** Show a state; true while something runs. */
  #show(state) {
    this.notices.dismiss("server");
    this.state = state;
    const { run } = this;
    if (state.watched && this.sent) this.#settle(state.watched);
    else if (run && !this.sent && !this.submitting) this.#adopt(run);
    const shown = this.peeked && state.variations.includes(this.peeked) ? this.peeked : state.head;
    if (shown === this.picture.revision) this.picture.stay();
    else this.#turnTo(shown);
    if (run?.serial) this.previews.want(run.revision, run.serial);
    if (run) this.notices.progress(run.index, run.total);
    else if (!this.submitting) this.notices.progress(null);
    if (state.trouble) this.notices.note(state.trouble, "trouble");
    else this.notices.dismiss("trouble");
    this.changed();
    return run !== null;
  }

  /** Show another revision's picture; the preview stays until the result stands in its place. */
  async #turnTo(revision) {
    try {
      if (!(await this.picture.show(revision, this.stage.view, this.stage)) || this.closed) return;
    } catch (error) {
      if (!this.closed) this.#note(error, "picture");
      return; // asked for again with the next state
    }
    if (this.picture.preview && this.picture.preview.revision !== this.run?.revision) this.#dropPreview();
    if (this.stage.fitted) this.stage.fit();
    else this.stage.invalidate();
    if (!this.mask) await this.#newMask();
  }

  async #newMask() {
    this.mask = new Mask(this.picture.box);
    this.stage.setMask(this.mask);
    this.changed({ opened: true });
    const draft = await findDraft(this.id).catch(() => null);
    if (this.closed || !this.mask.empty) return;
    if (draft) this.#paste(draft.box, draft.alpha);
    else if (this.owed) this.#pasteAll(this.owed);
    this.owed = null;
  }

  #showPreview(revision, bitmap) {
    const { run } = this;
    if (this.closed || run?.revision !== revision || !run.box) return;
    this.picture.preview = { revision, bitmap, box: run.box };
    this.previewsShown += 1;
    this.stage.invalidatePicture();
  }

  #dropPreview() {
    this.picture.preview = null;
    this.stage.invalidatePicture();
  }

  #lost(error) {
    if (error instanceof Missing) this.gone(error);
    else this.#note(error, "server");
  }

  #note(error, topic) {
    this.notices.note(error.message, error instanceof Unreachable ? "server" : topic);
  }

  // --- the mask at work

  /** A run this tab did not start, or started before it was reloaded: follow it, its mask on screen. */
  async #adopt(run) {
    const sent = { revision: run.revision, mask: null, taken: null };
    this.sent = sent;
    this.notices.status("Repainting…");
    const alpha = await this.server.mask(run.revision, run.mask[2], run.mask[3]).catch(() => null);
    if (!alpha || this.sent !== sent) return;
    sent.mask = new Mask(run.mask);
    sent.mask.begin();
    sent.mask.paste(run.mask, alpha);
    sent.mask.end();
    this.stage.setSent(sent.mask);
  }

  /** What became of the wish this tab follows. */
  #settle({ revision, status, error }) {
    this.sent.revision ??= revision;
    if (status === "waiting" || this.sent.revision !== revision) return;
    const { mask, taken } = this.sent;
    this.sent = null;
    this.last = mask ?? this.last;
    this.stage.setSent(null);
    this.previews.forget();
    const { head, variations } = this.state;
    if (status === "done" && (head === revision || variations.includes(revision))) {
      // the preview stays until the picture is here
      this.notices.status(variations.length > 1 ? "Done. Pick one below; all are kept." : "Done.");
      return;
    }
    this.#dropPreview();
    if (status !== "done") this.#giveBack(mask, taken);
    this.notices.status(status === "cancelled" ? "Cancelled. The picture is as it was." : "");
    if (status === "done") this.notices.note("The picture had moved on, so the result was not put in its place.", "run", "info");
    if (status === "failed") this.notices.note(error, "run");
  }

  /** The wish came to nothing: its mask is the user's again, unless a new one is being painted. */
  #giveBack(mask, taken) {
    if (!this.mask) this.owed = mask; // given when the picture is here
    if (!mask || !this.mask?.empty) return;
    if (taken) {
      this.mask.restore(taken);
      this.stage.setMask(this.mask);
      this.saveDraft();
    } else {
      this.#pasteAll(mask);
    }
  }

  /**
   * Ask for what is painted and written. wish: { prompt, negative_prompt, pipeline, steps, guidance, seed, feather,
   * variations, strength, opacity }.
   * False when nothing is painted.
   */
  async submit(wish) {
    const box = this.mask?.bounds();
    if (!box) return false;
    this.notices.dismiss("run");
    const parent = this.peeked ? this.state.head : this.picture.revision; // looking at a variation picks none
    this.peeked = null;
    const alpha = this.mask.crop(box);
    const taken = this.mask.take();
    const mask = new Mask(this.mask.box);
    mask.tiles = taken.tiles;
    this.sent = { revision: null, mask, taken };
    this.submitting = true;
    this.stage.setMask(this.mask);
    this.stage.setSent(mask);
    this.notices.status("Repainting…");
    this.notices.progress(0, 0);
    this.changed();
    try {
      const png = await encodeGrey(alpha, box[2], box[3]);
      await this.follower.after(this.server.submit(this.id, { ...wish, box, parent }, png));
      dropDraft(this.id);
    } catch (error) {
      this.sent = null;
      this.last = mask;
      this.stage.setSent(null);
      this.#giveBack(mask, taken);
      this.notices.status("");
      this.notices.progress(null);
      this.notices.note(error.message, "run");
    } finally {
      this.submitting = false;
      this.changed();
    }
    return true;
  }

  // --- verbs

  async #do(verb, said) {
    try {
      await this.follower.after(verb);
      if (said) this.notices.status(said);
    } catch (error) {
      this.#note(error, "verb");
    }
  }

  async cancel() {
    if (!this.run) return;
    this.notices.status("Cancelling…");
    for (const { revision } of this.state.running) await this.#do(this.server.cancel(this.id, revision));
  }

  /** Strokes that were not sent yet are taken back first, then the document's edits. */
  undo() {
    if (this.painting) return;
    const touched = this.mask?.undo();
    if (touched) this.#painted(touched);
    else if (this.canUndo) this.#do(this.server.move(this.id, "undo"), "Undone.");
  }

  redo() {
    if (this.painting) return;
    const touched = this.mask?.redo();
    if (touched) this.#painted(touched);
    else if (this.canRedo) this.#do(this.server.move(this.id, "redo"), "Redone.");
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
    if (!this.busy && revision !== this.state.head) return this.#do(this.server.step(this.id, "checkout", revision));
  }

  /** Show a variation in place while somebody looks at it; null: what the document shows. */
  peek(revision) {
    if (this.busy || this.closed) return;
    this.peeked = revision;
    this.#turnTo(revision ?? this.state.head);
  }

  async rename(revision, name) {
    await this.#do(this.server.rename(this.id, revision, name));
    this.#treeChanged();
  }

  /** Take a step and what was made on it out of the history, with a way back. */
  async discard({ revision, parent }) {
    if (this.busy || !parent) return;
    const { head } = this.state;
    await this.#do(this.server.step(this.id, "discard", revision));
    this.#treeChanged();
    const recover = async () => {
      await this.#do(this.server.step(this.id, "recover", revision));
      await this.visit(head);
      this.#treeChanged();
    };
    this.notices.note("Taken out of the history, with what was made on it.", "discarded", "info", { label: "Have it back", press: recover });
  }

  /** Paint a step's mask again. */
  async reuse({ revision, box }) {
    if (!this.mask || this.painting) return;
    try {
      this.#paste(box, await this.server.mask(revision, box[2], box[3]));
    } catch (error) {
      this.#note(error, "verb");
    }
  }

  #treeChanged() {
    this.treeChanges += 1;
    this.changed();
  }

  beginStroke() {
    this.notices.status("");
    this.mask?.begin();
  }

  /** value: 255 paints, 0 erases; the rest in plane pixels. */
  stroke(x0, y0, x1, y1, radius, value) {
    if (this.painting) this.stage.maskChanged(this.mask.segment(x0, y0, x1, y1, radius, value));
  }

  endStroke() {
    if (!this.painting) return;
    this.mask.end();
    this.#painted(null);
  }

  clearMask() {
    if (!this.mask || this.mask.empty || this.painting) return;
    this.notices.status("");
    this.mask.begin();
    const touched = this.mask.clear();
    this.mask.end();
    this.#painted(touched);
  }

  /** Paint the mask of the last wish again. */
  async recall() {
    if (!this.mask || !this.recallable || this.painting) return;
    this.notices.status("");
    if (this.last) {
      this.#pasteAll(this.last);
      return;
    }
    await this.reuse(this.state.last_mask);
  }

  #pasteAll(mask) {
    const box = mask.bounds();
    if (box) this.#paste(box, mask.crop(box));
  }

  #paste(box, alpha) {
    this.endStroke();
    this.mask.begin();
    const touched = this.mask.paste(box, alpha);
    this.mask.end();
    this.#painted(touched);
  }

  #painted(touched) {
    this.stage.maskChanged(touched);
    this.saveDraft();
    this.changed();
  }
}
