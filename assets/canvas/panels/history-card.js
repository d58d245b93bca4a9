// The card below a row of the history: what can be done with that state, its settings, and the sliders of its blend.

import { adapterNames } from "./adapters-panel.js";
import { h, icon, slider, smallButton } from "../lib/dom.js";
import { describeAdjustment } from "../app/adjustment.js";
import { modelName } from "../app/settings.js";
import { debounce } from "../lib/debounce.js";
import { exactTime, t } from "../lib/locale.js";
import { matchWord } from "./variations.js";

const BLEND_MS = 60; // after a slider's last move, before its blend is previewed

/** Whether a state is finished, and no crop: it can be edited again and blended in another way. */
export const isStep = ({ edit, finished }) => Boolean(edit && finished && (edit.pipeline !== "none" || edit.adjustment));

/** Marks a button that needs the right to edit: who may only look does not see it. */
export function editing(button) {
  button.dataset.edits = "";
  return button;
}

/** A state's model and its settings, or its adjustment, in one line; "" if no model made it. */
export function settingsLine({ edit }) {
  if (edit.adjustment) return describeAdjustment(edit.adjustment);
  if (edit.pipeline === "none") return "";
  const avoid = edit.negative_prompt ? ` · ${t("step.avoid", edit)}` : "";
  const adapters = edit.adapters ? ` · ${adapterNames(edit.adapters)}` : "";
  const reference = edit.reference ? ` · ${t("step.reference")}` : "";
  return t("step.settings", { ...edit, pipeline: modelName(edit.pipeline) }) + avoid + adapters + reference;
}

/**
 * The card of a state. comparable: whether there is another to compare it with. details: { open }: whether the settings are
 * unfolded, in this card and the next. press: { amend, blend, compare, from, recall, reuse, rename, discard }, each () => void.
 */
export function stepCard(node, { server, comparable, details, press }) {
  const chip = (name, onclick) => h("button", { type: "button", class: "chip", onclick }, icon(name), t(`step.${name}`));
  const tool = (name, label, onclick) => smallButton(name, label, onclick);
  const [step, marked] = [isStep(node), Boolean(node.edit && node.box[2])];
  const recipe = () => h("a", { class: "icon-button small", href: server.recipe(node.revision), download: "", "aria-label": t("step.recipe"), title: t("step.recipe") }, icon("recipe"));
  return h(
    "li",
    { class: "step-card" },
    step ? editing(chip("replay", press.amend)) : null, step ? editing(chip("blend", press.blend)) : null, comparable ? chip("before", press.compare) : null,
    h(
      "span",
      { class: "more-tools" },
      node.finished ? tool("from", t("step.from"), press.from) : null,
      step ? editing(tool("sliders", t("step.sliders"), press.recall)) : null,
      marked ? editing(tool("recall", t("history.reuse"), press.reuse)) : null,
      editing(tool("rename", t("history.rename"), press.rename)),
      step ? recipe() : null,
      node.parent ? editing(tool("clear", t("history.discard"), press.discard)) : null,
    ),
    node.edit ? settings(node, details) : null,
  );
}

function settings(node, details) {
  const { edit, created, error } = node;
  const match = node.match ? t("step.match", { word: matchWord(node.match) }) : "";
  const lines = [error, edit.prompt, match, edit.painted_as ? t("step.painted_as", { prompt: edit.painted_as }) : "", settingsLine(node), exactTime(created)].filter(Boolean);
  return h("details", { open: details.open, ontoggle: ({ target }) => (details.open = target.open) }, h("summary", {}, t("step.details")), ...lines.map((line) => h("p", {}, line)));
}

/**
 * The sliders of a step's blend. preview(blend): shows it. sentence: a promise of which steps are replayed. leave(): keeps
 * the blend as it was. keep(blend): blends the step in that way.
 */
export function blendControls(node, { preview, sentence, leave, keep }) {
  const blend = { ...node.edit.blend };
  const later = debounce(BLEND_MS, () => preview({ ...blend }));
  const change = (name) => (value) => {
    blend[name] = value;
    later();
  };
  const number = (name, min, max, step, format) => slider(t(`blend.${name}`), { min, max, step, value: blend[name], oninput: change(name), format }).element;
  const match = h("input", { type: "checkbox", checked: blend.colour_match, onchange: () => change("colour_match")(match.checked) });
  const consequence = h("p", {});
  sentence.then((text) => (consequence.textContent = text));
  return h(
    "div",
    { class: "blend" },
    number("feather", 0, 64, 1, (px) => `${px} px`), number("edge", -64, 64, 1, (px) => `${px} px`),
    number("opacity", 0, 1, 0.01, (share) => `${Math.round(share * 100)}%`),
    node.edit.adjustment ? null : h("label", { class: "check" }, match, t("blend.colour_match")), consequence,
    h("footer", {},
      h("button", { type: "button", class: "secondary", onclick: leave }, t("blend.leave")),
      h("button", { type: "button", class: "primary", onclick: () => keep(blend) }, t("blend.keep"))),
  );
}
