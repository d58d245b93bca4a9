// The steps to what is shown as layers. A change is previewed and made at once where no model has to run; else it waits for
// `apply`. Each is a new branch, and undo leads back to the one before.

import { blocker, carriedOver, fadedAlone, moved, sameLayers } from "./layer-order.js";
import { debounce } from "../lib/debounce.js";
import { t } from "../lib/locale.js";

const PREVIEW_MS = 60; // after a slider's last move, before the picture is previewed
const SETTLE_MS = 350; // after its last change by keyboard, before it is made

export class LayerArrangement {
  /** doc: the OpenDocument whose layers they are. */
  constructor(doc) {
    this.doc = doc;
    this.layers = []; // as the server listed them last, the lowest first, see `Server.layers`
    this.opened = null; // the node of the picture below them
    this.head = null; // the revision whose layers they are
    this.version = null; // of what was loaded last
    this.wanted = null; // the layers as they are to be; another array after each change. Null: as they are
    this.runs = []; // what a model must repeat for that: [{ pipeline, steps }]
    this.sent = null; // { layers, from, to, replaced }: on its way, from one revision to another; replaced: of `done`, or null
    // of this visit, the newest last: [{ from, to, steps: the new revisions, faded: the layer of which it changed the
    // opacity alone, by its place, stroke: the last one before it }]
    this.done = [];
    this.undone = [];
    this.asked = Promise.resolve(); // the last request for a forecast
    this.preview = debounce(PREVIEW_MS, () => this.#forecast());
    this.settle = debounce(SETTLE_MS, () => this.#settle());
  }

  /** The layers as they are to be, the lowest first. */
  get list() {
    return this.wanted ?? this.layers;
  }

  /** Whether a change waits for `apply`, because a model must run for it. */
  get waits() {
    return this.wanted !== null && !this.sent && this.runs.length > 0;
  }

  /** Whether nothing was painted since the last change: undo takes this back first. */
  get changedLast() {
    if (this.wanted && !this.sent) return true;
    const change = this.done.at(-1);
    return change?.to === this.doc.state.head && change.stroke === this.#lastStroke;
  }

  get #lastStroke() {
    return this.doc.draft?.undoSteps.at(-1) ?? null;
  }

  get canRedo() {
    return this.undone.at(-1)?.from === this.doc.state.head;
  }

  /** Loads the layers of what is shown, if it may be something else now. */
  async load() {
    const { doc } = this;
    const { head } = doc.state;
    if (this.sent?.to && !doc.busy && head !== this.sent.to) this.#drop(); // it was cancelled, or failed
    const version = `${head} ${doc.history.changes}`;
    if (version === this.version) return;
    this.version = version;
    try {
      const { layers, opened } = await doc.server.layers(doc.id);
      if (version !== this.version || doc.closed) return;
      const { layers: made, replaced } = this.sent?.to === head ? this.sent : { layers: null };
      const before = made ?? (head === this.head ? this.layers : null);
      if (made) this.sent = null;
      if (replaced) this.#discard(replaced);
      Object.assign(this, { layers, opened, head });
      if (!before || this.wanted === made) this.#forget();
      else if (this.wanted) {
        this.wanted = carriedOver(this.wanted, before, layers); // changed again meanwhile
        this.settle();
      }
    } catch (error) {
      this.version = null; // the next state tries again
      doc.requests.report(error, "tree");
    }
  }

  /** Shows or hides a layer, by its place from below. */
  toggle(at) {
    if (this.#change(at, { visible: !this.list[at].visible })) this.settle.now();
  }

  /** Previews a layer with another opacity; settled: the slider was let go, or a key moved it. */
  fade(at, opacity, settled) {
    if (this.list[at].opacity !== opacity && !this.#change(at, { opacity })) return;
    if (settled) this.settle();
    else this.preview();
  }

  /** Moves a layer to another place. Returns whether it could; says why not. titleOf(layer): what to call it. */
  move(from, to, titleOf) {
    const { list } = this;
    if (from === to || !list[to] || !this.#mayChange()) return false;
    const blocking = blocker(list, from, to);
    if (blocking) {
      const fixed = [list[from], blocking].find((layer) => layer.fixed);
      this.doc.notifications.status(fixed ? t("layers.fixed", { title: titleOf(fixed) }) : t("layers.overlap", { one: titleOf(list[from]), other: titleOf(blocking) }));
      return false;
    }
    this.#want(moved(list, from, to));
    this.doc.notifications.status(t("layers.moved", { title: titleOf(list[from]), place: to + 1, of: list.length }));
    this.settle.now();
    return true;
  }

  /** Makes the change. */
  async apply() {
    const { doc, wanted } = this;
    if (!wanted || this.sent) return;
    const from = doc.state.head;
    const last = this.done.at(-1);
    const faded = fadedAlone(this.layers, wanted);
    const replaced = faded !== null && last?.faded === faded && last.to === from && last.stroke === this.#lastStroke ? last : null;
    this.sent = { layers: wanted, from, to: null, replaced };
    const there = new Set((await doc.history.load())?.map(({ revision }) => revision));
    const response = doc.server.rearrange(doc.id, wanted);
    response.then(({ jobs }) => {
      const to = jobs.at(-1).revision;
      const steps = there.size ? jobs.map(({ revision }) => revision).filter((revision) => !there.has(revision)) : [];
      this.sent = { layers: wanted, from, to, replaced };
      this.done = this.done.filter((change) => change !== replaced);
      this.done.push({ from: replaced?.from ?? from, to, steps, faded, stroke: this.#lastStroke });
      this.undone = [];
    }, () => {});
    if (await doc.requests.run(response, t("layers.updated"))) doc.changed();
    else this.#drop();
  }

  /** Deletes the branch of a change that another has replaced, unless something else has come of it. */
  async #discard({ steps }) {
    const { doc } = this;
    const tree = await doc.history.load();
    const own = new Set(steps);
    const used = tree?.some(({ revision, parent, starred }) => (own.has(revision) ? starred : own.has(parent)));
    if (!steps.length || used !== false || own.has(doc.state.head)) return;
    await doc.requests.run(doc.server.step(doc.id, "discard", steps[0]));
    doc.history.changed();
  }

  /** Leaves the layers as they are. */
  cancel() {
    if (this.wanted && !this.sent) this.#drop();
  }

  /** Undoes a change of the layers if it was the last thing done. Returns whether it was. */
  undo() {
    if (this.wanted && !this.sent) {
      this.cancel();
      return true;
    }
    return this.#go(this.done, this.undone, "to", "from", "status.undone");
  }

  redo() {
    return this.#go(this.undone, this.done, "from", "to", "status.redone");
  }

  #go(changes, others, here, there, status) {
    const change = changes.at(-1);
    if (change?.[here] !== this.doc.state.head) return false;
    const { id, requests, server } = this.doc;
    others.push(changes.pop());
    requests.run(server.step(id, "checkout", change[there]), t(status));
    return true;
  }

  #mayChange() {
    const { doc } = this;
    if (doc.amendment.step) doc.amendment.stop();
    if (this.sent || !doc.busy) return true;
    doc.notifications.status(t("layers.busy"));
    doc.changed(); // the control shows again what it was
    return false;
  }

  #change(at, values) {
    if (!this.#mayChange()) return false;
    this.#want(this.list.map((layer, i) => (i === at ? { ...layer, ...values } : layer)));
    return true;
  }

  #want(layers) {
    this.wanted = layers;
    this.doc.changed();
  }

  /** Asks the server what would come of it, and shows that; one request after another, and no stale one. */
  #forecast() {
    const { asked, wanted } = this;
    this.asked = asked.then(() => this.#ask(wanted));
    return this.asked;
  }

  async #ask(wanted) {
    const { doc } = this;
    if (!wanted || this.wanted !== wanted || this.sent || doc.closed) return;
    if (sameLayers(wanted, this.layers)) {
      this.#drop();
      return;
    }
    try {
      const { runs, bitmap, box } = await doc.server.forecast(doc.id, wanted);
      if (doc.closed || this.wanted !== wanted || this.sent) return;
      this.runs = runs;
      doc.display.setPreview(bitmap && { revision: null, bitmap, box });
      doc.changed();
    } catch (error) {
      if (doc.closed || this.wanted !== wanted) return;
      this.#drop();
      doc.requests.report(error, "command");
    }
  }

  async #settle() {
    const { wanted } = this;
    await this.#forecast();
    if (wanted === this.wanted && !this.waits) await this.apply();
  }

  /** They stay as they are now. */
  #forget() {
    this.wanted = null;
    this.runs = [];
  }

  /** Leaves a change, and its preview. */
  #drop() {
    const { doc } = this;
    this.#forget();
    this.sent = null;
    if (doc.display.picture.preview?.revision === null) doc.display.dropPreview();
    doc.changed();
  }
}
