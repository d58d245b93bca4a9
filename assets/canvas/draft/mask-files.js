// Masks as files: a grey picture of the picture's size, white where it is to be repainted.

import { h } from "../lib/dom.js";
import { encodeGrey } from "../net/png.js";
import { Unreachable } from "../net/responses.js";
import { t } from "../lib/locale.js";

// how a file with transparency was read: the sentence for it, and by what else it can be read
const READINGS = { strokes: ["mask.strokes", "brightness"], "white strokes": ["mask.white_strokes", "transparency"] };

/**
 * Adds a picture file to the mask. The server reads it, as it does for the command line. by: see `Server.readMask`. Returns
 * { remark: a sentence on how it was read, other: by what else it can be }, or null. Throws an Error with a sentence if it
 * does not fit.
 */
export async function loadMask(file, doc, server, by = "") {
  let result;
  try {
    result = await server.readMask(doc.id, file, by);
  } catch (error) {
    if (error instanceof Unreachable) throw error;
    throw new Error(t("mask.unreadable", { name: file.name, reason: error.message }), { cause: error });
  }
  const [, , width, height] = doc.picture.box;
  if (result.size[0] !== width || result.size[1] !== height) {
    throw new Error(t("mask.misfit", { name: file.name, width: result.size[0], height: result.size[1], wanted: `${width} × ${height}` }));
  }
  if (!result.mask) throw new Error(t("mask.empty", { name: file.name }));
  doc.draftEditor.paste(result.mask.box, result.mask.values);
  const [remark, other] = READINGS[result.reading] ?? [];
  return remark ? { remark: t(remark), other } : null;
}

export async function saveMask(doc) {
  const { box } = doc.picture;
  const url = URL.createObjectURL(await encodeGrey(doc.mask.crop(box), box[2], box[3]));
  h("a", { href: url, download: `${doc.state.name} mask.png` }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
