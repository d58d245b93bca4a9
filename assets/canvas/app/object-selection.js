// Selects objects, where the server has a model that finds them: shows what a click would take, takes it, and refines the
// object that was taken last by further points. Where it has a model that reads words, takes what they name.

import { intersect, union } from "../lib/boxes.js";
import { t } from "../lib/locale.js";

const POLL_MS = 300; // between two questions whether the picture is read
const LOOK_MS = 100; // between two looks at what a click would take

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const closed = (line) => `M${line.map((n, i) => (i % 2 ? n : `${i ? "L" : ""}${n} `)).join("")}z`;
const dots = (points) => points.map(([x, y]) => `M${x + 0.5} ${y + 0.5}h0`).join("");

export class ObjectSelection {
  /** editor: the Editor whose document is selected in. */
  constructor(editor) {
    this.editor = editor;
    this.installed = null; // whether there is a model that finds objects; null until that is known
    this.byWords = false; // whether there is one that finds what words name
    this.naming = false; // whether words wait for it
    this.reading = null; // what waits until a picture is read, an object of its own
    this.ready = null; // the one whose picture is read
    this.asked = null; // the one that the server was asked about last
    this.object = null; // the one that was selected last, see `#take`
    this.presses = Promise.resolve(); // settles when the clicks so far are worked off
    this.waiting = 0; // how many of them are not
    this.next = null; // the look that is to be made: { point, subtract }
    this.shown = null; // the one that was made last
    this.looking = false;
  }

  /** "object" where the smart-select tool finds objects, else "edge". */
  get tool() {
    return this.installed ? "object" : "edge";
  }

  /** What the tool's options say: "none", "reading", "ready", or "" while nothing is known. */
  get state() {
    if (this.naming) return "reading";
    if (this.installed === null) return "";
    if (!this.installed) return "none";
    return this.ready === this.editor.doc?.picture.revision ? "ready" : "reading";
  }

