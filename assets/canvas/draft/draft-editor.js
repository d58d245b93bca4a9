// Edits the draft of one document, shows it in the viewport and saves it; knows nothing of jobs and of the server.

import { sameBox } from "../lib/boxes.js";
import { Draft } from "./draft.js";
import { loadDraft, saveDraft, saveView } from "./draft-storage.js";
import { debounce } from "../lib/debounce.js";

const SAVE_MS = 200;
const LAYERS = ["mask", "sketch"];

export class DraftEditor {
  /** id: the document's. acted(): the user paints; what the status line says is out of date. changed(): the draft has changed. */
  constructor(id, viewport, { acted, changed }) {
    Object.assign(this, { id, viewport, acted, changed });
    this.version = 0; // of what is painted: another number, other pixels
    this.draft = null; // Draft, once the picture's box is known
    this.prompts = null; // { prompt, negative_prompt }, once those of an earlier visit are loaded
    this.aside = null; // { draft, view }: the user's own while a step is amended; what is painted meanwhile is not saved
    this.saved = Promise.resolve(); // of when everything that was to be saved by now is
    this.save = debounce(SAVE_MS, () => this.store());
    this.saveView = debounce(SAVE_MS, () => this.#saveNext((view) => saveView(this.id, view, this.prompts)));
  }

  get painting() {
    return Boolean(this.draft?.activeLayer);
  }

  /** Makes this the draft, null: none. */
  setDraft(draft) {
    this.draft = draft;
    this.version += 1;
    this.viewport.setDraft(draft);
    if (draft) this.save();
  }

  get #view() {
    const { view, fitted } = this.viewport;
    return { scale: view.scale, x: view.x, y: view.y, angle: view.angle, flipped: view.flipped, fitted };
  }

  /** Saves at once what `save` saves soon; a promise of when that is done. */
  store() {
    const { draft } = this;
    return this.#saveNext((view) => saveDraft(this.id, draft, view, this.prompts));
  }

  /** Has `save(view)` follow what is being saved: a mask takes its time, and what is older must not come last. */
  #saveNext(save) {
    if (!this.draft || this.aside) return this.saved;
    const view = this.#view; // by then it may be another document's
    this.saved = this.saved.catch(() => {}).then(() => save(view));
    return this.saved;
  }

  /** The form holds these prompts. Until those of the document are loaded, the form's are of another document. */
  setPrompts({ prompt, negative_prompt }) {
    if (!this.prompts || this.aside) return;
    if (prompt === this.prompts.prompt && negative_prompt === this.prompts.negative_prompt) return;
    this.prompts = { prompt, negative_prompt };
    this.saveView();
  }

  /** Puts the draft and the view aside while a step is amended; `takeBack` brings both back. */
  setAside() {
    this.save.now();
    this.aside = { draft: this.draft, view: this.#view };
    this.setDraft(new Draft(this.draft.box));
  }

  takeBack() {
    const { draft, view } = this.aside;
    this.aside = null;
    this.setDraft(draft);
    this.viewport.setView({ ...view, fitted: false }); // where it was, though a panel may have been opened since it was fitted
    this.viewport.fitted = view.fitted;
  }

  /** Loads what an earlier visit left into the draft, if that is still empty. */
  async restore() {
    const { draft } = this;
    const record = await loadDraft(this.id);
    this.prompts = record?.prompts ?? { prompt: "", negative_prompt: "" };
    if (!record || this.draft !== draft || !draft.empty) return;
    for (const name of LAYERS) {
      if (record[name]) this.#step(draft[name], (layer) => layer.paste(record[name].box, record[name].values));
    }
    const { view } = record;
    if (view && !(view.fitted && !view.angle && !view.flipped)) this.viewport.setView(view); // else it is as it opened
  }

  /** The picture has another box: keeps what was painted where it is, as far as it lies within. */
  reframe(box) {
    const { draft } = this;
    if (sameBox(box, draft.box)) return;
    const moved = new Draft(box);
    moved.keepSpecks = draft.keepSpecks;
    for (const name of LAYERS) {
      const bounds = draft[name].bounds();
      if (bounds) moved.step(moved[name], (layer) => layer.paste(bounds, draft[name].crop(bounds)));
    }
    this.setDraft(moved);
  }

  /** Brings back a draft that was sent, or its mask alone where the picture's box differs by now; unless there is a new mask. */
  giveBack(mask, draft = null) {
    if (!this.draft?.mask.empty) return;
    if (draft && sameBox(draft.box, this.draft.box)) {
      this.setDraft(draft);
      this.changed();
    } else if (mask && !mask.empty) {
      const box = mask.bounds();
      this.#step(this.draft.mask, (layer) => layer.paste(box, mask.crop(box)));
    }
  }

  // --- strokes

  begin(layer = this.draft?.mask) {
    if (this.draft && !this.painting) this.draft.begin(layer);
    this.acted();
  }

  /** value: 255 paints, 0 erases, in a sketch a colour; the rest in plane pixels. */
  stroke(x0, y0, x1, y1, radius, value, hardness = 1) {
    if (this.painting) this.viewport.draftChanged(this.draft.activeLayer.segment(x0, y0, x1, y1, radius, value, hardness));
  }

  end() {
    if (!this.painting) return;
    this.draft.end();
    this.#update(null);
  }

  /** Takes back the stroke that is being painted, as if it had never begun. */
  drop() {
    if (!this.painting) return;
    this.viewport.draftChanged(this.draft.drop());
    this.changed();
  }

  undo() {
    return this.#move("undo");
  }

  redo() {
    return this.#move("redo");
  }

  /** False when the draft has no such step. */
  #move(direction) {
    const box = this.draft?.[direction]();
    if (!box) return false;
    this.#update(box);
    return true;
  }

  // --- whole steps

  /** One step of the draft by the user: change(layer) returns the box it touched. */
  change(layer, change) {
    this.acted();
    this.#step(layer, change);
  }

  #step(layer, change) {
    this.end();
    this.#update(this.draft.step(layer, change));
  }

  fill(shape, value, layer = this.draft?.mask) {
    if (this.draft) this.change(layer, () => layer.fill(shape, value));
  }

  clear(layer = this.draft?.mask) {
    if (layer && !layer.empty && !this.painting) this.change(layer, () => layer.clear());
  }

  /** Masks the whole picture. */
  all() {
    if (this.draft && !this.painting) this.change(this.draft.mask, (mask) => (mask.clear(), mask.invert()));
  }

  invert() {
    if (this.draft && !this.painting) this.change(this.draft.mask, (mask) => mask.invert());
  }

  /** Adds values to the mask, or subtracts them. */
  paste(box, values, subtract = false) {
    this.change(this.draft.mask, (mask) => mask.paste(box, values, subtract));
  }

  /** Adds another mask, a Layer. */
  pasteMask(layer) {
    const box = layer.bounds();
    if (box) this.paste(box, layer.crop(box));
  }

  /** Makes { box, values } the whole mask, null: an empty one. */
  replaceMask(patch) {
    this.change(this.draft.mask, (mask) => {
      mask.clear();
      if (patch) mask.paste(patch.box, patch.values);
      return mask.box;
    });
  }

  #update(box) {
    this.version += 1;
    this.viewport.draftChanged(box);
    this.save();
    this.changed();
  }
}
