// The pixels and margins that an edit is made of.

import { encodeColours, encodeGrey } from "../net/png.js";

/**
 * What an edit takes of the draft and the frame: { mask, sketch } as boxes or null, { margins }. Null when nothing is painted
 * and no edge is moved, unless the whole picture is to be adjusted.
 */
export function editInput(intent, draft, frame) {
  const mask = intent === "expand" ? null : draft?.mask.bounds();
  const sketch = intent === "sketch" ? draft?.sketch.bounds() : null;
  const margins = intent === "expand" ? frame.margins : [0, 0, 0, 0];
  return mask || sketch || margins.some(Boolean) || intent === "adjust" ? { mask: mask ?? null, sketch: sketch ?? null, margins } : null;
}

/** Encodes the mask and the sketch, each as { box, png } or null. Reads the draft before it returns. */
export function encodeInput({ mask, sketch }, draft) {
  return Promise.all([
    mask && encodeGrey(draft.mask.crop(mask), mask[2], mask[3]).then((png) => ({ box: mask, png })),
    sketch && encodeColours(draft.sketch.crop(sketch), sketch[2], sketch[3]).then((png) => ({ box: sketch, png })),
  ]);
}
