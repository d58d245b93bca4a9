// The requests to the editor's own routes. Every failure is an Error whose message is a sentence for the user.

import { pack, unpack } from "./wire.js";
import { decodeGrey, encodeGrey } from "./png.js";
import { t } from "../lib/locale.js";

const LOADING_MS = 400; // between two questions about a model that is being loaded

export class Unreachable extends Error {}
export class Missing extends Error {}

async function answer(request) {
  let response;
  try {
    response = await request;
  } catch {
    throw new Unreachable(t("note.unreachable"));
  }
  if (response.ok) return response;
  const said = await response.json().catch(() => ({}));
  const sentence = said.error || t("note.refused", { status: `${response.status} ${response.statusText}` });
  throw new (response.status === 404 ? Missing : Error)(sentence);
}

const decoded = (blob) => createImageBitmap(blob, { colorSpaceConversion: "none", premultiplyAlpha: "none" });

async function bitmap(request) {
  const response = await answer(request);
  return response.status === 204 ? null : decoded(await response.blob());
}

const grey = ({ box, values }) => encodeGrey(values, box[2], box[3]).then((png) => ({ box, png }));

export class Server {
  /** base: URL of the folder the routes lie in, with a slash at its end. */
  constructor(base) {
    this.base = base;
  }

  url(path, query = {}) {
    const url = new URL(path, this.base);
    for (const [name, value] of Object.entries(query)) if (value || value === 0) url.searchParams.set(name, value);
    return url.href;
  }

