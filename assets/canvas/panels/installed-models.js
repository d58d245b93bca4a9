// Rows of the models that are on this machine: a click chooses one; a fold has its licence, for what it is the default, and Remove.

import { AUTO } from "../app/chosen-models.js";
import { goodFor } from "./model-offers.js";
import { askFirst } from "./models-forms.js";
import { h, icon } from "../lib/dom.js";
import { sizeInWords, t } from "../lib/locale.js";

const INTENTS = { fill: ["fill", "remove", "refine"], remove: ["remove"] }; // for which a model of this use can be the default
const CHOSEN = Object.keys(INTENTS);

/** how: { act, use(model), drop(model): deletes it, chosen: the name of the one in use, defaults, may }. */
export function installedRow(model, how) {
  const { name, title, use, trouble, loaded, size } = model;
  const { chosen, defaults } = how;
  const first = (INTENTS[use] ?? []).filter((intent) => defaults[intent] === name).map((intent) => t(`form_${intent}`));
  const inUse = name === chosen;
  const marks = [...(inUse ? [t("models.in_use")] : []), ...(first.length ? [t("models.default_for", { modes: first.join(", ") })] : []), ...(loaded && !inUse ? [t("models.loaded")] : [])];
  const words = h("span", { class: "words" }, h("span", { class: "title" }, title), h("span", { class: "detail about" }, goodFor(model)), marks.length ? h("span", { class: "detail marks-of-model" }, marks.join(" · ")) : null);
  const choose = h("button", { type: "button", class: "state choose", "aria-pressed": String(inUse), title: t("models.use_it"), onclick: () => how.use(model) }, words);
  const facts = [...(size ? [sizeInWords(size)] : []), ...(model.licence ? [model.licence] : [])].join(" · ");
  return h(
    "li", { "data-key": name, class: `installed${inUse ? " current" : ""}` },
    CHOSEN.includes(use) && !trouble ? choose : h("div", { class: "state" }, words),
    trouble ? h("p", { class: "trouble" }, trouble) : null,
    name === AUTO ? null : h("details", {}, h("summary", { "aria-label": t("models.more", { title }) }, t("step.details")), h("p", { class: "detail" }, facts), ...owned(model, how)),
  );
}

/** What only the operator may do with a model. */
function owned(model, { act, drop, defaults, may }) {
  const { name, title, use, removable, trouble } = model;
  if (!may) return [];
  const preset = (intent) => {
    const is = defaults[intent] === name;
    const press = () => act("default", { intent, name: is ? "" : name });
    return h("button", { type: "button", class: "chip", "aria-pressed": String(is), "aria-label": t("models.default_of", { mode: t(`form_${intent}`), title }), onclick: press }, t(`form_${intent}`));
  };
  const intents = trouble ? [] : (INTENTS[use] ?? []);
  const loses = model.frees ? t("models.delete_frees", { size: sizeInWords(model.frees) }) : t("models.delete_keeps");
  const remove = ({ currentTarget }) => askFirst(t("models.delete_title", { title }), loses, t("models.delete_yes"), () => drop(model), currentTarget);
  return [
    intents.length ? h("div", { class: "ways", role: "group", "aria-label": t("models.default") }, h("span", { class: "detail" }, t("models.default")), ...intents.map(preset)) : null,
    removable ? h("div", { class: "ways" }, h("button", { type: "button", class: "chip", "aria-label": t("models.delete_of", { title }), onclick: remove }, icon("clear"), t(model.frees ? "models.delete_short" : "models.take_off"))) : null,
  ];
}
