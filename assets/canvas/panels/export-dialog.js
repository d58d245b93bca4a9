// The export dialog: saves the picture, a contact sheet, a time-lapse or the document as a file, copies it to the
// clipboard, or lets it be dragged out of the page.

import { copyPng } from "../app/clipboard.js";
import { dialog, h, slider } from "../lib/dom.js";
import { dragOut } from "../lib/drag-out.js";
import { fileName } from "../lib/file-names.js";
import { t } from "../lib/locale.js";
import { credentialsInfo } from "./credentials.js";
import { pictureOptions, sheetOptions, timelapseOptions } from "./export-options.js";
import { sharingRow } from "./sharing.js";

const TYPES = {
  png: "image/png", jpg: "image/jpeg", webp: "image/webp", tiff: "image/tiff", avif: "image/avif", ora: "image/openraster",
  palimpsest: "application/octet-stream", mp4: "video/mp4",
};
const KINDS = ["png", "jpg", "webp", "tiff", "avif", "ora", "palimpsest", "sheet", "timelapse"];
const LOSSY = { jpg: 92, webp: 90, avif: 80 }; // kind -> default quality
const PICTURES = ["png", "jpg", "webp", "tiff", "avif"];

/** server: of the files' addresses. doc: the OpenDocument, whose picture is saved. note(sentence): tells whether copying worked. */
export function exportDialog(server, doc, note) {
  const { revision, box } = doc.picture;
  let kind = "png";
  const qualities = { ...LOSSY };
  const quality = slider(t("export.quality"), { min: 1, max: 100, value: 90, oninput: (value) => (qualities[kind] = value) });
  const recipe = h("input", { type: "checkbox", checked: true });
  const withRecipe = h("label", { class: "check" }, recipe, t("export.with_recipe"));
  const choices = KINDS.map((one) => {
    const input = h("input", { type: "radio", name: "kind", value: one, checked: one === kind, onchange: () => choose(one) });
    return h("label", { class: "kind" }, input, h("span", {}, t(`export.${one}`)), h("small", {}, t(`export.${one}.hint`)));
  });
  const picture = pictureOptions(box.slice(2), refresh);
  const groups = { sheet: sheetOptions(server, doc, refresh), timelapse: timelapseOptions(doc, refresh) };
  const name = h("input", { type: "text", maxlength: 200, value: fileName(doc.state.name), "aria-label": t("export.name"), onchange: () => (name.value = fileName(name.value)) });
  const ending = h("span", {});
  const summary = h("output", { class: "export-summary" });
  const problem = h("p", { class: "note-line", role: "alert" });
  const save = h("button", { type: "button", class: "primary", onclick: () => download() }, t("export.save"));
  const copy = h("button", { type: "button", class: "secondary", onclick: () => toClipboard() }, t("export.copy"));
  const steps = h("a", { class: "secondary", href: server.recipe(revision), download: "" }, t("export.recipe"));
  const extension = () => groups[kind]?.kind ?? kind;
  const image = h("img", { src: server.url(`revisions/${revision}/overview`), alt: t("export.drag"), draggable: "false" });
  const carried = () => ({ name: `${fileName(name.value)}.${extension()}`, type: TYPES[extension()], url: address() });
  const thumbnail = dragOut({ class: "export-thumbnail", title: t("export.drag") }, image, carried);

  /** The file's address, as it is chosen; of another extension where one is given. */
  function address(ending = extension()) {
    const query = { name: fileName(name.value), ...groups[kind]?.query };
    if (kind === "sheet") return server.sheet(doc.id, ending, query);
    if (kind === "timelapse") return server.timelapse(revision, ending, query);
    if (!PICTURES.includes(kind)) return server.picture(revision, ending, query);
    const lossy = LOSSY[ending] ? { quality: qualities[ending] } : {};
    return server.picture(revision, ending, { ...query, ...picture.query, ...lossy, recipe: recipe.checked ? null : "no" });
  }

  function choose(next) {
    kind = next;
    const isPicture = PICTURES.includes(next);
    quality.element.hidden = !LOSSY[next];
    if (LOSSY[next]) quality.show(qualities[next]);
    withRecipe.hidden = picture.element.hidden = !isPicture;
    for (const [name, group] of Object.entries(groups)) group.element.hidden = name !== next;
    copy.hidden = !isPicture && next !== "sheet";
    groups[next]?.load();
    refresh();
  }

  function refresh() {
    ending.textContent = `.${extension()}`;
    summary.textContent = groups[kind]?.summary ?? (PICTURES.includes(kind) ? picture.summary : "");
    problem.textContent = "";
    save.disabled = copy.disabled = groups[kind]?.count === 0;
  }

  /** What takes a while to make, and may be refused, is loaded first; the rest the browser saves as it comes. */
  async function download() {
    if (!groups[kind]) {
      h("a", { href: address(), download: "" }).click();
      return;
    }
    save.disabled = true;
    problem.textContent = t("export.preparing");
    try {
      const { name: file, url } = carried();
      const made = URL.createObjectURL(await server.file(url));
      h("a", { href: made, download: file }).click();
      setTimeout(() => URL.revokeObjectURL(made), 60_000); // the browser has begun to save it by then
      refresh();
    } catch (error) {
      refresh();
      problem.textContent = error.message;
    }
  }

  async function toClipboard() {
    try {
      await copyPng(server.file(address("png")));
      close();
      note(t("export.copied"));
    } catch (error) {
      note(t("export.not_copied", { why: error.message }));
      close();
    }
  }

  const { close } = dialog(
    t("export.title"),
    h("div", { class: "export-file" }, thumbnail, h("div", {}, h("div", { class: "export-name" }, name, ending), summary)),
    h("div", { class: "kinds", role: "radiogroup", "aria-label": t("export.kind") }, ...choices),
    picture.element, ...Object.values(groups).map(({ element }) => element), quality.element, withRecipe,
    credentialsInfo(server, doc.id), sharingRow(server, doc, (sentence) => (problem.textContent = sentence)) ?? "", problem,
    h("footer", {}, steps, copy, save),
  );
  choose(kind);
  server.metadata(doc.id).then(({ dpi }) => picture.setResolution(dpi), () => {}); // without it the field stays empty
}
