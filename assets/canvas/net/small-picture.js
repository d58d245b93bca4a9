// A picture made small enough to be sent along with an edit.

import { t } from "../lib/locale.js";

const MAX_SIDE = 1024; // pixels; the server makes larger ones smaller

/** A picture as a PNG of at most MAX_SIDE pixels a side. Throws an error with a sentence if the browser cannot read it. */
export async function smallPicture(blob) {
  const bitmap = await createImageBitmap(blob).catch(() => null);
  if (!bitmap) throw new Error(t("adapters.unreadable"));
  const scale = Math.min(1, MAX_SIDE / Math.max(bitmap.width, bitmap.height));
  const canvas = new OffscreenCanvas(Math.max(1, Math.round(bitmap.width * scale)), Math.max(1, Math.round(bitmap.height * scale)));
  const context = canvas.getContext("2d");
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  bitmap.close();
  return canvas.convertToBlob({ type: "image/png" });
}
