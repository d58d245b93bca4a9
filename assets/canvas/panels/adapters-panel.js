// The section Adapters among the settings: those on the server's machine, which of them are added to the model and how
// strongly, and the reference picture that an IP-Adapter looks at.

import { h, icon, replaceRows, slider, smallButton } from "../lib/dom.js";
import { t } from "../lib/locale.js";

/**
 * actions: { refresh(): asks for the list anew, set(name, weight or null), useSettings(settings), setReference(Blob or null),
 * fromSelection() }. Returns { element, show(adapters: ChosenAdapters, settings: the form's steps and guidance) }.
 */
export function adaptersPanel(actions) {
  const list = h("ul", { class: "adapter-list" });
  const none = h("p", { class: "adapter-why" }, t("adapters.none"));
  const count = h("span", { class: "adapter-count" });
  const reference = referencePicture(actions);
  const element = h(
    "details",
    { class: "adapters", ontoggle: () => element.open && actions.refresh() },
    h("summary", {}, h("span", {}, t("adapters.title")), count), none, list, reference.element,
  );
  let shown = "";
  return {
    element,
    show(adapters, settings) {
      const { chosen, list: entries } = adapters;
      const used = chosen.map(({ name }) => adapters.entry(name) ?? { name, title: fileName(name), kind: "", takes: false, why: t("adapters.gone"), settings: {} });
      const rows = [...used, ...entries.filter(({ name }) => adapters.weight(name) === null)];
      const effective = used.filter(({ takes }) => takes).length;
      none.hidden = rows.length > 0;
      count.textContent = effective ? t("adapters.count", { n: effective }) : "";
      reference.show(adapters.reference, adapters.looks);
      const now = JSON.stringify([rows, used.map(({ name }) => name), used.map((entry) => wants(entry, settings))]);
      if (now === shown) return; // a slider may be held
      if (!shown && effective) element.open = true;
      shown = now;
      replaceRows(list, () => rows.map((entry) => row(entry, adapters.weight(entry.name), settings, actions)));
    },
  };
}

const fileName = (name) => name.split(/[\\/]/).pop().replace(/\.safetensors$/, "");

/** Names of a history's step for its adapters: "velvet 0.8". */
export const adapterNames = (adapters) => adapters.map(({ name, weight }) => `${fileName(name)} ${weight}`).join(", ");

/** The settings that an adapter was made for, where the form has others. */
function wants(entry, settings) {
  return Object.entries(entry.settings).filter(([name, value]) => entry.takes && settings && name in settings && settings[name] !== value);
}

function row(entry, weight, settings, actions) {
  const { name, title, kind, takes, why } = entry;
  const head = h(
    "div",
    { class: "adapter-head" },
    h("span", { class: "adapter-title", title: name }, title), h("span", { class: "adapter-kind" }, kind && t(`adapters.${kind}`)),
    weight !== null ? smallButton("close", t("adapters.remove", { title }), () => actions.set(name, null)) : null,
    weight === null && takes ? smallButton("plus", t("adapters.add", { title }), () => actions.set(name, 1)) : null,
  );
  const parts = [head];
  if (weight !== null && takes) {
    const strength = slider(t("adapters.weight", { title }), { min: 0, max: 2, step: 0.05, value: weight, oninput: (value) => actions.set(name, value), format: (value) => value.toFixed(2) });
    strength.element.firstElementChild.textContent = t("adapters.strength");
    parts.push(strength.element);
  }
  if (!takes) parts.push(h("p", { class: "adapter-why" }, why));
  const other = weight === null ? [] : wants(entry, settings);
  if (other.length) {
    const words = Object.entries(entry.settings).filter(([key]) => key in settings).map(([key, value]) => t(`adapters.${key}`, { value })).join(", ");
    const use = h("button", { type: "button", class: "chip", onclick: () => actions.useSettings(Object.fromEntries(other)) }, t("adapters.use"));
    parts.push(h("p", { class: "adapter-why" }, t("adapters.made_for", { settings: words })), use);
  }
  return h("li", { "data-key": name, class: takes ? "" : "unfit" }, ...parts);
}

/** The reference picture: { element, show(blob or null, needed) }. */
function referencePicture({ setReference, fromSelection }) {
  const file = h("input", {
    type: "file", accept: "image/*", hidden: true, "aria-label": t("adapters.choose"),
    onchange: () => {
      if (file.files[0]) setReference(file.files[0]);
      file.value = "";
    },
  });
  const image = h("img", { alt: t("adapters.reference") });
  const missing = h("p", { class: "adapter-why" }, t("adapters.needs_reference"));
  const remove = smallButton("close", t("adapters.remove_reference"), () => setReference(null));
  const element = h(
    "div",
    {
      class: "adapter-reference", role: "group", "aria-label": t("adapters.reference"), hidden: true,
      ondragover: (event) => event.preventDefault(),
      ondrop: (event) => {
        const dropped = [...event.dataTransfer.files].find(({ type }) => type.startsWith("image/"));
        if (!dropped) return;
        event.preventDefault();
        event.stopPropagation(); // it is not to be opened
        setReference(dropped);
      },
    },
    h("div", { class: "adapter-head" }, h("span", { class: "adapter-title" }, t("adapters.reference")), remove), missing, image,
    h("div", { class: "adapter-buttons" },
      h("button", { type: "button", class: "chip", onclick: () => file.click() }, icon("open"), t("adapters.choose")),
      h("button", { type: "button", class: "chip", onclick: fromSelection }, icon("rectangle"), t("adapters.from_selection"))), file,
  );
  let shown = null;
  return {
    element,
    show(blob, needed) {
      element.hidden = !needed;
      missing.hidden = Boolean(blob);
      image.hidden = remove.hidden = !blob;
      if (blob === shown) return;
      if (shown) URL.revokeObjectURL(image.src);
      shown = blob;
      if (blob) image.src = URL.createObjectURL(blob);
      else image.removeAttribute("src");
    },
  };
}
