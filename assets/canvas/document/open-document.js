// One open document. The truth lies on the server; here is what is on screen, and what is painted and not sent yet. The
// parts of it are classes of their own, which reach each other through it.

import { sameBox } from "../lib/boxes.js";
import { AdjustPreview } from "./adjust-preview.js";
import { DocumentHistory } from "./document-history.js";
import { Draft } from "../draft/draft.js";
import { DraftEditor } from "../draft/draft-editor.js";
import { EditPlan } from "./edit-plan.js";
import { EditTracker } from "./pending-edits.js";
import { Follower } from "./polling.js";
import { Frame } from "./frame.js";
import { JobQueue } from "./job-queue.js";
import { LayerArrangement } from "./layer-arrangement.js";
import { MaskTools } from "./mask-tools.js";
import { Missing } from "../net/responses.js";
import { loadKind, saveKind } from "./picture-kind.js";
import { PictureDisplay } from "./picture-display.js";
import { Requests } from "./requests.js";
import { RunProgress } from "./run-progress.js";
import { StepAmendment } from "./step-amendment.js";
import { StepBlend } from "./step-blend.js";
import { Submission } from "./submission.js";
import { t } from "../lib/locale.js";

export class OpenDocument {
  /**
   * state: as the server gave it. changed({ opened }): what can be pressed or read is out of date; opened: the picture is
   * there for the first time. gone(error): the server has no such document. ended(status): an edit of this tab ended.
   * request(): the settings as an edit for the plan, or null. adjusting(): see `AdjustPreview`. restored(prompts): takes the prompts of an earlier visit and
   * returns those to go on with. amended(): no step is amended any more.
   */
  constructor(state, { server, viewport, notifications, eta, changed, gone, ended, request, adjusting, restored, amended }) {
    Object.assign(this, { id: state.document, state, server, viewport, notifications, eta, changed, gone, ended, request, restored, amended });
    this.closed = false;
    this.lost = false; // the server did not answer, and no state has come since
    this.kind = loadKind(this.id); // what the user says that it is; null: as the server sees it
    this.follower = new Follower({
      load: () => server.state(this.id, this.pending.revisions, this.run ? this.state.beat : null),
      show: (next) => this.#update(next),
      lost: (error) => {
        eta.interrupt();
        this.lost = true;
        if (error instanceof Missing) this.gone(error);
        else this.requests.report(error, "server");
      },
    });
    this.requests = new Requests(this.follower, notifications);
    this.plan = new EditPlan(this);
    this.queue = new JobQueue(this);
    this.runProgress = new RunProgress(eta);
    this.progress = null; // of what runs, see RunProgress
    this.waits = false; // whether a job is there and nobody works on it
    this.display = new PictureDisplay(this, () => this.#turned());
    this.picture = this.display.picture;
    this.frame = new Frame(this.picture, () => this.#replan());
    this.draftEditor = new DraftEditor(this.id, viewport, {
      acted: () => {
        notifications.status("");
        if (this.painting) this.changed(); // what lies over the sketch gives way to it
      },
      changed: () => {
        if (this.draft?.mask.empty) this.draft.keepSpecks = false;
        this.#replan();
      },
    });
    this.tracker = new EditTracker({
      server, viewport, notifications, draftEditor: this.draftEditor, ended,
      runStatus: () => this.runStatus,
      dropPreviews: (done) => {
        this.display.previews.forget();
        if (!done) this.display.dropPreview();
      },
    });
    this.masks = new MaskTools(this);
    this.history = new DocumentHistory(this);
    this.layers = new LayerArrangement(this);
    this.amendment = new StepAmendment(this);
    this.adjustPreview = new AdjustPreview(this, adjusting);
    this.blend = new StepBlend(this);
    this.submission = new Submission(this);
    this.#update(state);
    this.follower.start();
  }

  close() {
    this.submission.giveUp();
    if (this.amendment.step) this.amendment.stop();
    this.draftEditor.store();
    this.closed = this.tracker.closed = this.requests.closed = true;
    this.follower.stop();
    this.display.previews.forget();
    this.viewport.clear();
  }

  /** The user says what the picture is: "drawing" or "photograph". */
  setKind(kind) {
    this.kind = kind;
    saveKind(this.id, kind);
    this.plan.refresh();
  }

  /** The running job, or null. */
  get run() {
    return this.state.running[0] ?? null;
  }

  get busy() {
    return this.submitting || this.run !== null;
  }

  /** Whether nobody works on jobs, so that whatever runs is queued. */
  get stalled() {
    return Boolean(this.state.trouble);
  }

  /** What the status line says of a job. */
  get runStatus() {
    return t(this.stalled ? "queue.waits" : "status.repainting");
  }

  get submitting() {
    return this.tracker.sending !== null;
  }

  get pending() {
    return this.tracker.pending;
  }

  get draft() {
    return this.draftEditor.draft;
  }

  get mask() {
    return this.draft?.mask ?? null;
  }

  get painting() {
    return this.draftEditor.painting;
  }

  /** Whether this user may do more than look at it. */
  get mayEdit() {
    return this.state.may !== "look";
  }

  get canUndo() {
    return this.mayEdit && Boolean(this.draft?.canUndo || (this.state.can_undo && !this.busy && !this.display.stepRevision));
  }

  get canRedo() {
    return this.mayEdit && Boolean(this.draft?.canRedo || ((this.state.can_redo || this.layers.canRedo) && !this.busy && !this.display.stepRevision));
  }

  /** Whether the newest job, or the step on show, can be generated again. */
  get canRepeat() {
    return this.mayEdit && !this.submitting && !this.amendment.step && (this.run !== null || this.state.can_undo);
  }

  /**
   * What an edit is made on: the last job, or what is on screen, so that nobody's change is painted over unseen. A state that
   * the pointer is over is only looked at.
   */
  get parent() {
    const { head, tail } = this.state;
    const { settled, stepRevision } = this.display;
    if (this.amendment.step) return this.amendment.step.parent;
    return tail === head && !stepRevision ? settled : tail;
  }

  /** Takes back strokes that are not sent yet first, then the document's edits; what was done to layers since, before all. */
  undo() {
    if (this.painting || (this.layers.changedLast && this.layers.undo())) return;
    if (!this.draftEditor.undo() && this.canUndo && !this.layers.undo()) this.requests.run(this.server.move(this.id, "undo"), t("status.undone"));
  }

  redo() {
    if (this.painting) return;
    if (!this.draftEditor.redo() && this.canRedo && !this.layers.redo()) this.requests.run(this.server.move(this.id, "redo"), t("status.redone"));
  }

  rename(name) {
    return this.requests.run(this.server.renameDocument(this.id, name));
  }

  /** Follows a state of the server. Returns whether a job runs. */
  #update(state) {
    this.notifications.dismiss("server");
    const moved = state.tail !== this.state.tail;
    const back = this.lost || (this.state.trouble && !state.trouble); // nothing could be planned until now
    this.lost = false;
    this.state = state;
    this.tracker.update(state);
    this.display.update();
    this.#showProgress();
    for (const [topic, sentence] of [["trouble", state.trouble], ["retry", this.run?.retry]]) {
      if (sentence) this.notifications.note(sentence, topic);
      else this.notifications.dismiss(topic);
    }
    this.#sayWhetherItWaits();
    if (moved || back) this.plan.refresh(); // after a move the edit has another parent
    this.changed();
    return this.run !== null;
  }

  /** A job that nobody works on is queued, whatever was said when it was sent. */
  #sayWhetherItWaits() {
    const waits = this.stalled && this.run !== null;
    if (waits === this.waits) return;
    this.waits = waits;
    if (this.run) this.notifications.status(this.runStatus);
  }

  #showProgress() {
    const { eta, notifications, run, state } = this;
    this.progress = this.runProgress.update(state.running, this.stalled);
    if (run) {
      if (run.serial) this.display.previews.want(run.revision, run.serial);
      notifications.progress(this.progress);
    } else {
      eta.finish();
      if (!this.submitting) notifications.progress(null);
    }
  }

  #replan() {
    this.plan.refresh();
    this.changed();
  }

  /** Another revision's picture is in place: fits the draft to its box. */
  async #turned() {
    if (!this.draft) await this.#begin();
    else if ((this.amendment.step || !this.display.stepRevision) && !sameBox(this.picture.box, this.draft.box)) {
      this.frame.set(null);
      this.draftEditor.reframe(this.picture.box);
    }
  }

  /** The first picture is in place: begins a draft, and loads what an earlier visit left. */
  async #begin() {
    this.draftEditor.setDraft(new Draft(this.picture.box));
    this.changed({ opened: true });
    await this.draftEditor.restore();
    if (this.closed) return;
    this.draftEditor.setPrompts(this.restored(this.draftEditor.prompts));
    this.tracker.draftReady();
  }
}
