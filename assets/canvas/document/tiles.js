// A cache of tiles by digest: a tile in use is never loaded twice. No DOM.

const CAPACITY = 384; // tiles of 256 kB: 100 MB, more than a 4K screen can show at full size
const MAX_REQUESTS = 6; // at a time

export class TileCache {
  /** load(digest): Promise of a bitmap. loaded(): one more tile is in the cache. */
  constructor(load, loaded = () => {}) {
    Object.assign(this, { load, loaded });
    this.bitmaps = new Map(); // digest -> bitmap, least recently used first
    this.requests = new Map(); // digest -> Promise of the bitmap
    this.queue = [];
  }

  get(digest) {
    const bitmap = this.bitmaps.get(digest);
    if (!bitmap) return null;
    this.bitmaps.delete(digest);
    this.bitmaps.set(digest, bitmap);
    return bitmap;
  }

  /** Loads what the screen lacks now, in this order, in place of what it lacked before. */
  want(digests) {
    this.queue = [...new Set(digests)].filter((digest) => !this.bitmaps.has(digest) && !this.requests.has(digest));
    while (this.queue.length && this.requests.size < MAX_REQUESTS) {
      // a tile that fails is requested again when the screen is next drawn, not at once
      this.#start(this.queue.shift()).catch(() => {});
    }
  }

  /** Returns all these tiles once they are loaded. */
  all(digests) {
    return Promise.all(digests.map((digest) => this.get(digest) ?? this.requests.get(digest) ?? this.#start(digest)));
  }

  #start(digest) {
    const request = this.load(digest)
      .then((bitmap) => {
        this.bitmaps.set(digest, bitmap);
        while (this.bitmaps.size > CAPACITY) {
          const [oldest, old] = this.bitmaps.entries().next().value;
          this.bitmaps.delete(oldest);
          old.close?.();
        }
        this.loaded();
        return bitmap;
      })
      .finally(() => {
        this.requests.delete(digest);
        this.want(this.queue);
      });
    this.requests.set(digest, request);
    return request;
  }
}

/** The keys of the tiles that differ between two manifests, maps of key -> digest. */
export function changedTiles(before, after) {
  const keys = new Set([...before.keys(), ...after.keys()]);
  return [...keys].filter((key) => before.get(key) !== after.get(key));
}
