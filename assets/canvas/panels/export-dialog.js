// The export dialog: saves the picture as a file of any kind, with or without its recipe, or copies it to the clipboard.

import { copyPng } from "../app/clipboard.js";
import { dialog, h, slider } from "../lib/dom.js";
import { t } from "../lib/locale.js";

const KINDS = ["png", "jpg", "webp", "tiff", "avif", "ora", "palimpsest"];
const LOSSY = { jpg: 92, webp: 90, avif: 80 }; // kind -> default quality
const WITH_RECIPE = ["png", "jpg", "webp", "tiff", "avif"];

/** server: of the files' addresses. revision: to be saved. note(sentence): tells whether copying worked. */
export function exportDialog(server, revision, note) {
  let kind = "png";
  const qualities = { ...LOSSY };
  const quality = slider(t("export.quality"), { min: 1, max: 100, value: 90, oninput: (value) => (qualities[kind] = value) });
  const recipe = h("input", { type: "checkbox", checked: true });
  const withRecipe = h("label", { class: "check" }, recipe, t("export.with_recipe"));
  const choices = KINDS.map((one) => {
    const input = h("input", { type: "radio", name: "kind", value: one, checked: one === kind, onchange: () => choose(one) });
    return h("label", { class: "kind" }, input, h("span", {}, t(`export.${one}`)), h("small", {}, t(`export.${one}.hint`)));
  });
  const address = () => server.picture(revision, kind, LOSSY[kind] ? qualities[kind] : null, recipe.checked);
  const save = h("button", { type: "button", class: "primary", onclick: () => h("a", { href: address(), download: "" }).click() }, t("export.save"));
  const copy = h("button", { type: "button", class: "secondary", onclick: () => toClipboard() }, t("export.copy"));
  const steps = h("a", { class: "secondary", href: server.recipe(revision), download: "" }, t("export.recipe"));

  function choose(next) {
    kind = next;
    quality.element.hidden = !LOSSY[next];
    if (LOSSY[next]) quality.show(qualities[next]);
    withRecipe.hidden = !WITH_RECIPE.includes(next);
  }

  async function toClipboard() {
    try {
      await copyPng(server.png(revision));
      close();
      note(t("export.copied"));
    } catch (error) {
      note(t("export.not_copied", { why: error.message }));
      close();
    }
  }

  const { close } = dialog(
    t("export.title"),
    h("div", { class: "kinds", role: "radiogroup", "aria-label": t("export.kind") }, ...choices),
    quality.element, withRecipe,
    h("footer", {}, steps, copy, save),
  );
  choose(kind);
}
