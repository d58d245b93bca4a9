// How far a person is with a study: what is answered, what comes next, and which answer can be taken back. Knows no page.

export const UNDONE = "undone";

/** A random token of 32 hexadecimal digits. */
export function newToken() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

export class Rating {
  /** state: as the server has it. unsent: answers that it has not got yet, the oldest first. */
  constructor({ comparisons, answered, milliseconds: [least, most] }, unsent = []) {
    Object.assign(this, { comparisons, least, most }); // least, most: milliseconds of an answer
    this.answered = new Set(answered);
    for (const { comparison, choice } of unsent) {
      if (choice === UNDONE) this.answered.delete(comparison);
      else this.answered.add(comparison);
    }
    this.canUndo = this.answered.size > 0; // one answer, the last
  }

  /** The number of the first comparison without an answer; null when all have one. */
  get current() {
    const number = this.comparisons.findIndex((_, number) => !this.answered.has(number));
    return number < 0 ? null : number;
  }

  /** The questions, in the order in which they are asked. */
  get questions() {
    return [...new Set(this.comparisons.map(({ question }) => question))];
  }

  /** Answers the current comparison; returns what the server is to be sent. */
  answer(choice, milliseconds) {
    const entry = { token: newToken(), comparison: this.current, choice, milliseconds: Math.min(Math.round(milliseconds), this.most) };
    this.answered.add(entry.comparison);
    this.canUndo = true;
    return entry;
  }

  /** Takes the last answer back; returns what the server is to be sent. */
  undo() {
    const comparison = Math.max(...this.answered);
    this.answered.delete(comparison);
    this.canUndo = false;
    return { token: newToken(), comparison, choice: UNDONE, milliseconds: 0 };
  }
}
