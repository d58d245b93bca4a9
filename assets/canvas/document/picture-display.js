// Decides which revision's picture the viewport shows, and shows the preview of the running job over it.

import { sameBox } from "../lib/boxes.js";
import { Picture } from "./picture.js";
import { Previews } from "./polling.js";
import { TileCache } from "./tiles.js";

export class PictureDisplay {
  /** doc: the OpenDocument that is shown. turned(): another revision's picture is in place; a promise is waited for. */
  constructor(doc, turned) {
    const { server, viewport } = doc;
    Object.assign(this, { doc, server, viewport, turned });
    this.hoverRevision = null; // the state that the pointer is over, in the history or among the variations
    this.head = null; // the document's, as it was last
    this.settled = null; // the revision that view and draft were fitted to last
    this.settledBox = null; // its box
    this.stepRevision = null; // the revision on show while a step is amended or blended
    this.previewsShown = 0;
    this.draw = () => viewport.invalidatePicture();
    this.cache = new TileCache((digest) => server.tile(digest), this.draw);
    this.picture = new Picture(server, this.cache, this.draw);
    this.previews = new Previews({
      load: (revision, serial) => server.preview(revision, serial),
      show: (revision, bitmap) => this.#showPreview(revision, bitmap),
    });
    viewport.picture = this.picture;
  }

  /** The revision whose picture is to be seen. */
  get revision() {
    return this.stepRevision ?? this.hoverRevision ?? this.doc.state.head;
  }

  /** Follows the document's state. */
  update() {
    const { busy, state } = this.doc;
    if (busy || state.head !== this.head) this.hoverRevision = null;
    this.head = state.head;
    const { revision } = this;
    if (revision !== this.picture.revision) {
      this.#turn();
      return;
    }
    this.picture.stay();
    if (revision !== this.settled && !this.hoverRevision) this.#settle(); // it was looked at before it became the document's
    const { preview } = this.picture; // may be of a variation that was done after the one that is shown
    if (preview?.revision && preview.revision !== this.doc.run?.revision) this.dropPreview();
  }

  /** Shows a state while the pointer is over it, unless there is a preview to be seen; null: the document's own. */
  peek(revision) {
    const { busy, closed } = this.doc;
    if (closed || this.stepRevision || (revision && (busy || this.picture.preview))) return;
    if (revision === this.hoverRevision) return;
    this.hoverRevision = revision;
    this.#turn();
  }

  /** Shows a step that is amended or blended, whatever the document shows; null: no more. Returns a promise while it loads. */
  look(revision) {
    this.stepRevision = revision;
    this.hoverRevision = null;
    if (this.picture.revision !== this.revision) return this.#turn();
    this.picture.stay();
    return this.picture.revision === this.settled ? null : this.#settle();
  }

  /** Loads another revision's picture, to be compared with the one on show; null if it fails, which is reported. */
  async load(revision) {
    const picture = new Picture(this.server, this.cache, this.draw);
    try {
      await picture.show(revision, this.viewport.view, this.viewport);
    } catch (error) {
      this.doc.requests.report(error, "picture");
      return null;
    }
    return picture;
  }

  /** Loads the picture to be seen; a preview stays on screen until then. */
  async #turn() {
    const { doc, picture, viewport } = this;
    try {
      if (!(await picture.show(this.revision, viewport.view, viewport)) || doc.closed) return;
    } catch (error) {
      if (!doc.closed) doc.requests.report(error, "picture");
      return; // the next state asks for it again
    }
    if (picture.preview && picture.preview.revision !== doc.run?.revision) this.dropPreview();
    viewport.hurry();
    viewport.invalidate();
    if (!this.hoverRevision) await this.#settle();
  }

  /** The picture on show is not just looked at: fits the draft to it, and the view if the picture has another size now. */
  async #settle() {
    const { box, revision } = this.picture;
    this.settled = revision;
    if (this.viewport.fitted && !(this.settledBox && sameBox(box, this.settledBox))) this.viewport.fit();
    this.settledBox = box;
    await this.turned();
  }

  #showPreview(revision, bitmap) {
    const { run, closed } = this.doc;
    if (closed || this.stepRevision || run?.revision !== revision || !run.box) return;
    if (this.picture.preview && !this.picture.preview.revision) return; // the user looks at an adjustment
    this.previewsShown += 1;
    this.setPreview({ revision, bitmap, box: run.box });
  }

  /** preview: { revision: the job's, or null when the preview is of a blend or an adjustment, bitmap, box }. */
  setPreview(preview) {
    this.picture.preview = preview;
    this.draw();
  }

  dropPreview() {
    this.setPreview(null);
  }
}
