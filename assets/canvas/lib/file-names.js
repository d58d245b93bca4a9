// Names of files that every system allows. `formats/file_names.py` is the same for programs.

import { t } from "./locale.js";

const FORBIDDEN = /[<>:"/\\|?*\p{C}\p{Zl}\p{Zp}]/gu;
const RESERVED = /^(con|prn|aux|nul|com[1-9]|lpt[1-9])\s*(\.|$)/i;
const LONGEST = 200; // bytes in UTF-8; file systems take 255, and an ending follows

const bytes = (text) => new TextEncoder().encode(text).length;
const trimmed = (text) => text.replace(/^[ .]+|[ .]+$/g, "");

/** A text as the name of a file, without its ending; "Untitled" when nothing is left of it. */
export function fileName(text) {
  let name = trimmed(text.replace(FORBIDDEN, " ").replace(/\s+/g, " "));
  while (bytes(name) > LONGEST) name = [...name].slice(0, -1).join("");
  name = trimmed(name);
  return RESERVED.test(name) ? `_${name}` : name || t("start.untitled");
}
