// The live view of an adjustment over the picture: the server makes it of what is seen, as small as it is seen, with the
// arithmetic of the applied step. One request is under way at a time, and the newest comes next.

import { intersect } from "../lib/boxes.js";
import { encodeInput } from "./edit-input.js";

const WHOLE = 2 ** 21; // pixels of a picture that is viewed whole, so that panning needs nothing new

export class AdjustPreview {
  /** doc: the OpenDocument that is adjusted. adjusting(): { adjustment, feather, edge, opacity } to be seen, or null. */
  constructor(doc, adjusting) {
    Object.assign(this, { doc, adjusting });
    this.key = null; // of the request that was made last, or is next; null: no view is wanted
    this.next = null; // the request to be made once none is under way
    this.underWay = false;
    this.held = false; // an edit was sent: the view stays as it is until its result is there
    this.mask = null; // a promise of the draft's { box, png }, or of null
    this.version = 0; // of the draft whose mask that is
  }

  /** Whether a view is there, or is being made. */
  get shown() {
    return this.key !== null;
  }

  hold() {
    this.held = true;
  }

  /** Shows what is to be seen now, unless it is shown already. */
  refresh() {
    const { display } = this.doc;
    const waits = this.doc.busy || this.doc.pending.revisions.length > 0 || display.revision !== display.picture.revision;
    if (this.held && waits) return;
    this.held = false;
    const wanted = this.#wanted();
    if (!wanted) this.#drop();
    else if (wanted.key !== this.key) {
      this.key = wanted.key;
      this.next = wanted;
      if (!this.underWay) this.#run();
    }
  }

  #wanted() {
    const { amendment, draft, draftEditor, display, painting, picture } = this.doc;
    const adjusting = this.adjusting();
    if (!adjusting || !draft || !picture.box || (display.stepRevision && !amendment.step)) return null;
    if (painting && this.next) return this.next;
    if (this.version !== draftEditor.version) this.mask = null;
    this.version = draftEditor.version;
    const request = { ...adjusting, revision: picture.revision, ...this.#seen(picture.box) };
    return { key: JSON.stringify([request, this.version]), request };
  }

  /** { seen: the part of the picture in the viewport, scale: the pixels to show for each of its own, at most 1 }. */
  #seen(box) {
    const { viewport } = this.doc;
    const { view, width, height } = viewport.view.upright(viewport.width, viewport.height);
    const scale = Math.min(1, 2 ** (Math.ceil(Math.log2(view.scale) * 2) / 2));
    if (box[2] * box[3] * scale ** 2 <= WHOLE) return { seen: box, scale };
    const [left, top] = view.toPlane(0, 0).map(Math.floor);
    const [right, bottom] = view.toPlane(width, height).map(Math.ceil);
    return { seen: intersect([left, top, right - left, bottom - top], box) ?? [box[0], box[1], 1, 1], scale };
  }

  async #run() {
    const { doc } = this;
    this.underWay = true;
    while (this.next && !doc.closed) {
      const { request } = this.next;
      this.next = null;
      try {
        this.mask ??= this.#encodeMask();
        const view = await doc.server.adjusted(doc.id, request, await this.mask);
        if (doc.closed || this.key === null || this.held || doc.picture.revision !== request.revision) continue;
        if (view) doc.display.setPreview({ revision: null, ...view });
        else doc.display.dropPreview();
      } catch (error) {
        doc.requests.report(error, "command");
      }
    }
    this.underWay = false;
  }

  async #encodeMask() {
    const [mask] = await encodeInput({ mask: this.doc.draft.mask.bounds(), sketch: null }, this.doc.draft);
    return mask;
  }

  #drop() {
    if (this.key === null) return;
    this.key = this.next = null;
    this.doc.display.dropPreview();
  }
}
