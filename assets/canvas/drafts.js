// A mask that was drawn but not sent yet survives a reload: kept in this tab's own storage, as a PNG.

import { decodeGrey, encodeGrey } from "./png.js";

const key = (document) => `palimpsest-mask:${document}`;

export async function keepDraft(document, mask) {
  const box = mask.bounds();
  if (!box) {
    dropDraft(document);
    return;
  }
  const png = new Uint8Array(await (await encodeGrey(mask.crop(box), box[2], box[3])).arrayBuffer());
  const text = btoa(png.reduce((all, byte) => all + String.fromCharCode(byte), ""));
  try {
    sessionStorage.setItem(key(document), JSON.stringify({ box, png: text }));
  } catch {
    // no room in the browser's storage: the draft lives in this page alone
  }
}

export function dropDraft(document) {
  sessionStorage.removeItem(key(document));
}

/** { box, alpha } of the mask left behind, or null. */
export async function findDraft(document) {
  const stored = sessionStorage.getItem(key(document));
  if (!stored) return null;
  const { box, png } = JSON.parse(stored);
  const bytes = Uint8Array.from(atob(png), (letter) => letter.charCodeAt(0));
  return { box, alpha: await decodeGrey(new Blob([bytes], { type: "image/png" }), box[2], box[3]) };
}
