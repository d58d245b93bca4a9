// The easel: the draft in the making and what is done to it. It knows the viewport that shows it and nothing of edits.

import { sameBox } from "../lib/boxes.js";
import { Draft } from "./draft.js";
import { findDraft, keepDraft, keepView } from "./draft-storage.js";
import { rested } from "../lib/debounce.js";

const DRAFT_MS = 200;

export class Easel {
  /** id: the document's. touched(): somebody painted, and what was said before is old. painted(): the draft is another. */
  constructor(id, viewport, { touched, painted }) {
    Object.assign(this, { id, viewport, touched, painted });
    this.draft = null; // Draft, once the picture's box is known
    this.prompts = null; // { prompt, negative_prompt }, once it is known what was written on an earlier visit
    this.aside = null; // { draft, view } of the user's while a step is changed; what is drawn for that is not kept
    this.save = rested(DRAFT_MS, () => this.keep());
    this.saveView = rested(DRAFT_MS, () => this.draft && !this.aside && keepView(this.id, this.#view, this.prompts));
  }

  get painting() {
    return Boolean(this.draft?.painting);
  }

  /** Put up a draft, or take all down. */
  put(draft) {
    this.draft = draft;
    this.viewport.setDraft(draft);
    if (draft) this.save();
  }

  get #view() {
    const { view, fitted } = this.viewport;
    return { scale: view.scale, x: view.x, y: view.y, fitted };
  }

  keep() {
    if (this.draft && !this.aside) keepDraft(this.id, this.draft, this.#view, this.prompts);
  }

  /** Another prompt is written; before the document's own is known, it is the one of another. */
  write(prompts) {
    if (!this.prompts || this.aside) return;
    this.prompts = prompts;
    this.saveView();
  }

  /** Lay the draft and the view aside, for a step to be changed, or have them back. */
  layAside() {
    this.save.now();
    this.aside = { draft: this.draft, view: this.#view };
    this.put(new Draft(this.draft.box));
  }

  takeBack() {
    const { draft, view } = this.aside;
    this.aside = null;
    this.put(draft);
    if (view.fitted) this.viewport.fit();
    else this.viewport.look(view);
  }

  /** What was left behind on an earlier visit, onto an empty draft. */
  async restore() {
    const { draft } = this;
    const found = await findDraft(this.id);
    this.prompts = found?.prompts ?? { prompt: "", negative_prompt: "" };
    if (!found || this.draft !== draft || !draft.empty) return;
    for (const name of ["mask", "sketch"]) {
      if (found[name]) this.#step(draft[name], (layer) => layer.paste(found[name].box, found[name].values));
    }
    if (found.view && !found.view.fitted) this.viewport.look(found.view);
  }

  /** The picture has another box: what was painted stays where it was, as far as it lies within. */
  reframe(box) {
    const { draft } = this;
    if (sameBox(box, draft.box)) return;
    const now = new Draft(box);
    now.keepSpecks = draft.keepSpecks;
    for (const name of ["mask", "sketch"]) {
      const painted = draft[name].bounds();
      if (painted) now.step(now[name], (layer) => layer.paste(painted, draft[name].crop(painted)));
    }
    this.put(now);
  }

  /** Give back a draft that was sent, or its mask alone where the picture is another by now; unless a new one is painted. */
  giveBack(mask, draft = null) {
    if (!this.draft?.mask.empty) return;
    if (draft && sameBox(draft.box, this.draft.box)) {
      this.put(draft);
      this.painted();
    } else if (mask && !mask.empty) {
      const box = mask.bounds();
      this.#step(this.draft.mask, (layer) => layer.paste(box, mask.crop(box)));
    }
  }

  // --- strokes

  begin(layer = this.draft?.mask) {
    this.touched();
    if (this.draft && !this.painting) this.draft.begin(layer);
  }

  /** value: 255 paints, 0 erases, in a sketch a colour; the rest in plane pixels. */
  stroke(x0, y0, x1, y1, radius, value, hardness = 1) {
    if (this.painting) this.viewport.draftChanged(this.draft.painting.segment(x0, y0, x1, y1, radius, value, hardness));
  }

  end() {
    if (!this.painting) return;
    this.draft.end();
    this.#painted(null);
  }

  /** The stroke in the making never was. */
  drop() {
    if (!this.painting) return;
    const { done } = this.draft;
    const before = done.at(-1);
    this.draft.end();
    if (done.at(-1) !== before) {
      this.viewport.draftChanged(this.draft.undo());
      this.draft.undone.pop();
    }
    this.painted();
  }

  /** verb: "undo" or "redo"; false when there is nothing of the draft to take back or do again. */
  swap(verb) {
    const box = this.draft?.[verb]();
    if (!box) return false;
    this.#painted(box);
    return true;
  }

  // --- whole steps

  /** One step of the draft by who sits before it: change(layer) returns the box it touched. */
  change(layer, change) {
    this.touched();
    this.#step(layer, change);
  }

  #step(layer, change) {
    this.end();
    this.#painted(this.draft.step(layer, change));
  }

  fill(shape, value, layer = this.draft?.mask) {
    if (this.draft) this.change(layer, () => layer.fill(shape, value));
  }

  clear(layer = this.draft?.mask) {
    if (layer && !layer.empty && !this.painting) this.change(layer, () => layer.clear());
  }

  /** Mask the whole picture. */
  all() {
    if (this.draft && !this.painting) this.change(this.draft.mask, (mask) => (mask.clear(), mask.invert()));
  }

  invert() {
    if (this.draft && !this.painting) this.change(this.draft.mask, (mask) => mask.invert());
  }

  /** Lay values over the mask, or take away what they cover. */
  paste(box, values, away = false) {
    this.change(this.draft.mask, (mask) => mask.paste(box, values, away));
  }

  /** mask: a Layer. */
  pasteAll(mask) {
    const box = mask.bounds();
    if (box) this.paste(box, mask.crop(box));
  }

  /** The mask is this from now on; null: nothing. */
  replace(found) {
    this.change(this.draft.mask, (mask) => {
      mask.clear();
      if (found) mask.paste(found.box, found.values);
      return mask.box;
    });
  }

  #painted(box) {
    this.viewport.draftChanged(box);
    this.save();
    this.painted();
  }
}
