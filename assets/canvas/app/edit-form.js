// The edit in the making: what Gradio's form says, by intent, and what helps to write it.

import { Model } from "./model.js";
import { nameOf, remember, restored, MODEL_DEFAULTS } from "./settings.js";
import { rememberPrompt, Suggestions } from "./suggest.js";
import { debounce } from "../lib/debounce.js";
import { t } from "../lib/locale.js";

const HINT_MS = 250; // typing rests for so long before the words are looked at
export const PROMPT = "#prompt :is(input, textarea)";
const WRITTEN = { prompt: PROMPT, negative_prompt: "#avoid :is(input, textarea)" };
export const INTENTS = ["fill", "remove", "refine", "expand", "sketch"];
const HELP = { steps: "form_steps_help", guidance: "form_guidance_help", sampler: "form_sampler_help", negative_prompt: "form_avoid_help" };

export class EditForm {
  /** known(): more is known of the model, or less. */
  constructor(server, notifications, known) {
    Object.assign(this, { server, notifications, known });
    this.values = null; // the form's, as last received; what of them is MODEL_DEFAULTS, the model knows
    this.written = {};
    this.typed = new Set(); // those of WRITTEN in which somebody wrote since the document was opened
    this.model = new Model((name, signal) => server.model(name, signal), () => this.#modelChanged());
    this.asked = {};
    this.aside = null; // { values, own }: the user's while a step is changed; what is set for that is not remembered
    this.hint = debounce(HINT_MS, () => this.#askHint());
  }

  get intent() {
    return this.values?.intent ?? "fill";
  }

  get sketching() {
    return this.intent === "sketch";
  }

  /** Gradio's form is there. */
  attach() {
    this.suggestions = new Suggestions(document.querySelector(PROMPT), () => this.model.info?.words ?? null);
    document.addEventListener("input", ({ target }) => {
      const name = Object.keys(WRITTEN).find((name) => target.matches?.(WRITTEN[name]));
      if (!name) return;
      this.typed.add(name);
      delete this.written[name]; // what a hand writes comes after it
    });
    if (this.values) {
      this.#show();
      this.#modelChanged();
    } else if (restored) this.changed(restored.values); // otherwise they are still to come
  }

  /** Choose an intent, as a click on it does. */
  intend(intent) {
    document.querySelectorAll("#intent input")[INTENTS.indexOf(intent)]?.click();
  }

  /** The form says this now; true if the intent is another than before. */
  changed(values) {
    if (!restored) return false; // they are still to come
    const before = this.values;
    this.values = values;
    if (!before) Object.assign(this.model, { own: restored.own, fields: restored.fields });
    this.#remember();
    if (!before || before.intent !== values.intent) this.#show();
    if (before?.pipeline !== values.pipeline) this.model.choose(values.pipeline);
    if (before?.intent !== values.intent || before?.prompt !== values.prompt) this.hint();
    return before?.intent !== values.intent;
  }

  /** A hand set one of MODEL_DEFAULTS in the form. */
  set(name, value) {
    if (!this.values) return;
    this.model.set(name, value);
    this.#remember();
    this.#mark();
    this.put({ [name]: this.#about(name) }); // its value stays: a hand may be moving it on
  }

  #remember() {
    if (!this.aside) remember(this.values, this.model.own);
  }

  #show() {
    document.documentElement.dataset.intent = this.intent;
    const field = document.querySelector(PROMPT);
    if (field) field.placeholder = t(`prompt.${this.intent}`);
  }

  /** Another model is chosen, or more is known of it. */
  #modelChanged() {
    const { model } = this;
    if (model.trouble) this.notifications.note(model.trouble, "model");
    else this.notifications.dismiss("model");
    this.#fit();
    INTENTS.forEach((intent, i) => {
      const choice = document.querySelectorAll("#intent input")[i];
      if (!choice) return;
      choice.disabled = !model.able(intent);
      choice.closest("label").title = model.able(intent) ? "" : this.unable;
    });
    if (model.reading) this.hint();
    else this.hint.now();
    this.known();
  }

  /** Why the model cannot do what is intended. */
  get unable() {
    return t("model.unable", { model: nameOf(this.model.name) });
  }

  /** Show what the model is asked, what of it is the user's, and what it can do nothing with. */
  #fit() {
    this.#mark();
    const value = (name) => (this.model.info ? { value: this.model.value(name) } : {}); // the one before stays until then
    const fields = MODEL_DEFAULTS.map((name) => [name, { ...this.#about(name), ...value(name) }]);
    this.put({ ...Object.fromEntries(fields), negative_prompt: this.#about("negative_prompt") });
  }

  #isOwn(name) {
    const { model } = this;
    return MODEL_DEFAULTS.includes(name) && Boolean(model.info) && model.supports(name) && model.isOwn(name);
  }

  #mark() {
    document.documentElement.dataset.own = MODEL_DEFAULTS.filter((name) => this.#isOwn(name)).join(" ");
  }

  /** A field's help and whether it is of use, as Gradio takes it. */
  #about(name) {
    const { model } = this;
    const shown = (value) => (name === "sampler" ? t(`sampler.${value}`) : value);
    const help = name === "sampler" && model.value(name) === "own" ? "sampler.own.help" : HELP[name];
    const info = !model.supports(name) ? t("model.unsupported") : this.#isOwn(name) ? t("model.own", { value: shown(model.defaultOf(name)) }) : t(help);
    const about = { __type__: "update", info, interactive: model.supports(name) };
    if (name !== "sampler" || !model.info) return about;
    const none = [["–", model.value(name)]];
    return { ...about, choices: about.interactive ? model.info.samplers.map((sampler) => [shown(sampler), sampler]) : none };
  }

  async #askHint() {
    const { model } = this;
    const { pipeline, prompt } = this.values;
    const asked = {};
    this.asked = asked;
    const own = model.reading ? t("model.reading", { model: nameOf(pipeline) }) : model.trouble || (model.able(this.intent) ? "" : this.unable);
    const none = { hint: own, unknown: [] };
    const { hint, unknown } = !own && prompt.trim() ? await this.server.hint(pipeline, prompt).catch(() => none) : none;
    if (this.asked !== asked) return;
    this.notifications.hint(hint);
    this.suggestions?.mark(unknown);
  }

  /** The edit as it stands, with the seed of the form; null while it is not known what to ask. */
  request() {
    if (!this.values || !this.model.info) return null;
    const { intent, new_seed: _, refine_strength, sketch_strength, ...edit } = this.values;
    for (const name of MODEL_DEFAULTS) edit[name] = this.model.value(name);
    if (!this.model.supports("negative_prompt")) edit.negative_prompt = "";
    edit.strength = { refine: refine_strength, sketch: sketch_strength }[intent] ?? null; // null: the intent's own
    if (!Number.isInteger(edit.seed)) edit.seed = 0;
    return { ...edit, edge: 0, intent }; // a step that is finished can be laid in with another edge
  }

  /** The edit to be sent, once its model is read: its seed drawn, its prompt remembered. null: the model is not to be had. */
  async ready(values) {
    this.values = values;
    await this.model.choose(values.pipeline);
    while (this.model.reading) await this.model.coming; // another was chosen meanwhile
    const edit = this.request();
    if (!edit) return null;
    if (this.values.new_seed || !Number.isInteger(this.values.seed)) edit.seed = crypto.getRandomValues(new Uint32Array(1))[0];
    if (edit.intent !== "remove") rememberPrompt(edit.prompt); // that has none
    return edit;
  }

  /** Write values into the form: Gradio asks `listed` for them when its hidden button is pressed. */
  put(values) {
    Object.assign(this.written, values);
    document.querySelector("#put")?.click(); // while there is no form, it waits
  }

  /** The prompts are a document's: another begins with none. */
  clearPrompts() {
    this.typed.clear();
    this.put({ prompt: "", negative_prompt: "" });
  }

  /** The prompts that were left in the document, where nobody has written since; those that stand then. */
  restorePrompts(prompts) {
    this.put(Object.fromEntries(Object.entries(prompts).filter(([name]) => !this.typed.has(name))));
    const typed = [...this.typed].map((name) => [name, document.querySelector(WRITTEN[name]).value]);
    return { ...prompts, ...Object.fromEntries(typed) };
  }

  /** What was put, in this order; undefined leaves a field as it is. */
  listed(names) {
    const { written } = this;
    this.written = {};
    return names.map((name) => written[name]);
  }

  /** Take up an earlier step's settings; whether each run has a new seed stays as the user chose it. */
  recall({ prompt, negative_prompt, pipeline, steps, guidance, seed, sampler, strength, margins, blend }) {
    const { feather, opacity, colour_match } = blend;
    const intent = margins.some(Boolean) ? { intent: "expand" } : strength < 1 ? { intent: "refine", refine_strength: strength } : { intent: "fill" };
    Object.assign(this.model.own, { steps, guidance, sampler });
    this.put({ prompt, negative_prompt, pipeline, steps, guidance, seed, feather, opacity, colour_match, ...intent });
    return this.#chosen(pipeline);
  }

  /** Take up a step's settings to change it, its seed too; the user's are laid aside until `takeBack`. */
  amend(edit) {
    this.aside = { values: { ...this.values }, own: { ...this.model.own } };
    this.put({ new_seed: false, variations: 1 });
    return this.recall(edit);
  }

  takeBack() {
    const { values, own } = this.aside;
    this.aside = null;
    this.model.own = own;
    remember(values, own);
    this.put(values);
    return this.#chosen(values.pipeline);
  }

  /** A model whose settings were set for it. */
  async #chosen(pipeline) {
    await this.model.choose(pipeline);
    if (this.model.name !== pipeline || !this.model.info) return;
    this.model.settle();
    this.#fit();
    this.#remember();
  }
}
