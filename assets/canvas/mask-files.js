// Masks as files: a grey picture of the whole size, white where it is to be repainted.

import { h } from "./dom.js";
import { encodeGrey } from "./png.js";
import { t } from "./words.js";

/** Paint what a picture file is light in; a transparent one, where it is opaque. An Error with a sentence if it does not fit. */
export async function loadMask(file, doc) {
  let image;
  try {
    image = await createImageBitmap(file, { colorSpaceConversion: "none", premultiplyAlpha: "none" });
  } catch {
    throw new Error(t("mask.unreadable", { name: file.name }));
  }
  const [x, y, width, height] = doc.picture.box;
  if (image.width !== width || image.height !== height) {
    throw new Error(t("mask.misfit", { name: file.name, width: image.width, height: image.height, wanted: `${width} × ${height}` }));
  }
  const context = new OffscreenCanvas(width, height).getContext("2d");
  context.drawImage(image, 0, 0);
  const { data } = context.getImageData(0, 0, width, height);
  let opaque = true;
  for (let i = 3; i < data.length && opaque; i += 4) opaque = data[i] === 255;
  const values = new Uint8Array(width * height);
  for (let i = 0; i < values.length; i++) {
    const at = 4 * i;
    values[i] = opaque ? Math.round(0.299 * data[at] + 0.587 * data[at + 1] + 0.114 * data[at + 2]) : data[at + 3];
  }
  doc.easel.paste([x, y, width, height], values);
}

export async function saveMask(doc) {
  const { box } = doc.picture;
  const url = URL.createObjectURL(await encodeGrey(doc.mask.crop(box), box[2], box[3]));
  h("a", { href: url, download: `${doc.state.name} mask.png` }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
