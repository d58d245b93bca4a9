// The picture as the viewport shows it: a manifest of tiles, a small overview for far zooms, and the preview of a job.

import { intersect, sameBox, TILE, tileBox, tileKey, tileOf, tilesOf } from "../lib/boxes.js";
import { changedTiles } from "./tiles.js";

const WITHOUT_OVERVIEW = 16; // tiles; a picture of no more is loaded whole
const MAX_CUTS = 256; // more edge tiles than any screen shows
const MAX_STAMPS = 48; // changed tiles; for more, loading a new overview is cheaper

export class Picture {
  /** server: of manifests and overviews. cache: TileCache. changed(): the picture must be drawn again. */
  constructor(server, cache, changed) {
    Object.assign(this, { server, cache, changed });
    this.revision = null; // on show
    this.box = null;
    this.tiles = new Map();
    this.overview = null; // { canvas, scale }: the whole picture, smaller
    this.cuts = new Map(); // digest and part -> OffscreenCanvas: the part of an edge tile that lies in the picture
    this.preview = null; // { revision, bitmap, box }
    this.loading = null; // the revision that is to be shown next
  }

  /**
   * Shows a revision: loads its manifest and what it changes, then switches in one go, so that nothing flickers. Returns
   * true if this revision is on show now, false if a newer call overtook this one.
   */
  async show(revision, view, viewport) {
    if (revision === this.loading) return false;
    this.loading = revision;
    try {
      const manifest = await this.server.manifest(revision);
      const tiles = new Map(manifest.tiles.map(([column, row, digest]) => [tileKey(column, row), digest]));
      const stays = this.box && sameBox(this.box, manifest.box);
      const changed = stays ? changedTiles(this.tiles, tiles).filter((key) => tiles.has(key)) : [...tiles.keys()];
      let overview = this.overview;
      if (tiles.size > WITHOUT_OVERVIEW && (!stays || changed.length > MAX_STAMPS)) {
        overview = asCanvas(await this.server.overview(revision), manifest.box);
        if (stays) await this.cache.all(this.#visible(changed, view, viewport).map((key) => tiles.get(key)));
      } else {
        const bitmaps = await this.cache.all(changed.map((key) => tiles.get(key)));
        if (overview && this.loading === revision) changed.forEach((key, i) => this.#stamp(overview, key, tiles.get(key), bitmaps[i]));
      }
      if (this.loading !== revision) return false;
      Object.assign(this, { revision, box: manifest.box, tiles, overview: tiles.size > WITHOUT_OVERVIEW ? overview : null });
      this.changed();
      return true;
    } finally {
      if (this.loading === revision) this.loading = null;
    }
  }

  /** Stays with the revision on show: what is still loading is dropped. */
  stay() {
    this.loading = null;
  }

  #visible(keys, view, { width, height }) {
    return keys.filter((key) => intersect(view.viewportRect(tileBox(...tileOf(key))), [0, 0, width, height]));
  }

  /**
   * Draws on a viewport of `width` x `height`, and requests the visible tiles that are missing. quick: while the view moves,
   * speed matters more than the last bit of smoothness.
   */
  draw(context, view, width, height, quick = false) {
    if (!this.box) return;
    const frame = view.viewportRect(this.box);
    context.save();
    context.beginPath();
    context.rect(...frame);
    context.clip();
    context.imageSmoothingEnabled = view.scale !== 1 && view.scale < 3; // closer than that, a designer wants to see the pixels
    context.imageSmoothingQuality = quick ? "low" : "high";
    context.fillStyle = "#fff"; // under what is transparent, as in every file without transparency
    context.fillRect(...frame);
    if (this.overview) context.drawImage(this.overview.canvas, ...frame);
    if (!this.overview || view.scale > this.overview.scale) this.#drawTiles(context, view, width, height);
    if (this.preview) context.drawImage(this.preview.bitmap, ...view.viewportRect(this.preview.box));
    context.restore();
  }

  #drawTiles(context, view, width, height) {
    const [left, top] = view.toPlane(0, 0);
    const visible = intersect([left, top, width / view.scale, height / view.scale], this.box);
    const missing = [];
    if (!visible) return;
    for (const [column, row] of tilesOf(visible)) {
      const digest = this.tiles.get(tileKey(column, row));
      if (!digest) continue;
      const bitmap = this.cache.get(digest);
      if (!bitmap) missing.push(digest);
      else {
        const tile = tileBox(column, row);
        context.drawImage(this.#cut(digest, bitmap, tile), ...view.viewportRect(intersect(tile, this.box)));
      }
    }
    this.cache.want(missing);
  }

  /** Cuts a tile at the picture's edge: beyond it the tile is black, which smoothing would draw in. */
  #cut(digest, bitmap, tile) {
    const part = intersect(tile, this.box);
    if (part[2] === TILE && part[3] === TILE) return bitmap;
    const [left, top] = [part[0] - tile[0], part[1] - tile[1]];
    const key = [digest, left, top, part[2], part[3]].join(" ");
    if (!this.cuts.has(key)) {
      if (this.cuts.size >= MAX_CUTS) this.cuts.clear();
      const canvas = new OffscreenCanvas(part[2], part[3]);
      canvas.getContext("2d").drawImage(bitmap, -left, -top);
      this.cuts.set(key, canvas);
    }
    return this.cuts.get(key);
  }

  /** Draws a tile into the overview, so that far and near show the same picture. */
  #stamp({ canvas, scale }, key, digest, bitmap) {
    const tile = tileBox(...tileOf(key));
    const [x, y, width, height] = intersect(tile, this.box);
    const context = canvas.getContext("2d");
    context.imageSmoothingQuality = "high";
    const place = [(x - this.box[0]) * scale, (y - this.box[1]) * scale, width * scale, height * scale];
    context.drawImage(this.#cut(digest, bitmap, tile), ...place);
  }
}

function asCanvas(bitmap, box) {
  const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
  canvas.getContext("2d").drawImage(bitmap, 0, 0);
  return { canvas, scale: bitmap.width / box[2] };
}
