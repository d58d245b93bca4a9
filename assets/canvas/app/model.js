// The chosen model and its settings: those the user set, else the model's defaults. No DOM.

import { MODEL_DEFAULTS } from "./settings.js";

/** The server that a model of this name is on; "" if it runs here. */
export const serverOf = (pipeline) => (pipeline.startsWith("openai:") ? new URL(pipeline.slice("openai:".length)).host : "");

export class Model {
  /**
   * load(name, signal): describes a model, see `Server.model`; that takes a while if the model must be loaded first.
   * changed(): another model is chosen, or its description is there.
   */
  constructor(load, changed) {
    Object.assign(this, { load, changed });
    this.cache = new Map(); // name -> info
    this.name = null;
    this.info = null; // { words, kinds, defaults, samplers, supports_strength, unsupported, host: the server it is on, "" for this one }
    this.error = ""; // why there will be no info
    this.request = Promise.resolve(); // resolves when there is one or the other
    this.own = {}; // those of MODEL_DEFAULTS that the user set
    this.fields = {}; // the form's; their values are the defaults of a model that names none
  }

  get loading() {
    return !this.info && !this.error;
  }

  /** Resolves when the model's info or error is there. After an error, tries again. Aborts the request for the last model. */
  choose(name) {
    if (name === this.name && !this.error) return this.request;
    this.controller?.abort();
    Object.assign(this, { name, info: this.cache.get(name) ?? null, error: "", controller: null });
    this.request = this.info ? Promise.resolve() : this.#load(name);
    this.changed();
    return this.request;
  }

  async #load(name) {
    const controller = new AbortController();
    this.controller = controller;
    const result = await this.load(name, controller.signal).then((info) => ({ info }), (error) => ({ error: error.message || String(error) }));
    if (result.info) this.cache.set(name, result.info);
    if (this.controller !== controller) return;
    Object.assign(this, result);
    this.changed();
  }

  /** Resolves when what another model supports is known, or why it cannot be, without choosing it. */
  async know(name) {
    if (this.cache.has(name)) return;
    await this.load(name, new AbortController().signal).then((info) => this.cache.set(name, info), () => null); // the job fails with the reason
  }

  /** The model's default for one of MODEL_DEFAULTS. */
  defaultOf(name) {
    const value = this.info?.defaults[name] ?? this.fields[name].value;
    return name === "sampler" && this.info?.samplers.length && !this.info.samplers.includes(value) ? this.info.samplers[0] : value;
  }

  /** The value in use for one of MODEL_DEFAULTS. */
  value(name) {
    const own = this.own[name];
    return own === undefined || (name === "sampler" && this.info && !this.info.samplers.includes(own)) ? this.defaultOf(name) : own;
  }

  isOwn(name) {
    return this.value(name) !== this.defaultOf(name);
  }

  /** The user sets one of MODEL_DEFAULTS; a value that equals the default is not the user's own. */
  set(name, value) {
    const { min, max } = this.fields[name];
    this.own[name] = max === undefined ? value : Math.min(Math.max(Number(value), min), max);
    if (this.info) this.#dropDefault(name);
  }

  /** Keeps as the user's own only what differs from the model's defaults. */
  dropDefaults() {
    for (const name of MODEL_DEFAULTS) this.#dropDefault(name);
  }

  #dropDefault(name) {
    if (this.own[name] === this.defaultOf(name)) delete this.own[name];
  }

  /** Whether a setting has any effect. */
  supports(name) {
    if (!this.info) return true;
    return name === "sampler" ? this.info.samplers.length > 0 : !this.info.unsupported.includes(name);
  }

  /** What it is for: "elsewhere" if it runs on another server, "drawings" of the words it knows, "surroundings", which need no words, or "photographs"; null until it is known. */
  get purpose() {
    if (!this.info) return null;
    if (this.info.host) return "elsewhere";
    if (this.info.unsupported.includes("prompt")) return "surroundings";
    return this.info.words ? "drawings" : "photographs";
  }

  /** Whether the model can do what the intent needs: some cannot start from the existing picture. */
  supportsIntent(intent) {
    return (intent !== "refine" && intent !== "sketch") || (this.info?.supports_strength ?? true);
  }
}
