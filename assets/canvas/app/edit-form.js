// The edit that is being prepared: what Gradio's form says, by intent, and what helps to fill it in.

import { ChosenAdapters } from "./adapters.js";
import { AUTO, ChosenModels } from "./chosen-models.js";
import { Model } from "./model.js";
import { initialForm, MODEL_DEFAULTS, modelName, saveSettings } from "./settings.js";
import { RecentPrompts, rememberPrompt } from "./recent-prompts.js";
import { showStrengths } from "./strengths.js";
import { Suggestions } from "./suggest.js";
import { VocabularyPanel } from "../panels/vocabulary-panel.js";
import { debounce } from "../lib/debounce.js";
import { t } from "../lib/locale.js";
import { withNoun, wordingLine, wordsNotPainted } from "./wording.js";

const HINT_MS = 250; // after the last key press, before the prompt is checked
export const PROMPT = "#prompt :is(input, textarea)";
const PROMPT_FIELDS = { prompt: PROMPT, negative_prompt: "#avoid :is(input, textarea)" };
// the field is short: these fit
const PLACEHOLDERS = { fill: "fill", remove: "none", refine: "refine", expand: "fill", sketch: "sketch", adjust: "none" };
export const INTENTS = ["fill", "remove", "refine", "expand", "sketch", "adjust"];
const HELP = { steps: "form_steps_help", guidance: "form_guidance_help", sampler: "form_sampler_help", negative_prompt: "form_avoid_help", seed: "form_seed_help" };

export const randomSeed = () => crypto.getRandomValues(new Uint32Array(1))[0];

export class EditForm {
  /** modelChanged(): another model is chosen, or more is known about it. */
  constructor(server, notifications, modelChanged) {
    Object.assign(this, { server, notifications, modelChanged });
    this.values = null; // the form's, as last received; those of MODEL_DEFAULTS are in `model`
    this.pendingValues = {}; // to be written into the form; see `put`
    this.typedFields = new Set(); // those of PROMPT_FIELDS that the user has typed in since the document was opened
    this.grow = null; // by how many pixels the mask of Remove grows; null: as far as the edge needs that it ends on
    this.adapters = new ChosenAdapters(server, () => this.#adaptersChanged());
    this.models = new ChosenModels();
    this.choices = []; // the models to choose from, [[title, name], ...]; see `offer`
    this.model = new Model((name, signal) => server.model(name, signal), () => this.#showModel());
    this.exactPrompt = null; // the prompt that the model is to be given as it is
    this.hintRequest = null; // the last one; an earlier response is out of date
    this.aside = null; // { values, own, models }: the user's own while a step is amended; what is set meanwhile is not saved
    this.hint = debounce(HINT_MS, () => this.#requestHint());
  }

  get intent() {
    return this.values?.intent ?? "fill";
  }

  get sketching() {
    return this.intent === "sketch";
  }

  /** Connects with Gradio's form, which is there now. bindings: Bindings. */
  attach(bindings) {
    this.recent = new RecentPrompts(document.querySelector(PROMPT), () => bindings.label("prompts"));
    this.suggestions = new Suggestions(document.querySelector(PROMPT), () => this.model.info?.words ?? null);
    this.vocabulary = new VocabularyPanel(document.querySelector(PROMPT), this.server);
    document.addEventListener("input", ({ target }) => {
      const name = Object.keys(PROMPT_FIELDS).find((name) => target.matches?.(PROMPT_FIELDS[name]));
      if (!name) return;
      this.typedFields.add(name);
      delete this.pendingValues[name]; // the user has typed over it
    });
    if (this.values) {
      showStrengths(this.values);
      this.#showIntent();
      this.#showModel();
    } else if (initialForm) this.changed(initialForm.values); // else Gradio reports them later
  }

  /** Chooses an intent, as a click on it does. */
  intend(intent) {
    document.querySelectorAll("#intent input")[INTENTS.indexOf(intent)]?.click();
  }

  /** Follows the form's values. Returns whether the intent has changed. */
  changed(values) {
    if (!initialForm) return false; // the stored values are still to come
    const before = this.values;
    if (!before) this.#begin();
    this.values = { ...values, pipeline: this.models.of(values.intent) }; // the form's own may be of the mode before
    this.#save();
    showStrengths(values);
    if (!before || before.intent !== values.intent) this.#showIntent();
    if (before?.pipeline !== this.values.pipeline) this.model.choose(this.values.pipeline);
    if (before?.intent !== values.intent || before?.prompt !== values.prompt) this.hint();
    return before?.intent !== values.intent;
  }

  #begin() {
    const { own, fields, models, modelNames } = initialForm;
    Object.assign(this.model, { own, fields });
    Object.assign(this.models, { own: models, first: fields.pipeline.value });
    if (!this.choices.length) this.choices = fields.pipeline.choices.map((name) => [modelNames[name] ?? name, name]);
    this.#nameChoices();
  }

  /** Has the chosen models and the page know these models. */
  #nameChoices() {
    this.models.names = this.choices.map(([, name]) => name);
    Object.assign(initialForm.modelNames, Object.fromEntries(this.choices.map(([title, name]) => [name, title])));
  }

  /** Offers these models, [[title, name], ...], and the server's defaults for "fill", "remove" and "refine", "" for none. */
  offer(choices, defaults = this.models.defaults) {
    if (choices.length) this.choices = choices;
    this.models.defaults = defaults;
    if (!this.values) return; // `changed` shows them then
    this.#nameChoices();
    this.#modelChosen();
    this.#showModel(); // by its name, which may be new
  }

  /** Chooses a model for a mode; web/form.py calls this when the user does, for the mode in use. */
  useModel(name, intent = this.intent) {
    if (!this.values) return;
    this.models.own[intent] = name;
    this.#modelChosen();
  }

  #modelChosen() {
    this.values.pipeline = this.models.of(this.intent);
    this.#save();
    this.#showChoices();
    this.model.choose(this.values.pipeline);
  }

