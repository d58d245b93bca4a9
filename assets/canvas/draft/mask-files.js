// Masks as files: a grey picture of the whole size, white where it is to be repainted.

import { h } from "../lib/dom.js";
import { encodeGrey } from "../net/png.js";
import { Unreachable } from "../net/server.js";
import { t } from "../lib/locale.js";

/**
 * Mark what a picture file says; the server reads it, as it does for the command line. What is to be said of how it was read,
 * or "". An Error with a sentence if it does not fit.
 */
export async function loadMask(file, doc, server) {
  let read;
  try {
    read = await server.readMask(doc.id, file);
  } catch (error) {
    if (error instanceof Unreachable) throw error;
    throw new Error(t("mask.unreadable", { name: file.name, reason: error.message }));
  }
  const [, , width, height] = doc.picture.box;
  if (read.size[0] !== width || read.size[1] !== height) {
    throw new Error(t("mask.misfit", { name: file.name, width: read.size[0], height: read.size[1], wanted: `${width} × ${height}` }));
  }
  if (!read.mask) throw new Error(t("mask.empty", { name: file.name }));
  doc.draftEditor.paste(read.mask.box, read.mask.values);
  return { strokes: t("mask.strokes"), "white strokes": t("mask.white_strokes") }[read.reading] || "";
}

export async function saveMask(doc) {
  const { box } = doc.picture;
  const url = URL.createObjectURL(await encodeGrey(doc.mask.crop(box), box[2], box[3]));
  h("a", { href: url, download: `${doc.state.name} mask.png` }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
