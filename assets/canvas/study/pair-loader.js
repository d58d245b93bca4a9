// The pictures of comparisons: loaded ahead, once, and released when nobody can come back to them.

export class PairLoader {
  /** picture(token): a promise of one. */
  constructor(picture) {
    this.picture = picture;
    this.pairs = new Map(); // by the comparison's number: a promise of both
  }

  /** Both pictures of a comparison, by their tokens. */
  load(number, tokens) {
    if (!this.pairs.has(number)) {
      const both = Promise.all(tokens.map(this.picture));
      both.catch(() => this.pairs.delete(number));
      this.pairs.set(number, both);
    }
    return this.pairs.get(number);
  }

  /** Releases all comparisons before one. */
  release(first) {
    for (const number of this.pairs.keys()) if (number < first) this.pairs.delete(number);
  }
}
