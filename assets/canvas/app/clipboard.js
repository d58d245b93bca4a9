// Copies pictures to the clipboard.

import { t } from "../lib/locale.js";

/** png: a promise of a Blob. Must be called during a click or a key press: browsers allow it only then. Throws an Error with a sentence. */
export async function copyPng(png) {
  png.catch(() => {}); // it is awaited below, if at all
  if (!navigator.clipboard?.write) throw new Error(t("export.no_clipboard"));
  try {
    await navigator.clipboard.write([new ClipboardItem({ "image/png": png })]);
  } catch (error) {
    await png; // if this failed, it says why in better words
    throw error;
  }
}

/** Copies what is masked of the picture on show, as transparent as the mask, or all of it where nothing is. */
export async function copyFrom({ id, mask, picture: { revision }, server, notifications }) {
  const box = mask?.bounds();
  try {
    await copyPng(box ? server.cutOut(id, revision, { box, values: mask.crop(box) }) : server.png(revision));
    notifications.dismiss("copy");
    notifications.status(t(box ? "status.copied_part" : "status.copied"));
  } catch (error) {
    notifications.note(t("export.not_copied", { why: error.message }), "copy");
  }
}