  get #inHand() {
    return this.editor.tool.active === "edge";
  }

  /** The tool is taken up, or a model has come or gone: asks anew whether there is one. */
  recheck() {
    this.asked = null;
    this.editor.refresh();
  }

  /** Begins to read the picture on screen if the tool is in hand and it is not read. */
  refresh() {
    const { doc } = this.editor;
    if (!doc || !this.#inHand) return this.leave();
    const { revision } = doc.picture;
    if (this.object && !this.#current(doc)) this.finish();
    if (revision && revision !== this.asked) this.#read(doc, revision);
  }

  /** Waits until the server has read a picture; newer ones end it. */
  async #read(doc, revision) {
    const mine = (this.reading = {});
    this.asked = revision;
    const wanted = () => this.reading === mine && this.editor.doc === doc && this.#inHand;
    try {
      for (;;) {
        const { state, words } = await doc.server.selectObject(doc.id, { revision, points: [], box: null, look: true });
        if (this.reading !== mine) return;
        const changed = this.installed !== (state !== "none") || this.byWords !== words || state === "ready";
        this.installed = state !== "none";
        this.byWords = words;
        if (state === "ready") this.ready = revision;
        if (changed) this.editor.refresh();
        if (state !== "reading" || !wanted()) break;
        await pause(POLL_MS);
      }
      if (this.reading === mine && !wanted() && this.ready !== revision) this.asked = null; // the tool was put down meanwhile
    } catch (error) {
      if (wanted()) doc.requests.report(error, "command");
    } finally {
      if (this.reading === mine) this.reading = null;
    }
  }

  // --- what a click means

  /** Whether the object that was selected last is still what was done last. */
  #current(doc) {
    const { object } = this;
    return object?.draft === doc.draft && object.revision === doc.picture.revision && doc.draft.undoSteps.at(-1) === object.after;
  }

  /**
   * What a press asks for. A point within the object that was selected last refines it, any other begins another one.
   * Returns { points: [[x, y, inside], ...], box, subtract: whether the object is taken from the mask, refines }.
   */
  #prompt(doc, { point, box, subtract }) {
    if (box) return { points: [], box, subtract, refines: null };
    const refines = this.#current(doc) && intersect(this.object.bounds, [...point, 1, 1]) ? this.object : null;
    if (!refines) return { points: [[...point, true]], box: null, subtract, refines };
    return { points: [...refines.points, [...point, subtract === refines.subtract]], box: refines.box, subtract: refines.subtract, refines };
  }

  /** The server's answer; null where it has to read the picture once more, since its models were started anew. */
  async #ask(doc, { points, box }, look) {
    const { revision } = doc.picture;
    const answer = await doc.server.selectObject(doc.id, { revision, points, box, look });
    if (answer.state === "ready") return answer;
    if (this.ready === revision) this.ready = null;
    this.recheck();
    return null;
  }

  press(press) {
    this.leave();
    return this.#queue((doc) => this.#work(doc, press));
  }

  /** Clicks and words are worked off one after another, since a click may refine what the one before has selected. */
  #queue(work) {
    const { doc } = this.editor;
    this.waiting += 1;
    this.editor.refresh();
    const one = async () => {
      try {
        await work(doc);
      } catch (error) {
        doc.requests.report(error, "command");
      } finally {
        this.waiting -= 1;
        this.editor.refresh();
      }
    };
    this.presses = this.presses.then(one);
    return this.presses;
  }

  async #work(doc, press) {
    const wanted = () => this.editor.doc === doc && doc.draft && !doc.painting && this.#inHand;
    do {
      while (this.reading && wanted()) await pause(POLL_MS);
    } while (wanted() && this.installed && !(await this.#take(doc, press.again ?? this.#prompt(doc, press))));
  }

  /** Adds to the mask what words name, or takes it away; whatever tool is in hand by then. */
  name(words, subtract) {
    return this.#queue(async (doc) => {
      this.finish();
      this.naming = true;
      this.editor.refresh();
      try {
        await this.#takeNamed(doc, words, subtract);
      } finally {
        this.naming = false;
      }
    });
  }

  async #takeNamed(doc, words, subtract) {
    const { draft, picture } = doc;
    const { revision } = picture;
    const wanted = () => !doc.closed && doc.draft === draft && picture.revision === revision;
    for (;;) {
      const { state, mask } = await doc.server.selectByWords(doc.id, { revision, words });
      while (doc.painting && wanted()) await pause(POLL_MS);
      if (!wanted()) return;
      if (state === "none") return this.recheck(); // the model was removed
      if (state === "ready") {
        if (mask) doc.draftEditor.paste(mask.box, mask.values, subtract);
        else doc.notifications.status(t("status.nothing_selected"));
        return;
      }
      await pause(POLL_MS);
    }
  }

  /** Selects an object, in place of the one that it refines: both are one step of the draft. False if the picture is not read. */
  async #take(doc, prompt) {
    const { draft, draftEditor, picture } = doc;
    const { revision } = picture;
    const answer = await this.#ask(doc, prompt, false);
    if (!answer) return false;
    if (doc.closed || doc.draft !== draft || picture.revision !== revision || doc.painting) return true;
    if (prompt.refines && !this.#current(doc)) return true; // something else was painted meanwhile
    if (prompt.refines) this.#undo(doc);
    const { mask } = answer;
    if (!mask) doc.notifications.status(t("status.nothing_selected"));
    const before = draft.undoSteps.at(-1);
    if (mask) draftEditor.paste(mask.box, mask.values, prompt.subtract);
    const { points, box, subtract } = prompt;
    const bounds = [mask?.box, box].filter(Boolean).reduce(union, null);
    this.object = bounds && { points, box, subtract, bounds, draft, revision, before, after: draft.undoSteps.at(-1) };
    this.#showPoints();
    return true;
  }

  /** Takes the last object back out of the mask. */
  #undo(doc) {
    if (this.object.after !== this.object.before) doc.draftEditor.undo();
    this.object = null;
  }

  #showPoints() {
    const points = this.object?.points ?? [];
    const { guides } = this.editor.viewport;
    guides.show("inside", dots(points.filter(([, , inside]) => inside)));
    guides.show("beside", dots(points.filter(([, , inside]) => !inside)));
  }

  /** The object is as it should be: the next click begins another. False if there is none. */
  finish() {
    if (!this.object) return false;
    this.object = null;
    this.#showPoints();
  }

  /** Takes back the last point of the object. False if there is none. */
  back() {
    const { doc } = this.editor;
    if (!this.object || !this.#current(doc)) return false;
    const { points, box, subtract } = this.object;
    if (points.length + (box ? 1 : 0) < 2) this.drop();
    else this.press({ again: { points: points.slice(0, -1), box, subtract, refines: this.object } });
  }

  /** Takes the object back. True if there was one. */
  drop() {
    const { doc } = this.editor;
    if (!this.object || !this.#inHand || !this.#current(doc)) return false;
    this.#undo(doc);
    this.#showPoints();
    this.leave();
    return true;
  }

  // --- what a click would take

  /** Shows what a click at a point [x, y] would take, soon: of several points the last one counts. */
  look(point, subtract) {
    const before = this.next ?? this.shown;
    if (before?.subtract === subtract && before.point.every((n, i) => n === point[i])) return;
    this.next = { point, subtract };
    if (!this.looking) this.#look();
  }

  async #look() {
    this.looking = true;
    while (this.next) {
      const { doc } = this.editor;
      const press = this.next;
      this.next = null;
      if (!doc?.draft || this.state !== "ready" || this.waiting) break;
      this.shown = press;
      try {
        const answer = await this.#ask(doc, this.#prompt(doc, press), true);
        if (answer && this.shown === press && !doc.closed) this.editor.viewport.guides.show("look", answer.lines.map(closed).join(""));
      } catch {
        // the click will say why
      }
      await pause(LOOK_MS);
    }
    this.looking = false;
  }

  /** The pointer is elsewhere: nothing is shown any more. */
  leave() {
    if (!this.next && !this.shown) return;
    this.next = this.shown = null;
    this.editor.viewport.guides.show("look", null);
  }
}
