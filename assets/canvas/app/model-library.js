// The models of the server: which there are, which can be downloaded, and the downloads, which it follows to their end. No DOM.

import { Unreachable } from "../net/responses.js";

export const POLL_MS = 1000; // while a download runs or waits
const RUNS = ["queued", "running"];

export class ModelLibrary {
  /**
   * on: { changed(): there is another state; choices(models, defaults): the form is to offer these, [[title, name], ...], and these first,
   * by mode; selectors(): other models select objects than before;
   * ended(download, model): a download has ended, and this is its model if it did not fail; failed(sentence): what the user
   * asked for was refused; succeeded(): it was done }. later(ms, work): a timer; tests pass their own.
   */
  constructor(server, on, later = (ms, work) => setTimeout(work, ms)) {
    Object.assign(this, { server, on, later });
    this.state = null; // the last answer, see `Server.models`
    this.error = ""; // why there is none
    this.choices = ""; // JSON of those that the form offers, and offers first
    this.selectors = ""; // JSON of those that select objects
    this.epoch = 0; // an answer to a request of an earlier epoch is out of date
    this.timed = false; // whether the next request has its time
  }

  /** How many downloads run or wait. */
  get running() {
    return this.state?.downloads.filter(({ state }) => RUNS.includes(state)).length ?? 0;
  }

  /** Asks the server, and again for as long as a download runs. */
  async load() {
    const epoch = ++this.epoch;
    try {
      const state = await this.server.models();
      if (epoch === this.epoch) this.#take(state);
    } catch (error) {
      if (epoch !== this.epoch) return;
      this.error = error.message;
      this.on.changed();
      if (error instanceof Unreachable) this.#again(); // it is being restarted, maybe
    }
  }

  /** Has the server do something, see `Server.changeModels`. Returns its answer, null if it refuses. */
  async act(action, body) {
    try {
      const answer = await this.server.changeModels(action, body);
      this.epoch += 1;
      this.on.succeeded();
      this.#take(answer);
      return answer;
    } catch (error) {
      this.on.failed(error.message);
      return null;
    }
  }

  #take(state) {
    const before = this.state;
    Object.assign(this, { state, error: "" });
    const choices = state.installed.filter(isOffered).map(({ title, name }) => [title, name]);
    const offered = JSON.stringify([choices, state.defaults]);
    if (offered !== this.choices) {
      this.choices = offered;
      this.on.choices(choices, state.defaults);
    }
    const selectors = JSON.stringify(state.installed.filter(({ use }) => use === "select").map(({ name }) => name));
    if (before && selectors !== this.selectors) this.on.selectors();
    this.selectors = selectors;
    this.on.changed();
    for (const download of state.downloads) if (before && ended(download, before)) this.on.ended(download, state.installed.find(({ name }) => name === download.name));
    if (this.running) this.#again();
  }

  #again() {
    if (this.timed) return;
    this.timed = true;
    this.later(POLL_MS, () => {
      this.timed = false;
      this.load();
    });
  }
}

/** Whether the form has a model to choose. */
const isOffered = ({ offered, use, trouble }) => offered ?? (["fill", "remove"].includes(use) && !trouble);

/** Whether a download has ended since a state. */
function ended(download, state) {
  const before = state.downloads.find(({ model }) => model === download.model);
  return ["done", "failed"].includes(download.state) && before?.state !== download.state;
}
