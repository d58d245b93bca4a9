// The requests to the editor's own routes. The message of every error is a sentence for the user.

import { boxedBitmap, check, decodeBitmap, loadBitmap, Unreachable } from "./responses.js";
import { pack, packets, unpack } from "./wire.js";
import { decodeGrey, encodeGrey } from "./png.js";
import { upload } from "./upload.js";

const LOADING_MS = 400; // between two requests for a model that is still loading

/** How layers are to lie, the lowest first, as the server reads it. */
const arrangement = (layers) => JSON.stringify({ layers: layers.map(({ revision, visible, opacity }) => ({ revision, visible, opacity })) });

/** An edit's packet. edit: the settings; its reference is a Blob or null. mask, sketch: { box, png } or null. */
const editPacket = ({ reference = null, ...edit }, mask, sketch) => pack(edit, { mask, sketch, reference: reference && { box: [0, 0, 0, 0], png: reference } });

const encodeMask = ({ box, values }) => encodeGrey(values, box[2], box[3]).then((png) => ({ box, png }));

export class Server {
  /** base: the URL of the folder of the routes, with a slash at its end. */
  constructor(base) {
    this.base = base;
  }

  url(path, query = {}) {
    const url = new URL(path, this.base);
    for (const [name, value] of Object.entries(query)) if (value || value === 0) url.searchParams.set(name, value);
    return url.href;
  }

