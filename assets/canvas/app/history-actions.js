// What the history's buttons do with the panel, the form, the tool and the document together.

import { title } from "../panels/history-rows.js";

export class HistoryActions {
  /** editor: the Editor they act on. */
  constructor(editor) {
    this.editor = editor;
    this.toolBefore = "brush"; // chosen before a step was amended
  }

  /** Brings back a step's mask and prompt for a new edit. */
  async reuse(step) {
    this.editor.form.put({ prompt: step.edit.prompt });
    await this.editor.doc?.masks.reuse(step);
  }

  /** Takes up a step's settings for a new edit. */
  recall(step) {
    this.editor.adjusting.recall(step.edit);
    return this.editor.form.recall(step);
  }

  /** Lets the next edit replace a step: brings back its mask, prompt and settings, and puts the user's own aside. */
  async amend(step) {
    if (!this.look(step)) return;
    const { adjusting, doc, form, panels, tool } = this.editor;
    this.toolBefore = tool.name;
    panels.side.uncover();
    form.amend(step);
    adjusting.amend(step.edit);
    await doc.amendment.start(step);
  }

  /** The step was sent or is left as it was: brings back the user's settings and tool. */
  amended() {
    this.editor.form.takeBack();
    this.editor.adjusting.takeBack();
    this.editor.tool.choose(this.toolBefore);
  }

  /** Compares two states, nodes of the history, in the way that is chosen, or split by a line. */
  compare(before, after) {
    const { compare, doc, panels } = this.editor;
    if (!doc) return;
    doc.display.peek(null);
    panels.side.uncover();
    compare.show(doc, compare.mode ?? "split", { before: before.revision, after: after.revision, names: [title(before), title(after)] });
  }

  /** Shows a step that is to be amended or blended, null: no more. False if it cannot be changed now. */
  look(step) {
    const { compare, doc, panels } = this.editor;
    if (!doc || (step && !doc.amendment.mayStart())) return false;
    compare.stop();
    this.editor.floating.drop();
    if (step) panels.history.stop();
    if (step && doc.amendment.step) doc.amendment.stop();
    doc.display.look(step?.revision ?? null);
    return true;
  }
}
