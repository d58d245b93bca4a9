// What the editor has to say: one quiet line under the prompt, and notes which stay until they are read.

import { h, icon } from "./dom.js";

const KINDS = { error: "alert", info: "status" };

export class Notices {
  constructor(root) {
    this.notes = h("div", { class: "notes" });
    root.append(this.notes);
    this.line = { hint: "", status: "", steps: "" };
  }

  /** The dock is Gradio's: its elements are looked up, since it may come later than this. */
  #put(name, text) {
    this.line[name] = text;
    const element = document.querySelector(`#status .${name}`);
    if (element && element.textContent !== text) element.textContent = element.title = text;
  }

  hint(text) {
    this.#put("hint", text);
  }

  status(text) {
    this.#put("status", text);
  }

  /** index of total steps done, or null: nothing runs. */
  progress(index, total) {
    const bar = document.querySelector("#status .progress");
    const running = index !== null;
    this.#put("steps", running && total ? `Step ${index} of ${total}` : "");
    if (!bar) return;
    bar.hidden = !running;
    bar.setAttribute("aria-valuemax", total || 1);
    bar.setAttribute("aria-valuenow", index || 0);
    bar.classList.toggle("waiting", running && !index);
    bar.firstElementChild.style.transform = `scaleX(${running && total ? index / total : 0})`;
  }

  /**
   * A note of one sentence. topic: a later note on the same topic takes its place; `dismiss` removes it. action: { label,
   * press() } for a button in it.
   */
  note(sentence, topic, kind = "error", action = null) {
    this.dismiss(topic);
    const press = () => {
      note.remove();
      action.press();
    };
    const button = action && h("button", { type: "button", class: "note-action", onclick: press }, action.label);
    const close = h("button", { type: "button", class: "icon-button", "aria-label": "Dismiss", onclick: () => note.remove() }, icon("close"));
    const note = h("div", { class: `note ${kind}`, role: KINDS[kind], "data-topic": topic }, h("p", {}, sentence), button, close);
    this.notes.append(note);
  }

  dismiss(topic) {
    this.notes.querySelector(`[data-topic="${topic}"]`)?.remove();
  }

  clear() {
    this.notes.replaceChildren();
  }
}
