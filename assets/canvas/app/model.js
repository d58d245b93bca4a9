// The model that is chosen, and what it is asked: what the user set himself, else what is usual with it. Knows nothing
// of screens.

import { USUAL } from "./settings.js";

export class Model {
  /**
   * ask(name, signal): what there is to know of a model, as the server tells; it may have to be read first, which takes
   * its time. changed(): another is chosen, or more is known of it.
   */
  constructor(ask, changed) {
    Object.assign(this, { ask, changed });
    this.known = new Map(); // by name
    this.name = null;
    this.told = null; // what is known of it: { words, usual, samplers, refines, unheeded }
    this.trouble = ""; // why nothing will be known of it
    this.coming = Promise.resolve(); // until one of both is there
    this.own = {}; // what of USUAL the user set
    this.fields = {}; // the form's, with the values they have where nobody says otherwise
  }

  get reading() {
    return !this.told && !this.trouble;
  }

  /** Resolves when it is known, or why it is not; asked again after that. Whoever is not waited for any more is let go. */
  choose(name) {
    if (name === this.name && !this.trouble) return this.coming;
    this.stop?.abort();
    Object.assign(this, { name, told: this.known.get(name) ?? null, trouble: "", stop: null });
    this.coming = this.told ? Promise.resolve() : this.#read(name);
    this.changed();
    return this.coming;
  }

  async #read(name) {
    const stop = new AbortController();
    this.stop = stop;
    const outcome = await this.ask(name, stop.signal).then((told) => ({ told }), (error) => ({ trouble: error.message || String(error) }));
    if (outcome.told) this.known.set(name, outcome.told);
    if (this.stop !== stop) return;
    Object.assign(this, outcome);
    this.changed();
  }

  /** What of USUAL is asked of it where the user says nothing. */
  usual(name) {
    const first = this.fields[name].value;
    const usual = this.told?.usual[name] ?? first;
    return name === "sampler" && this.told?.samplers.length && !this.told.samplers.includes(usual) ? this.told.samplers[0] : usual;
  }

  /** What of USUAL is asked of it. */
  value(name) {
    const own = this.own[name];
    return own === undefined || (name === "sampler" && this.told && !this.told.samplers.includes(own)) ? this.usual(name) : own;
  }

  isOwn(name) {
    return this.value(name) !== this.usual(name);
  }

  /** The user sets one of USUAL; what is usual anyway is not his. */
  set(name, value) {
    const { min, max } = this.fields[name];
    this.own[name] = max === undefined ? value : Math.min(Math.max(Number(value), min), max);
    if (this.told) this.#settle(name);
  }

  /** Settings of a step of this model are the user's but for those that are usual with it. */
  settle() {
    for (const name of USUAL) this.#settle(name);
  }

  #settle(name) {
    if (this.own[name] === this.usual(name)) delete this.own[name];
  }

  /** Whether it makes anything of a setting. */
  heeds(name) {
    if (!this.told) return true;
    return name === "sampler" ? this.told.samplers.length > 0 : !this.told.unheeded.includes(name);
  }

  /** Whether it can do what is intended: some begin from nothing of what is there. */
  able(intent) {
    return (intent !== "refine" && intent !== "sketch") || (this.told?.refines ?? true);
  }
}
