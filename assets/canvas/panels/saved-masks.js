// The dialog of the saved masks: saves the current one under a name, lists them, loads, renames and deletes them.

import { deleteMask, listMasks, loadMaskOf, renameMask, restoreMask, saveMaskAs } from "../draft/saved-masks.js";
import { dialog, editInPlace, h, replaceRows, smallButton } from "../lib/dom.js";
import { intersect } from "../lib/boxes.js";
import { t } from "../lib/locale.js";

const LONGEST_NAME = 200;

/** doc: the OpenDocument whose masks they are. */
export function savedMasksDialog(doc) {
  const note = h("p", { class: "note-line", role: "status" });
  const list = h("ul", { class: "saved-masks", "aria-label": t("masks.title") });
  const name = h("input", { type: "text", maxlength: LONGEST_NAME, "aria-label": t("masks.name"), placeholder: t("masks.name"), disabled: doc.mask.empty });
  const save = h("button", { type: "submit", class: "primary", disabled: doc.mask.empty }, t("masks.save"));
  const form = h("form", {
    class: "save-mask",
    onsubmit: (event) => {
      event.preventDefault();
      act(add);
    },
  }, name, save);
  const { close } = dialog(t("masks.title"), form, note, list);
  let names = [];
  say(doc.mask.empty ? t("masks.paint_first") : "");

  function say(sentence, undo = null) {
    const button = undo && h("button", { type: "button", class: "chip", onclick: () => act(undo) }, t("note.have_back"));
    note.replaceChildren(sentence, ...(button ? [" ", button] : []));
  }

  const fail = (error) => say(t("masks.failed", { why: error?.message || String(error) }));

  /** Does something to the masks, says what went wrong with it, and lists them as they are then. */
  async function act(change) {
    try {
      say("");
      await change();
    } catch (error) {
      fail(error);
    }
    await draw();
  }

  const taken = (text) => names.includes(text) && (say(t("masks.taken", { name: text })), true);

  async function add() {
    const text = name.value.trim() || t("masks.numbered", { n: names.length + 1 });
    if (taken(text)) return;
    await saveMaskAs(doc.id, text, doc.mask);
    name.value = "";
    say(t("masks.saved", { name: text }));
  }

  async function load(text, replace) {
    const mask = await loadMaskOf(doc.id, text);
    if (doc.closed || !doc.draft) return;
    if (!mask || !intersect(mask.box, doc.draft.box)) {
      say(t(mask ? "masks.outside" : "masks.gone", { name: text }));
      return;
    }
    if (replace) doc.draftEditor.replaceMask(mask);
    else doc.draftEditor.paste(mask.box, mask.values);
    close();
  }

  async function remove(text) {
    const record = await deleteMask(doc.id, text);
    say(t("start.deleted", { name: text }), record && (() => restoreMask(record)));
  }

  function row({ name: text, box }) {
    const label = h("span", { class: "title" }, text);
    const rename = (next) => next && act(async () => void (taken(next) || (await renameMask(doc.id, text, next))));
    const button = (what, press) => h("button", { type: "button", class: "chip", "aria-label": t(`masks.${what}_name`, { name: text }), onclick: () => act(press) }, t(`masks.${what}`));
    return h("li", { "data-key": text },
      h("span", { class: "words" }, label, h("span", { class: "detail" }, `${box[2]} × ${box[3]}`)),
      button("load", () => load(text, true)), button("add", () => load(text, false)),
      smallButton("rename", t("start.rename", { name: text }), () => editInPlace(label, text, { label: t("start.rename", { name: text }), class: "title", save: rename })),
      smallButton("clear", t("start.delete", { name: text }), () => act(() => remove(text))));
  }

  async function draw() {
    const masks = await listMasks(doc.id).catch((error) => (fail(error), []));
    names = masks.map((mask) => mask.name);
    if (!replaceRows(list, () => masks.map(row))) name.focus();
  }

  draw();
  if (!doc.mask.empty) name.focus();
}
