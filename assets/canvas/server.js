// The requests to the editor's own routes. Every failure is an Error whose message is a sentence for the user.

import { decodeGrey } from "./png.js";

export class Unreachable extends Error {}
export class Missing extends Error {}

async function answer(request) {
  let response;
  try {
    response = await request;
  } catch {
    throw new Unreachable("The server does not answer. Nothing is lost; trying again.");
  }
  if (response.ok) return response;
  const said = await response.json().catch(() => ({}));
  const sentence = said.error || `The server refused this (${response.status} ${response.statusText}).`;
  throw new (response.status === 404 ? Missing : Error)(sentence);
}

async function bitmap(request) {
  const blob = await (await answer(request)).blob();
  return createImageBitmap(blob, { colorSpaceConversion: "none", premultiplyAlpha: "none" });
}

export class Server {
  /** base: URL of the folder the routes lie in, with a slash at its end. */
  constructor(base) {
    this.base = base;
  }

  url(path, query = {}) {
    const url = new URL(path, this.base);
    for (const [name, value] of Object.entries(query)) if (value) url.searchParams.set(name, value);
    return url.href;
  }

  async #get(path, query) {
    return (await answer(fetch(this.url(path, query), { cache: "no-cache" }))).json();
  }

  async #post(path, query, body) {
    return (await answer(fetch(this.url(path, query), { method: "POST", body }))).json();
  }

  samples() {
    return this.#get("samples");
  }

  hint(pipeline, prompt) {
    return this.#get("hint", { pipeline, prompt });
  }

  openFile(file) {
    return this.#post("documents", { name: file.name }, file);
  }

  openSample(name) {
    return this.#post(`samples/${encodeURIComponent(name)}/open`);
  }

  /** What the document is now; `watch` names a revision whose fate is to be told as well. */
  state(document, watch) {
    return this.#get(`documents/${encodeURIComponent(document)}`, { watch });
  }

  /** verb: "undo" or "redo". */
  move(document, verb) {
    return this.#post(`documents/${document}/${verb}`);
  }

  /** wish: the settings, with the mask's box; mask: Blob of a grey PNG. One body: the wish as a line of JSON, then the PNG. */
  submit(document, wish, mask) {
    const body = new Blob([JSON.stringify(wish), "\n", mask], { type: "application/octet-stream" });
    return this.#post(`documents/${document}/edits`, {}, body);
  }

  /** Every state of a document, parents before children. */
  tree(document) {
    return this.#get(`documents/${document}/tree`);
  }

  /** verb: "checkout", "discard" or "recover". */
  step(document, verb, revision) {
    return this.#post(`documents/${document}/${verb}/${revision}`);
  }

  rename(document, revision, name) {
    return this.#post(`documents/${document}/rename/${revision}`, {}, name);
  }

  cancel(document, revision) {
    return this.#post(`documents/${document}/cancel/${revision}`);
  }

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

  download(revision) {
    return this.url(`revisions/${revision}/picture.png`);
  }
}