  /** Shows the models to choose from in this mode, and its own. */
  #showChoices() {
    initialForm.modelNames[AUTO] = t("model.auto");
    const choices = this.intent === "remove" ? [[t("model.auto"), AUTO], ...this.choices] : this.choices;
    this.put({ pipeline: { __type__: "update", choices, value: this.models.of(this.intent) } });
  }

  /** The user sets one of MODEL_DEFAULTS in the form; web/page.py calls this. */
  set(name, value) {
    if (!this.values) return;
    this.model.set(name, value);
    this.#save();
    this.#markOwn();
    this.put({ [name]: this.#fieldUpdate(name) }); // not its value: the user may still be moving the slider
  }

  #save() {
    if (!this.aside) saveSettings(this.values, this.model.own, this.models.own);
  }

  #adaptersChanged() {
    if (!this.aside) this.adapters.save();
    this.modelChanged();
  }

  /** Sets those of MODEL_DEFAULTS that an adapter was made for. */
  useSettings(settings) {
    for (const [name, value] of Object.entries(settings)) this.set(name, value);
    this.put(Object.fromEntries(Object.entries(settings).map(([name, value]) => [name, { ...this.#fieldUpdate(name), value }])));
  }

  #showIntent() {
    document.documentElement.dataset.intent = this.intent;
    this.#showChoices();
    const field = document.querySelector(PROMPT);
    if (field) field.placeholder = t(`prompt.${PLACEHOLDERS[this.intent]}`);
    const instruction = document.querySelector("#aim .instruction"); // of a mode that asks for more than a prompt; it stays beside one
    if (instruction) instruction.textContent = ["remove", "expand"].includes(this.intent) ? t(`instruction.${this.intent}`) : "";
  }

  /** Shows what the chosen model can do, or why it cannot be used. */
  #showModel() {
    const { model } = this;
    if (model.name && model.name !== this.adapters.pipeline) this.adapters.choose(model.name);
    this.vocabulary?.offer(model.name, model.info?.kinds ?? "");
    if (model.error) this.notifications.note(model.error, "model");
    else this.notifications.dismiss("model");
    this.#showModelSettings();
    const { purpose } = model;
    this.notifications.model(modelName(model.name), purpose ? t(`model.for.${purpose}`) : "");
    if (model.loading) this.hint();
    else this.hint.now();
    this.modelChanged();
  }

  /** Says why the model cannot do what the intent needs. */
  get unsupportedIntent() {
    return t("model.unable", { model: modelName(this.model.name) });
  }

  /** Shows the model's settings: their values, which are the user's own, and which have no effect. */
  #showModelSettings() {
    this.#markOwn();
    const value = (name) => (this.model.info ? { value: this.model.value(name) } : {}); // until then the last model's stays
    const fields = MODEL_DEFAULTS.map((name) => [name, { ...this.#fieldUpdate(name), ...value(name) }]);
    this.put({ ...Object.fromEntries(fields), negative_prompt: this.#fieldUpdate("negative_prompt"), seed: this.#fieldUpdate("seed") });
  }

  #isOwn(name) {
    const { model } = this;
    return MODEL_DEFAULTS.includes(name) && Boolean(model.info) && model.supports(name) && model.isOwn(name);
  }

  #markOwn() {
    document.documentElement.toggleAttribute("data-clip", Boolean(this.model.info) && this.model.supports("clip_guidance"));
    document.documentElement.dataset.own = MODEL_DEFAULTS.filter((name) => this.#isOwn(name)).join(" ");
  }

  /** A field's help text, and whether it can be used, as an update for Gradio. */
  #fieldUpdate(name) {
    const { model } = this;
    const label = (value) => (name === "sampler" ? t(`sampler.${value}`) : value);
    const help = name === "sampler" && model.value(name) === "own" ? "sampler.own.help" : HELP[name];
    const supported = model.supports(name === "seed" ? "seeds" : name);
    const info = !supported ? t("model.unsupported") : this.#isOwn(name) ? t("model.own", { value: label(model.defaultOf(name)) }) : t(help);
    const update = { __type__: "update", info, interactive: supported };
    if (name !== "sampler" || !model.info) return update;
    const none = [["–", model.value(name)]];
    return { ...update, choices: update.interactive ? model.info.samplers.map((sampler) => [label(sampler), sampler]) : none };
  }

  async #requestHint() {
    const { model } = this;
    const { pipeline, prompt } = this.values;
    const request = {};
    this.hintRequest = request;
    const own = model.loading ? t("model.reading", { model: modelName(pipeline) }) : model.error || (model.supportsIntent(this.intent) ? "" : this.unsupportedIntent);
    const none = { hint: own, wording: { prompt: "", left_out: [], unknown: [], removes: false } };
    const { hint, wording } = !own && prompt.trim() && !["remove", "adjust"].includes(this.intent) ? await this.server.hint(pipeline, prompt).catch(() => none) : none;
    if (this.hintRequest !== request) return;
    const line = wordingLine(wording, modelName(pipeline), this.exactWords, { exact: (on) => this.useExactWords(on), instead: (...words) => this.#instead(...words), remove: () => this.intend("remove") });
    const strange = wordsNotPainted(wording);
    const see = strange.length && model.info?.kinds ? [{ label: t("kinds.see"), press: () => this.vocabulary.open(wording.unknown[0]?.word) }] : [];
    this.notifications.hint(hint || line.text, [...(hint ? [] : line.buttons), ...see]);
    this.suggestions?.mark(strange);
  }

  /** Whether the model is given the prompt as it is, and not in the words that it was taught. Another prompt is not. */
  get exactWords() {
    return this.exactPrompt !== null && this.exactPrompt === this.values?.prompt;
  }

  useExactWords(on) {
    this.exactPrompt = on ? this.values.prompt : null;
    this.hint.now();
  }

  #instead(word, other) {
    this.put({ prompt: withNoun(this.values.prompt, word, other) });
    document.querySelector(PROMPT)?.focus();
  }

  /**
   * The edit as the form has it, its seed included; null until the model's settings are known, and for an adjustment, which has
   * none. intent: the form's own, or another.
   */
  request(intent = this.intent) {
    if (!this.values || !this.model.info || intent === "adjust") return null;
    const { new_seed: _, refine_strength, sketch_strength, ...edit } = this.values;
    edit.pipeline = this.models.of(intent);
    const shown = edit.pipeline === this.model.name && edit.pipeline !== AUTO;
    for (const name of MODEL_DEFAULTS) edit[name] = shown ? this.model.value(name) : null; // null: the model's own
    if (!this.model.supports("negative_prompt")) edit.negative_prompt = "";
    if (!shown || !this.model.supports("clip_guidance") || intent === "remove") edit.clip_guidance = 0;
    edit.strength = { refine: refine_strength, sketch: sketch_strength }[intent] ?? null; // null: the intent's own
    if (!Number.isInteger(edit.seed)) edit.seed = 0;
    if (intent === "remove") edit.grow = this.grow;
    edit.exact_words = this.exactWords;
    const adapters = shown ? this.adapters.edit : { adapters: [], reference: null }; // they are chosen for the model on show
    return { ...edit, ...adapters, edge: 0, intent }; // the edge is set when a finished step is blended
  }

  /** The edit to be sent, once its model is loaded: draws its seed, remembers its prompt. Null if the model cannot be loaded. */
  async prepare(values, intent = values.intent) {
    this.values = { ...values, pipeline: this.models.of(values.intent) };
    await this.model.choose(this.values.pipeline);
    while (this.model.loading) await this.model.request; // another model was chosen meanwhile
    if (this.adapters.chosen.length) await this.adapters.request; // whether the model takes them
    await this.model.know(this.models.of(intent)); // the server does not know its settings before
    const edit = this.request(intent);
    if (!edit) return null;
    if (this.values.new_seed || !Number.isInteger(this.values.seed)) edit.seed = randomSeed();
    if (edit.intent !== "remove") rememberPrompt(edit.prompt); // removing uses no prompt
    return edit;
  }

  /** Writes values into the form: presses Gradio's hidden button, which asks `listed` for them. */
  put(values) {
    const isUpdate = (value) => value?.__type__ === "update";
    for (const [name, value] of Object.entries(values)) {
      const before = this.pendingValues[name]; // of an update and a value both are written
      if (isUpdate(before)) this.pendingValues[name] = { ...before, ...(isUpdate(value) ? value : { value }) };
      else this.pendingValues[name] = isUpdate(value) && before !== undefined ? { value: before, ...value } : value;
    }
    document.querySelector("#put")?.click(); // without a form, they wait for the next call
  }

  /** Empties the prompts, which belong to a document. */
  clearPrompts() {
    this.typedFields.clear();
    this.put({ prompt: "", negative_prompt: "" });
  }

  /** Writes the prompts of an earlier visit, but not over what the user has typed since. Returns the prompts as they are then. */
  restorePrompts(prompts) {
    this.put(Object.fromEntries(Object.entries(prompts).filter(([name]) => !this.typedFields.has(name))));
    const typed = [...this.typedFields].map((name) => [name, document.querySelector(PROMPT_FIELDS[name]).value]);
    return { ...prompts, ...Object.fromEntries(typed) };
  }

  /** Takes the pending values in this order, undefined for a field to be left as it is; web/page.py calls this. */
  listed(names) {
    const values = this.pendingValues;
    this.pendingValues = {};
    return names.map((name) => values[name]);
  }

  /** Takes up the settings of a step, a node of the history; whether each run has a new seed stays as the user chose. */
  recall({ revision, edit }) {
    const { prompt, negative_prompt, pipeline, steps, guidance, clip_guidance = 0, seed, sampler, strength, margins, blend, adjustment } = edit;
    const { feather, opacity, colour_match } = blend;
    if (adjustment) {
      this.put({ feather, opacity, intent: "adjust" }); // it has no model to choose
      return this.model.request;
    }
    const intent = margins.some(Boolean) ? { intent: "expand" } : strength < 1 ? { intent: "refine", refine_strength: strength } : { intent: "fill" };
    this.adapters.recall(edit, revision);
    Object.assign(this.model.own, { steps, guidance, sampler });
    this.models.own = { ...this.models.own, [intent.intent]: pipeline };
    this.put({ prompt, negative_prompt, pipeline, steps, guidance, clip_guidance, seed, feather, opacity, colour_match, ...intent });
    return this.#chooseModel(pipeline);
  }

  /** Takes up a step's settings and its seed, to amend it; puts the user's own aside until `takeBack`. */
  amend(step) {
    this.aside = { values: { ...this.values }, own: { ...this.model.own }, models: this.models.own, adapters: this.adapters.state };
    this.put({ new_seed: false, variations: 1 });
    return this.recall(step);
  }

  takeBack() {
    const { values, own, models, adapters } = this.aside;
    this.aside = null;
    this.adapters.restore(adapters);
    this.model.own = own;
    this.models.own = models;
    saveSettings(values, own, models);
    this.put(values);
    return this.#chooseModel(values.pipeline);
  }

  /** Chooses the model that the settings are for. */
  async #chooseModel(pipeline) {
    await this.model.choose(pipeline);
    if (this.model.name !== pipeline || !this.model.info) return;
    this.model.dropDefaults();
    this.#showModelSettings();
    this.#save();
  }
}
