// What can be chosen of each kind of export: groups of fields, each { element, query }: what the server is asked for.

import { h } from "../lib/dom.js";
import { t } from "../lib/locale.js";
import { title } from "./history-rows.js";

const INCH = 2.54; // cm
const DPI = [2, 10000];
const SHEET = { min: 64, max: 2048, value: 512 }; // pixels of the longest side of each picture
const TIMELAPSE = { min: 16, max: 4096, value: 1024 };
const SECONDS = { min: 0.1, max: 10, step: 0.1, value: 1 };

/** A labelled number: { element, input }. change(): it was typed to the end. */
function number(label, unit, attributes, { input: typed = () => {}, change = () => {} } = {}) {
  const input = h("input", { type: "number", ...attributes, oninput: typed, onchange: change });
  return { element: h("label", { class: "number" }, h("span", {}, label), h("span", { class: "with-unit" }, input, unit)), input };
}

/** A number that stays within its limits. */
function limited(label, unit, limits) {
  const { element, input } = number(label, unit, limits, {
    change: () => (input.value = Math.min(limits.max, Math.max(limits.min, Number(input.value) || limits.value))),
  });
  return { element, get value() { return Math.min(limits.max, Math.max(limits.min, Number(input.value) || limits.value)); } };
}

/** A labelled choice of a file's kind: { element, value }. kinds: { extension: name }. */
function fileKind(kinds, changed) {
  const select = h("select", { "aria-label": t("export.file"), onchange: changed }, ...Object.entries(kinds).map(([value, name]) => h("option", { value }, name)));
  return { element: h("label", { class: "number" }, h("span", {}, t("export.file")), select), get value() { return select.value; } };
}

const decimal = (digits) => new Intl.NumberFormat(document.documentElement.lang, { maximumFractionDigits: digits });
const by = (lengths, digits) => lengths.map((length) => decimal(digits).format(length)).join(" × ");

/**
 * Size and resolution of a picture of width × height pixels, which is not enlarged. changed(): the summary is another.
 * Besides: summary, a sentence, and setResolution([across, down] or null): that of the file that was opened.
 */
export function pictureOptions([width, height], changed) {
  const longest = Math.max(width, height);
  let side = longest;
  let own = null; // the resolution of the file that was opened
  let dpi = null; // the user's
  const size = () => [width, height].map((length) => Math.max(1, Math.round((length * side) / longest)));
  const values = () => ({ width: size()[0], height: size()[1], percent: Math.round((1000 * side) / longest) / 10 });
  const share = { width: 1 / width, height: 1 / height, percent: 1 / 100 };
  const field = (name, unit, max) =>
    number(t(`export.${name}`), unit, { min: 1, max }, {
      input: ({ target }) => {
        if (!(Number(target.value) > 0)) return;
        side = Math.min(longest, Math.max(1, Math.round(Number(target.value) * share[name] * longest)));
        show(name);
      },
      change: () => show(),
    });
  const fields = { width: field("width", "px", width), height: field("height", "px", height), percent: field("percent", "%", 100) };
  const resolution = number(t("export.dpi"), "dpi", { min: DPI[0], max: DPI[1] }, {
    input: ({ target }) => {
      const value = Number(target.value);
      dpi = value >= DPI[0] && value <= DPI[1] ? value : null;
      changed();
    },
    change: ({ target }) => (target.value = dpi ?? own?.[0] ?? ""),
  });

  /** typed: the field that is typed into, which stays as it is. */
  function show(typed = null) {
    for (const [name, value] of Object.entries(values())) if (name !== typed) fields[name].input.value = value;
    changed();
  }

  const element = h("div", { class: "export-fields" }, ...Object.values(fields).map((each) => each.element), resolution.element);
  for (const [name, value] of Object.entries(values())) fields[name].input.value = value;
  return {
    element,
    setResolution(pair) {
      own = pair;
      if (dpi === null) resolution.input.value = pair ? Math.round(pair[0] * 100) / 100 : "";
      changed();
    },
    get query() {
      return { side: side < longest ? side : null, dpi };
    },
    get summary() {
      const pixels = t("export.pixels", { width: size()[0], height: size()[1] });
      const used = dpi === null ? own : [dpi, dpi];
      if (!used) return pixels;
      const inches = size().map((length, i) => length / used[i]);
      return `${pixels} · ${t("export.print", { cm: by(inches.map((length) => length * INCH), 1), inches: by(inches, 1), dpi: decimal(2).format(used[0]) })}`;
    },
  };
}

const counted = (n) => t(n === 1 ? "export.one_frame" : "export.frames", { n });

/** The states of a contact sheet. Besides: kind, the file's extension, count, summary, and load(): fills the list. */
export function sheetOptions(server, doc, changed) {
  const kind = fileKind({ png: "PNG", jpg: "JPEG", webp: "WebP" }, changed);
  const side = limited(t("export.side_each"), "px", SHEET);
  const list = h("ul", { class: "export-steps", onchange: changed });
  const groups = h("div", { class: "sizes" });
  const boxes = () => [...list.querySelectorAll("input")];
  const chosen = () => boxes().filter((box) => box.checked).map((box) => box.value);

  function choose(ids) {
    for (const box of boxes()) box.checked = ids.has(box.value);
    changed();
  }

  const group = (key, ids) => h("button", { type: "button", class: "chip", onclick: () => choose(ids) }, t(`export.${key}`));

  function step(node) {
    const image = h("img", { src: server.url(`revisions/${node.revision}/step`), alt: "", loading: "lazy", draggable: "false" });
    return h("li", {}, h("label", { class: "check" }, h("input", { type: "checkbox", value: node.revision }), image, h("span", {}, title(node))));
  }

  return {
    element: h("div", {}, h("div", { class: "export-fields" }, kind.element, side.element), groups, list),
    async load() {
      const nodes = (await doc.history.load()) ?? [];
      const byId = new Map(nodes.map((node) => [node.revision, node]));
      const path = new Set();
      for (let node = byId.get(doc.picture.revision); node; node = byId.get(node.parent)) path.add(node.revision);
      const starred = new Set(nodes.filter((node) => node.starred && node.finished).map(({ revision }) => revision));
      list.replaceChildren(...nodes.filter(({ revision }) => path.has(revision) || starred.has(revision)).map(step));
      groups.replaceChildren(...[group("path", path), starred.size ? group("starred", starred) : null, group("none", new Set())].filter(Boolean));
      choose(path);
    },
    get kind() {
      return kind.value;
    },
    get count() {
      return chosen().length;
    },
    get query() {
      return { revisions: chosen().join(","), side: side.value };
    },
    get summary() {
      return counted(chosen().length);
    },
  };
}

/** The time-lapse of a document's path. Besides: kind, the file's extension, count, summary, and load(): counts the steps. */
export function timelapseOptions(doc, changed) {
  const kind = fileKind({ webp: "WebP", mp4: "MP4" }, changed);
  const side = limited(t("export.side"), "px", TIMELAPSE);
  const seconds = limited(t("export.seconds"), "s", SECONDS);
  let count = 0;
  return {
    element: h("div", { class: "export-fields" }, kind.element, side.element, seconds.element),
    async load() {
      const parents = new Map(((await doc.history.load()) ?? []).map(({ revision, parent }) => [revision, parent]));
      count = 0;
      for (let at = parents.get(doc.picture.revision); at; at = parents.get(at)) count += 1;
      changed();
    },
    get kind() {
      return kind.value;
    },
    get count() {
      return count;
    },
    get query() {
      return { side: side.value, seconds: seconds.value };
    },
    get summary() {
      return counted(count);
    },
  };
}
