// The wish in the making: what Gradio's form says, by intent, and what helps to write it.

import { remember, restored } from "./settings.js";
import { rememberPrompt, Suggestions } from "./suggest.js";
import { rested } from "./time.js";
import { t } from "./words.js";

const HINT_MS = 250; // typing rests for so long before the words are looked at
const PROMPT = "#prompt :is(input, textarea)";
export const INTENTS = ["fill", "remove", "refine", "expand", "sketch"];

/** How strongly each intent draws anew: the whole way where nothing of what was there is to be seen. */
export function strengthOf(intent, strengths) {
  return intent === "refine" || intent === "sketch" ? strengths[intent] : 1;
}

export class Wishes {
  constructor(server, notices) {
    Object.assign(this, { server, notices });
    this.values = null; // the form's, as they were last told
    this.words = null;
    this.asked = {};
    this.hint = rested(HINT_MS, () => this.#askHint());
  }

  get intent() {
    return this.values?.intent ?? "fill";
  }

  /** Gradio's form is there. */
  attach() {
    this.suggestions = new Suggestions(document.querySelector(PROMPT), () => this.words);
    if (this.values) this.#show();
    else if (restored) this.changed(restored); // otherwise they are still to come
  }

  /** Choose an intent, as a click on it does. */
  intend(intent) {
    document.querySelectorAll("#intent input")[INTENTS.indexOf(intent)]?.click();
  }

  /** The form says this now; true if the intent is another than before. */
  changed(values) {
    const before = this.values;
    this.values = values;
    remember(values);
    if (!before || before.intent !== values.intent) this.#show();
    if (before?.pipeline !== values.pipeline) this.#askWords(values.pipeline);
    if (before?.pipeline !== values.pipeline || before?.prompt !== values.prompt) this.hint();
    return before?.intent !== values.intent;
  }

  #show() {
    document.documentElement.dataset.intent = this.intent;
    const field = document.querySelector(PROMPT);
    if (field) field.placeholder = t(`prompt.${this.intent}`);
  }

  async #askWords(pipeline) {
    this.words = null;
    const { words } = await this.server.vocabulary(pipeline).catch(() => ({ words: null }));
    if (this.values.pipeline === pipeline) this.words = words;
  }

  async #askHint() {
    const { pipeline, prompt } = this.values;
    const asked = {};
    this.asked = asked;
    const none = { hint: "", unknown: [] };
    const { hint, unknown } = prompt.trim() ? await this.server.hint(pipeline, prompt).catch(() => none) : none;
    if (this.asked !== asked) return;
    this.notices.hint(hint);
    this.suggestions?.mark(unknown);
  }

  /** The wish as it stands; with the seed of the form. */
  wish(values = this.values) {
    if (!values) return null;
    const { intent, new_seed: _, refine_strength, sketch_strength, ...wish } = values;
    wish.strength = strengthOf(intent, { refine: refine_strength, sketch: sketch_strength });
    if (intent === "remove") wish.prompt = wish.negative_prompt = "";
    if (!Number.isInteger(wish.seed)) wish.seed = 0;
    return { ...wish, edge: 0, intent }; // a step that is finished can be laid in with another edge
  }

  /** The wish to be sent: its seed drawn, its prompt remembered. */
  ready(values) {
    this.values = values;
    const wish = this.wish(values);
    if (values.new_seed || !Number.isInteger(values.seed)) wish.seed = crypto.getRandomValues(new Uint32Array(1))[0];
    rememberPrompt(wish.prompt);
    return wish;
  }

  /** Write values into the form: Gradio asks `listed` for them when its hidden button is pressed. */
  put(values) {
    this.written = { ...this.values, ...values };
    document.querySelector("#put").click();
  }

  listed(names) {
    return names.map((name) => this.written[name]);
  }

  /** Take up an earlier step's settings, its seed too: it is to be changed, not drawn at random. */
  recall({ prompt, negative_prompt, pipeline, steps, guidance, seed, sampler, strength, blend }) {
    const { feather, opacity, colour_match } = blend;
    const intent = strength < 1 ? { intent: "refine", refine_strength: strength } : { intent: "fill" };
    this.put({ prompt, negative_prompt, pipeline, steps, guidance, seed, new_seed: false, sampler, feather, opacity, colour_match, ...intent });
  }
}
