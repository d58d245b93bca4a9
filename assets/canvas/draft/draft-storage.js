// What was painted and written and not sent yet, and the view, survive a reload, a crash and a restart: kept in the browser's
// database, one record for each document.

import { decodeColours, decodeGrey, encodeColours, encodeGrey } from "../net/png.js";

const [NAME, STORE] = ["palimpsest", "drafts"];
const KEPT = 60; // documents; the oldest are forgotten

let opened = null;

function database() {
  opened ??= new Promise((done, failed) => {
    const request = indexedDB.open(NAME, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: "document" }).createIndex("when", "when");
    request.onsuccess = () => done(request.result);
    request.onerror = () => failed(request.error);
  });
  return opened;
}

/** Run `work(store)` in a transaction of its own; its request's result once all is on disk. */
async function within(mode, work) {
  const transaction = (await database()).transaction(STORE, mode);
  const request = work(transaction.objectStore(STORE));
  return new Promise((done, failed) => {
    transaction.oncomplete = () => done(request?.result);
    transaction.onabort = transaction.onerror = () => failed(transaction.error);
  });
}

async function packed(layer, encode) {
  const box = layer.bounds();
  return box && { box, png: await encode(layer.crop(box), box[2], box[3]) };
}

/**
 * Keep a Draft, the view { scale, x, y, fitted } and the prompts { prompt, negative_prompt }, null where they are not known
 * yet. A browser that keeps nothing: it lives in this page alone.
 */
export async function keepDraft(document, draft, view, prompts) {
  const [mask, sketch] = await Promise.all([packed(draft.mask, encodeGrey), packed(draft.sketch, encodeColours)]);
  await within("readwrite", (store) => {
    store.put({ document, when: Date.now(), mask, sketch, view, prompts });
    const count = store.count();
    count.onsuccess = () => {
      let extra = count.result - KEPT;
      if (extra <= 0) return;
      store.index("when").openCursor().onsuccess = ({ target: { result: cursor } }) => {
        if (!cursor || extra-- <= 0) return;
        cursor.delete();
        cursor.continue();
      };
    };
  }).catch(() => {});
}

/** Keep the view and the prompts alone: a mask need not be written anew because somebody looks elsewhere. */
export async function keepView(document, view, prompts) {
  await within("readwrite", (store) => {
    const record = store.get(document);
    record.onsuccess = () => store.put({ mask: null, sketch: null, ...record.result, document, when: Date.now(), view, prompts });
  }).catch(() => {});
}

/** { mask: { box, values } or null, sketch: the same, view, prompts } as it was left, or null. */
export async function findDraft(document) {
  const record = await within("readonly", (store) => store.get(document)).catch(() => null);
  if (!record) return null;
  const unpacked = async (layer, decode) => layer && { box: layer.box, values: await decode(layer.png, layer.box[2], layer.box[3]) };
  const { mask, sketch, view, prompts = null } = record;
  return { mask: await unpacked(mask, decodeGrey), sketch: await unpacked(sketch, decodeColours), view, prompts };
}
