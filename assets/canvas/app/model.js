// The model that is chosen, and what it is asked: what the user set himself, else its default. Knows nothing
// of screens.

import { MODEL_DEFAULTS } from "./settings.js";

export class Model {
  /**
   * ask(name, signal): what there is to know of a model, as the server says; it may have to be read first, which takes
   * its time. changed(): another is chosen, or more is known of it.
   */
  constructor(ask, changed) {
    Object.assign(this, { ask, changed });
    this.known = new Map(); // by name
    this.name = null;
    this.info = null; // what is known of it: { words, defaults, samplers, supports_strength, unsupported }
    this.trouble = ""; // why nothing will be known of it
    this.coming = Promise.resolve(); // until one of both is there
    this.own = {}; // what of MODEL_DEFAULTS the user set
    this.fields = {}; // the form's, with the values they have where nobody says otherwise
  }

  get reading() {
    return !this.info && !this.trouble;
  }

  /** Resolves when it is known, or why it is not; asked again after that. Whoever is not waited for any more is let go. */
  choose(name) {
    if (name === this.name && !this.trouble) return this.coming;
    this.stop?.abort();
    Object.assign(this, { name, info: this.known.get(name) ?? null, trouble: "", stop: null });
    this.coming = this.info ? Promise.resolve() : this.#read(name);
    this.changed();
    return this.coming;
  }

  async #read(name) {
    const stop = new AbortController();
    this.stop = stop;
    const outcome = await this.ask(name, stop.signal).then((info) => ({ info }), (error) => ({ trouble: error.message || String(error) }));
    if (outcome.info) this.known.set(name, outcome.info);
    if (this.stop !== stop) return;
    Object.assign(this, outcome);
    this.changed();
  }

  /** What of MODEL_DEFAULTS is asked of it where the user says nothing. */
  defaultOf(name) {
    const first = this.fields[name].value;
    const given = this.info?.defaults[name] ?? first;
    return name === "sampler" && this.info?.samplers.length && !this.info.samplers.includes(given) ? this.info.samplers[0] : given;
  }

  /** What of MODEL_DEFAULTS is asked of it. */
  value(name) {
    const own = this.own[name];
    return own === undefined || (name === "sampler" && this.info && !this.info.samplers.includes(own)) ? this.defaultOf(name) : own;
  }

  isOwn(name) {
    return this.value(name) !== this.defaultOf(name);
  }

  /** The user sets one of MODEL_DEFAULTS; a default is not his. */
  set(name, value) {
    const { min, max } = this.fields[name];
    this.own[name] = max === undefined ? value : Math.min(Math.max(Number(value), min), max);
    if (this.info) this.#settle(name);
  }

  /** Settings of a step of this model are the user's but for its defaults. */
  settle() {
    for (const name of MODEL_DEFAULTS) this.#settle(name);
  }

  #settle(name) {
    if (this.own[name] === this.defaultOf(name)) delete this.own[name];
  }

  /** Whether it makes anything of a setting. */
  supports(name) {
    if (!this.info) return true;
    return name === "sampler" ? this.info.samplers.length > 0 : !this.info.unsupported.includes(name);
  }

  /** Whether it can do what is intended: some begin from nothing of what is there. */
  able(intent) {
    return (intent !== "refine" && intent !== "sketch") || (this.info?.supports_strength ?? true);
  }
}
