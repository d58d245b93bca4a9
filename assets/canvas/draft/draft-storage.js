// The draft, the prompts and the view of each document in the browser's database, so that they survive a reload, a crash and
// a restart. One record a document.

import { decodeColours, decodeGrey, encodeColours, encodeGrey } from "../net/png.js";
import { ObjectStore } from "../lib/object-store.js";

const MAX_RECORDS = 60; // the oldest beyond that are deleted

const drafts = new ObjectStore("palimpsest", "drafts", (database) =>
  database.createObjectStore("drafts", { keyPath: "document" }).createIndex("when", "when"));

async function encodeLayer(layer, encode) {
  const box = layer.bounds();
  return box && { box, png: await encode(layer.crop(box), box[2], box[3]) };
}

/**
 * Saves a Draft, the view { scale, x, y, fitted } and the prompts { prompt, negative_prompt }, null until they are loaded.
 * In a browser that stores nothing, the draft lives in this page alone.
 */
export async function saveDraft(document, draft, view, prompts) {
  const [mask, sketch] = await Promise.all([encodeLayer(draft.mask, encodeGrey), encodeLayer(draft.sketch, encodeColours)]);
  await drafts.transact("readwrite", (store) => {
    store.put({ document, when: Date.now(), mask, sketch, view, prompts });
    const count = store.count();
    count.onsuccess = () => {
      let extra = count.result - MAX_RECORDS;
      if (extra <= 0) return;
      store.index("when").openCursor().onsuccess = ({ target: { result: cursor } }) => {
        if (!cursor || extra-- <= 0) return;
        cursor.delete();
        cursor.continue();
      };
    };
  }).catch(() => {});
}

/** Saves the view and the prompts alone: a user who looks elsewhere need not wait for a mask to be encoded. */
export async function saveView(document, view, prompts) {
  await drafts.transact("readwrite", (store) => {
    const record = store.get(document);
    record.onsuccess = () => store.put({ mask: null, sketch: null, ...record.result, document, when: Date.now(), view, prompts });
  }).catch(() => {});
}

/** Saves what one document has for another as well, a copy of it. */
export async function copyDraft(from, to) {
  await drafts.transact("readwrite", (store) => {
    const record = store.get(from);
    record.onsuccess = () => record.result && store.put({ ...record.result, document: to, when: Date.now() });
  }).catch(() => {});
}

/** Loads { mask: { box, values } or null, sketch: the same, view, prompts }; null if nothing was saved. */
export async function loadDraft(document) {
  const record = await drafts.transact("readonly", (store) => store.get(document)).catch(() => null);
  if (!record) return null;
  const decodeLayer = async (layer, decode) => layer && { box: layer.box, values: await decode(layer.png, layer.box[2], layer.box[3]) };
  const { mask, sketch, view, prompts = null } = record;
  return { mask: await decodeLayer(mask, decodeGrey), sketch: await decodeLayer(sketch, decodeColours), view, prompts };
}
