// Masks that the user saves under a name, for each document, in the browser's database.

import { decodeGrey, encodeGrey } from "../net/png.js";
import { ObjectStore } from "../lib/object-store.js";

const masks = new ObjectStore("palimpsest-masks", "masks", (database) =>
  database.createObjectStore("masks", { keyPath: ["document", "name"] }).createIndex("document", "document"));

/** The masks of a document, the newest first: [{ name, box }, ...]. */
export async function listMasks(document) {
  const records = await masks.transact("readonly", (store) => store.index("document").getAll(document));
  return records.sort((a, b) => b.when - a.when).map(({ name, box }) => ({ name, box }));
}

/** Saves a mask, a Layer that is not empty, under a name that is not taken; rejects if it is. */
export async function saveMaskAs(document, name, layer) {
  const box = layer.bounds();
  const png = await encodeGrey(layer.crop(box), box[2], box[3]);
  await masks.transact("readwrite", (store) => store.add({ document, name, when: Date.now(), box, png }));
}

/** Loads a mask: { box, values }, null if there is none of this name. */
export async function loadMaskOf(document, name) {
  const record = await masks.transact("readonly", (store) => store.get([document, name]));
  return record ? { box: record.box, values: await decodeGrey(record.png, record.box[2], record.box[3]) } : null;
}

/** Gives a mask another name, which is not taken; rejects if it is, and the mask keeps its own. */
export async function renameMask(document, name, next) {
  await masks.transact("readwrite", (store) => {
    const record = store.get([document, name]);
    record.onsuccess = () => {
      if (!record.result) return; // another tab has deleted it
      store.add({ ...record.result, name: next });
      store.delete([document, name]);
    };
  });
}

/** Deletes a mask. Returns its record, for `restoreMask`. */
export function deleteMask(document, name) {
  return masks.transact("readwrite", (store) => {
    const request = store.get([document, name]);
    store.delete([document, name]);
    return request;
  });
}

export const restoreMask = (record) => masks.transact("readwrite", (store) => store.put(record));
