// Answers on their way to the server. Each stays in the browser's storage until the server has it, over reloads and
// crashes of either; the server counts an answer once, however often it is sent.

import { Closed, Refused } from "./server.js";

const [SHORTEST, LONGEST] = [500, 8000]; // ms between two attempts
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export class Outbox {
  /**
   * prefix: of the keys in the storage, one for each answer, so that two tabs do not overwrite each other's. post(entry):
   * sends one. report(error): why an attempt failed, null after one that did not.
   */
  constructor(prefix, post, report, { storage = null, pause = wait } = {}) {
    Object.assign(this, { prefix, post, report, pause, storage });
    this.entries = this._stored().sort((a, b) => a.at - b.at);
    this.sending = false;
  }

  /** Adds an answer and begins to send. */
  add(entry) {
    const at = Math.max(Date.now(), (this.entries.at(-1)?.at ?? 0) + 1);
    const stored = { ...entry, at };
    this.entries.push(stored);
    this._try((storage) => storage.setItem(this.prefix + entry.token, JSON.stringify(stored)));
    return this.flush();
  }

  /** Sends all answers in their order; tries again and again until the server has taken or refused each. */
  async flush() {
    if (this.sending) return;
    this.sending = true;
    for (let delay = SHORTEST; this.entries.length; ) {
      const [{ at: _, ...entry }] = this.entries;
      let failure = null;
      try {
        await this.post(entry);
      } catch (error) {
        failure = error;
        if (!(error instanceof Closed || error instanceof Refused)) {
          this.report(error);
          await this.pause(delay);
          delay = Math.min(2 * delay, LONGEST);
          continue;
        }
      }
      delay = SHORTEST;
      this.entries.shift();
      this._try((storage) => storage.removeItem(this.prefix + entry.token));
      this.report(failure);
    }
    this.sending = false;
  }

  _stored() {
    return this._try((storage) => {
      const keys = Array.from({ length: storage.length }, (_, index) => storage.key(index));
      return keys.filter((key) => key.startsWith(this.prefix)).map((key) => JSON.parse(storage.getItem(key)));
    }) ?? [];
  }

  /** Where the browser stores nothing, an answer waits in this tab alone. */
  _try(work) {
    try {
      return work(this.storage ?? localStorage);
    } catch {
      return null;
    }
  }
}
