// Tiles by digest: what was fetched once is never fetched again while it is in use. Knows nothing of screens.

const KEEP = 384; // tiles of 256 kB: 100 MB, more than a 4K screen can show at full size
const AT_ONCE = 6;

export class TileCache {
  /** load(digest): Promise of a bitmap. arrived(): one more is here. */
  constructor(load, arrived = () => {}) {
    Object.assign(this, { load, arrived });
    this.here = new Map(); // digest -> bitmap, least recently used first
    this.coming = new Map(); // digest -> Promise of the bitmap
    this.queue = [];
  }

  get(digest) {
    const bitmap = this.here.get(digest);
    if (!bitmap) return null;
    this.here.delete(digest);
    this.here.set(digest, bitmap);
    return bitmap;
  }

  /** What the screen lacks now, most wanted first; what it wanted before is forgotten. */
  want(digests) {
    this.queue = [...new Set(digests)].filter((digest) => !this.here.has(digest) && !this.coming.has(digest));
    while (this.queue.length && this.coming.size < AT_ONCE) {
      // one that fails is asked for again when the screen is next drawn, not at once
      this.#start(this.queue.shift()).catch(() => {});
    }
  }

  /** All of `digests`, fetched if need be. */
  all(digests) {
    return Promise.all(digests.map((digest) => this.get(digest) ?? this.coming.get(digest) ?? this.#start(digest)));
  }

  #start(digest) {
    const coming = this.load(digest)
      .then((bitmap) => {
        this.here.set(digest, bitmap);
        while (this.here.size > KEEP) {
          const [oldest, old] = this.here.entries().next().value;
          this.here.delete(oldest);
          old.close?.();
        }
        this.arrived();
        return bitmap;
      })
      .finally(() => {
        this.coming.delete(digest);
        this.want(this.queue);
      });
    this.coming.set(digest, coming);
    return coming;
  }
}

/** Keys of the tiles that differ between two manifests' maps key -> digest. */
export function changedTiles(before, after) {
  const keys = new Set([...before.keys(), ...after.keys()]);
  return [...keys].filter((key) => before.get(key) !== after.get(key));
}