  async #get(path, query, signal = null) {
    return (await check(fetch(this.url(path, query), { cache: "no-cache", signal }))).json();
  }

  #send(path, query, body) {
    return check(fetch(this.url(path, query), { method: "POST", body }));
  }

  async #post(path, query, body) {
    return (await this.#send(path, query, body)).json();
  }

  // --- the user

  /** Whether the user { signs_out } here. */
  user() {
    return this.#get("user");
  }

  signOut() {
    return this.#post("sign-out");
  }

  // --- the start view

  samples() {
    return this.#get("samples");
  }

  /** ids: of the documents that this browser opened before; a server that listens on a network lists no others. */
  documents(ids) {
    return this.#get("documents", { known: ids.join(",") });
  }

  /** Opens a file as a new document. watch: { sent(bytes, total), signal }, see `upload`. */
  async openFile(file, watch) {
    return (await check(upload(this.url("documents", { name: file.name }), file, watch))).json();
  }

  openSample(name) {
    return this.#post(`samples/${encodeURIComponent(name)}/open`);
  }

  blank(width, height, name) {
    return this.#post("blank", { width, height, name });
  }

  /** action: "duplicate", "delete" or "restore". */
  shelve(document, action) {
    return this.#post(`documents/${document}/${action}`);
  }

  renameDocument(document, name) {
    return this.#post(`documents/${document}/name`, {}, name);
  }

  // --- models

  /**
   * Checks a prompt: { hint: a sentence about what the model does not read, wording: { prompt: what it is given instead, "" for the
   * prompt itself, left_out: words that it cannot show, unknown: [{ word, near: things that it can paint }, ...], removes: whether it asks for another mode } }.
   */
  hint(pipeline, prompt) {
    return this.#get("hint", { pipeline, prompt });
  }

  /**
   * Describes a model, once it is loaded: { words: those it knows, sorted, or null if it takes any text, kinds: the version
   * of its list of what it paints, "" if it has none, defaults: its settings, live_steps: those in live mode, 0 if it does not
   * paint live, samplers, supports_strength: whether it can start from the existing picture, unsupported: settings without
   * effect, host: the server that it is on, "" for this one }.
   * While the server is away, it is asked again.
   */
  async model(pipeline, signal) {
    for (;;) {
      const info = await this.#get("model", { pipeline }, signal).catch((error) => {
        if (signal.aborted || !(error instanceof Unreachable)) throw error;
        return { loading: true };
      });
      if (!info.loading) return info;
      await new Promise((resolve) => setTimeout(resolve, LOADING_MS));
    }
  }

  /** What a model paints, in this version of its list: see vocabulary.js. */
  async kinds(pipeline, version) {
    return (await check(fetch(this.url(`kinds/${version}/kinds.json`, { pipeline })))).json(); // kept by the browser
  }

  /** The address of their pictures, in one. */
  kindsPictures(pipeline, version) {
    return this.url(`kinds/${version}/kinds.webp`, { pipeline });
  }

  /**
   * The adapters on the server's machine: [{ name, title, kind: "lora", "ip-adapter" or "controlnet", takes: whether the model
   * takes it, why: a sentence if not, settings: { steps, guidance } that it was made for, if known }].
   * While the server is away, it is asked again.
   */
  async adapters(pipeline) {
    for (;;) {
      const list = await this.#get("adapters", { pipeline }).catch((error) => {
        if (!(error instanceof Unreachable)) throw error;
        return null;
      });
      if (list) return list;
      await new Promise((resolve) => setTimeout(resolve, LOADING_MS));
    }
  }

  /** The models: { installed, recommended, downloads, defaults, machine, token, may_change, token_url }. */
  models() {
    return this.#get("models");
  }

  /** Asks the hub about OWNER/MODEL: { model, licence, commercial, gated, size, fits, installed, ... }, or { kind, error }. */
  lookUpModel(model) {
    return this.#get("models/look-up", { model });
  }

  /** action: "download", "pause", "cancel", "token", "key", "add", "remove" or "default". Answers with what `models` does, and more. */
  changeModels(action, body) {
    return this.#post(`models/${action}`, {}, JSON.stringify(body));
  }

  // --- a document

  /**
   * Loads the document's state. watch: revisions whose outcome is reported as well. beat: of the last state; the server then
   * waits a little for the next step before it answers.
   */
  state(document, watch = [], beat = null) {
    return this.#get(`documents/${encodeURIComponent(document)}`, { watch: watch.join(","), beat });
  }

  /** shared: what others may do with it: "look", "edit" or "nobody". */
  share(document, shared) {
    return this.#post(`documents/${document}/share`, {}, JSON.stringify({ shared }));
  }

  /** direction: "undo" or "redo". */
  move(document, direction) {
    return this.#post(`documents/${document}/${direction}`);
  }

  /** Sends an edit, see `editPacket`. path: "edits" or `amend/REVISION`. */
  submit(document, path, edit, mask, sketch) {
    return this.#post(`documents/${document}/${path}`, {}, editPacket(edit, mask, sketch));
  }

  /**
   * Paints an edit, see `editPacket`, and stores nothing: yields { state: "painting", or at the end "ready", "dropped" or
   * "failed", step, steps, error: a sentence, picture: { bitmap, box } or null }. The abort of `signal` cancels it.
   */
  async *live(document, edit, mask, sketch, signal) {
    const body = editPacket(edit, mask, sketch);
    const response = await check(fetch(this.url(`documents/${document}/live`), { method: "POST", body, signal }));
    for await (const { picture, ...report } of packets(response.body, "picture")) {
      yield { ...report, picture: picture && { bitmap: await decodeBitmap(picture.png), box: picture.box } };
    }
  }

  /** Which steps are replayed when one is amended: { step, of, later: [{ pipeline, steps }, ...] }. */
  replayed(document, revision) {
    return this.#get(`documents/${document}/amend/${revision}`);
  }

  /** Plans an edit: { windows: [box, ...], steps, specks, sent: { host, pixels } or null, regions: [{ box, values }, ...] }. */
  async plan(document, edit, mask, sketch) {
    const response = await this.#send(`documents/${document}/plan`, {}, pack({ ...edit, reference: null }, { mask, sketch }));
    return this.#unpack(response, "regions");
  }

  /** What is seen of an adjustment: { bitmap, box }, or null when nothing of it changes. request: see `AdjustPreview`. */
  async adjusted(document, request, mask) {
    const response = await this.#send(`documents/${document}/adjusted`, {}, pack(request, { mask }));
    return response.status === 204 ? null : boxedBitmap(response);
  }

  async #unpack(response, name) {
    const head = await unpack(await response.blob(), [name]);
    const values = async ({ box, png }) => ({ box, values: await decodeGrey(png, box[2], box[3]) });
    if (Array.isArray(head[name])) head[name] = await Promise.all(head[name].map(values));
    else if (head[name]) head[name] = await values(head[name]);
    return head;
  }

  /** Selects a mask from the picture's colours. query: { tool: "wand", x, y, tolerance, contiguous, smoothing }, or { tool: "edge" } with a rough `mask`. */
  async select(document, query, mask = null) {
    const body = pack(query, mask ? { mask: await encodeMask(mask) } : {});
    return (await this.#unpack(await this.#send(`documents/${document}/select`, {}, body), "mask")).mask;
  }

  /**
   * Finds an object. query: { revision, points: [[x, y, inside], ...], box, look }. Returns { state: "none"
   * (no model is installed), "reading" (the picture) or "ready", words: whether `selectByWords` has a model, lines: its outline if it is only looked at, mask }.
   */
  async selectObject(document, query) {
    return this.#unpack(await this.#send(`documents/${document}/select`, {}, pack({ tool: "object", ...query }, {})), "mask");
  }

  /** Finds what words name. query: { revision, words }. Returns { state: as above, mask: null where that is nothing }. */
  async selectByWords(document, query) {
    return this.#unpack(await this.#send(`documents/${document}/select`, {}, pack({ tool: "words", ...query }, {})), "mask");
  }

  /**
   * Changes a mask { box, values }; null when nothing is left. operation: { do: "grow", "shrink" or "soften", by: pixels } or
   * { do: "holes" }, which fills them.
   */
  async changeMask(document, operation, mask) {
    const body = pack(operation, { mask: await encodeMask(mask) });
    return (await this.#unpack(await this.#send(`documents/${document}/mask`, {}, body), "mask")).mask;
  }

  /** The part of a revision under a mask { box, values } as a PNG, with the mask as its transparency. */
  async cutOut(document, revision, mask) {
    return (await this.#send(`documents/${document}/cut-out`, {}, pack({ revision }, { mask: await encodeMask(mask) }))).blob();
  }

  /** Reads a picture file as a mask: { size, reading, mask: { box, values } }; the mask is null if its size is wrong or it is empty. */
  /** Reads a mask's file. by: "brightness" or "transparency"; "": as the server finds it. */
  async readMask(document, file, by) {
    return this.#unpack(await this.#send(`documents/${document}/mask-file`, { by }, file), "mask");
  }

  /** Every revision of a document, parents before children. */
  tree(document) {
    return this.#get(`documents/${document}/tree`);
  }

  /** action: "checkout", "star", "unstar", "discard", "recover" or "cancel". */
  step(document, action, revision) {
    return this.#post(`documents/${document}/${action}/${revision}`);
  }

  rename(document, revision, name) {
    return this.#post(`documents/${document}/rename/${revision}`, {}, name);
  }

  reorder(document, order) {
    return this.#post(`documents/${document}/queue`, {}, JSON.stringify({ order }));
  }

  /** Generates the newest job, or the step on show, once more with another seed. */
  again(document, seed) {
    return this.#post(`documents/${document}/again`, {}, JSON.stringify({ seed }));
  }

  /** Reads a picture file for a document, in its colours: { bitmap, notes: what of the file it has not }. watch: as in `openFile`. */
  async readPicture(document, file, watch) {
    const response = await check(upload(this.url(`documents/${document}/picture-file`), file, watch));
    const notes = JSON.parse(decodeURIComponent(response.headers.get("Palimpsest-Notes")));
    return { bitmap: await decodeBitmap(await response.blob()), notes };
  }

  /** Lays a picture { box, png } over the revision `parent`, as it is. */
  paste(document, parent, picture) {
    return this.#post(`documents/${document}/paste`, {}, pack({ parent }, { picture }));
  }

  crop(document, box) {
    return this.#post(`documents/${document}/crop`, {}, JSON.stringify({ box }));
  }

  reblend(document, revision, blend) {
    return this.#post(`documents/${document}/reblend/${revision}`, {}, JSON.stringify(blend));
  }

  /**
   * The layers of what is shown, the lowest first: { layers: nodes of the tree with visible, opacity, fixed: whether it must
   * stay as it is, overlaps: the revisions that it cannot change places with, opened: the node of the picture below }.
   */
  layers(document) {
    return this.#get(`documents/${document}/layers`);
  }

  /** layers: all of them, the lowest first, each with revision, visible and opacity. */
  rearrange(document, layers) {
    return this.#post(`documents/${document}/layers`, {}, arrangement(layers));
  }

  /** What `rearrange` would do: { runs: [{ pipeline, steps }], of what a model must repeat, bitmap, box: how it would look, or null }. */
  async forecast(document, layers) {
    const response = await this.#send(`documents/${document}/layers/forecast`, {}, arrangement(layers));
    const runs = JSON.parse(response.headers.get("Palimpsest-Runs"));
    if (response.status === 204) return { runs, bitmap: null, box: null };
    return { runs, ...(await boxedBitmap(response)) };
  }

  // --- pixels

  async manifest(revision) {
    return (await check(fetch(this.url(`revisions/${revision}/manifest`)))).json();
  }

  overview(revision) {
    return loadBitmap(fetch(this.url(`revisions/${revision}/overview`)));
  }

  tile(digest) {
    return loadBitmap(fetch(this.url(`tiles/${digest}`)));
  }

  /** The values of a revision's mask: Uint8Array(width * height). */
  async mask(revision, width, height) {
    const response = await check(fetch(this.url(`revisions/${revision}/mask`)));
    return decodeGrey(await response.blob(), width, height);
  }

  /** The address of a step's reference picture. */
  reference(revision) {
    return this.url(`revisions/${revision}/reference`);
  }

  preview(revision, serial) {
    return loadBitmap(fetch(this.url(`previews/${revision}/${serial}`), { cache: "no-store" }));
  }

  /** Previews a step with another blend: { bitmap, box }. */
  async reblended(revision, blend) {
    const response = await check(fetch(this.url(`revisions/${revision}/reblended`, blend), { cache: "no-store" }));
    return boxedBitmap(response);
  }

  /** The author, copyright and resolution of the file that was opened: { author, copyright, dpi: [across, down] or null }. */
  metadata(document) {
    return this.#get(`documents/${document}/metadata`);
  }

  /** The content credentials of the file that was opened, or null, and who signs what is saved: { opened, note, signer }. */
  credentials(document) {
    return this.#get(`documents/${document}/credentials`);
  }

  // --- addresses of files to download. kind: the file's extension. query: what the routes say, and the file's `name`

  /** query: side, dpi, quality, and recipe: "no" to leave it out. */
  picture(revision, kind, query = {}) {
    return this.url(`revisions/${revision}/picture.${kind}`, query);
  }

  /** query: revisions, ids separated by commas, and side. */
  sheet(document, kind, query) {
    return this.url(`documents/${document}/sheet.${kind}`, query);
  }

  /** query: side and seconds. */
  timelapse(revision, kind, query) {
    return this.url(`revisions/${revision}/timelapse.${kind}`, query);
  }

  /** Loads a file from such an address: a Blob. */
  async file(address) {
    return (await check(fetch(address, { cache: "no-store" }))).blob();
  }

  /** A whole revision as a PNG without its recipe. */
  async png(revision) {
    return this.file(this.picture(revision, "png", { recipe: "no" }));
  }

  recipe(revision) {
    return this.url(`revisions/${revision}/recipe`);
  }
}