  async #get(path, query, signal = null) {
    return (await answer(fetch(this.url(path, query), { cache: "no-cache", signal }))).json();
  }

  #send(path, query, body) {
    return answer(fetch(this.url(path, query), { method: "POST", body }));
  }

  async #post(path, query, body) {
    return (await this.#send(path, query, body)).json();
  }

  // --- what there is to start from

  samples() {
    return this.#get("samples");
  }

  /** known: ids this browser opened before; a server that listens to a network lists no others. */
  documents(known) {
    return this.#get("documents", { known: known.join(",") });
  }

  openFile(file) {
    return this.#post("documents", { name: file.name }, file);
  }

  openSample(name) {
    return this.#post(`samples/${encodeURIComponent(name)}/open`);
  }

  blank(width, height, name) {
    return this.#post("blank", { width, height, name });
  }

  /** verb: "duplicate", "delete" or "restore". */
  shelve(document, verb) {
    return this.#post(`documents/${document}/${verb}`);
  }

  renameDocument(document, name) {
    return this.#post(`documents/${document}/name`, {}, name);
  }

  // --- models

  /** { hint: a sentence, unknown: words the model never saw }. */
  hint(pipeline, prompt) {
    return this.#get("hint", { pipeline, prompt });
  }

  /**
   * What there is to know of a model, once it is read: { words: sorted, or null where it was taught any text, defaults: what
   * it is best asked, samplers, supports_strength: whether it begins from what is there, unsupported: what it can do nothing with }.
   */
  async model(pipeline, signal) {
    for (;;) {
      const info = await this.#get("model", { pipeline }, signal);
      if (!info.loading) return info;
      await new Promise((wake) => setTimeout(wake, LOADING_MS));
    }
  }

  // --- a document

  /**
   * What the document is now; `watch` names revisions whose fate is reported as well. beat: of the last state, so that
   * the server answers when the next step is done, or soon.
   */
  state(document, watch = [], beat = null) {
    return this.#get(`documents/${encodeURIComponent(document)}`, { watch: watch.join(","), beat });
  }

  /** verb: "undo" or "redo". */
  move(document, verb) {
    return this.#post(`documents/${document}/${verb}`);
  }

  /** edit: the settings; mask, sketch: { box, png } or null. what: "edits" or `amend/REVISION`. */
  submit(document, what, edit, mask, sketch) {
    return this.#post(`documents/${document}/${what}`, {}, pack(edit, { mask, sketch }));
  }

  /** What a change of a step makes again: { step, of, later: [{ pipeline, steps }, ...] }. */
  replayed(document, revision) {
    return this.#get(`documents/${document}/amend/${revision}`);
  }

  /** What an edit would come to: { windows: [box, ...], steps, regions: [{ box, values }, ...] }. */
  async plan(document, edit, mask, sketch) {
    const response = await this.#send(`documents/${document}/plan`, {}, pack(edit, { mask, sketch }));
    return this.#unpacked(response, "regions");
  }

  async #unpacked(response, name) {
    const head = await unpack(await response.blob(), [name]);
    const values = async ({ box, png }) => ({ box, values: await decodeGrey(png, box[2], box[3]) });
    if (Array.isArray(head[name])) head[name] = await Promise.all(head[name].map(values));
    else if (head[name]) head[name] = await values(head[name]);
    return head;
  }

  /** A mask from the picture itself; asked: { tool: "wand", x, y, tolerance } or { tool: "edge" } with a rough `mask`. */
  async select(document, asked, mask = null) {
    const body = pack(asked, mask ? { mask: await grey(mask) } : {});
    return (await this.#unpacked(await this.#send(`documents/${document}/select`, {}, body), "mask")).mask;
  }

  /** verb: "grow", "shrink" or "soften", by so many pixels. mask: { box, values }; null when nothing is left. */
  async changeMask(document, verb, by, mask) {
    const body = pack({ do: verb, by }, { mask: await grey(mask) });
    return (await this.#unpacked(await this.#send(`documents/${document}/mask`, {}, body), "mask")).mask;
  }

  /** A picture file as a mask: { size, reading, mask: { box, values } }; null where it is of another size, or marks nothing. */
  async readMask(document, file) {
    return this.#unpacked(await this.#send(`documents/${document}/mask-file`, {}, file), "mask");
  }

  /** Every state of a document, parents before children. */
  tree(document) {
    return this.#get(`documents/${document}/tree`);
  }

  /** verb: "checkout", "discard", "recover" or "cancel". */
  step(document, verb, revision) {
    return this.#post(`documents/${document}/${verb}/${revision}`);
  }

  rename(document, revision, name) {
    return this.#post(`documents/${document}/rename/${revision}`, {}, name);
  }

  reorder(document, order) {
    return this.#post(`documents/${document}/queue`, {}, JSON.stringify({ order }));
  }

  crop(document, box) {
    return this.#post(`documents/${document}/crop`, {}, JSON.stringify({ box }));
  }

  reblend(document, revision, blend) {
    return this.#post(`documents/${document}/reblend/${revision}`, {}, JSON.stringify(blend));
  }

  // --- pixels

  async manifest(revision) {
    return (await answer(fetch(this.url(`revisions/${revision}/manifest`)))).json();
  }

  overview(revision) {
    return bitmap(fetch(this.url(`revisions/${revision}/overview`)));
  }

  tile(digest) {
    return bitmap(fetch(this.url(`tiles/${digest}`)));
  }

  /** The grey values of a stored mask: Uint8Array(width * height). */
  async mask(revision, width, height) {
    const response = await answer(fetch(this.url(`revisions/${revision}/mask`)));
    return decodeGrey(await response.blob(), width, height);
  }

  preview(revision, serial) {
    return bitmap(fetch(this.url(`previews/${revision}/${serial}`), { cache: "no-store" }));
  }

  /** A step as it would be laid into the picture with another blend: { bitmap, box }. */
  async reblended(revision, blend) {
    const response = await answer(fetch(this.url(`revisions/${revision}/reblended`, blend), { cache: "no-store" }));
    const box = response.headers.get("Palimpsest-Box").split(",").map(Number);
    return { bitmap: await decoded(await response.blob()), box };
  }

  /** kind: the ending of a file; quality: 1..100 or null. */
  picture(revision, kind, quality = null, recipe = true) {
    return this.url(`revisions/${revision}/picture.${kind}`, { quality, recipe: recipe ? null : "no" });
  }

  recipe(revision) {
    return this.url(`revisions/${revision}/recipe`);
  }
}
