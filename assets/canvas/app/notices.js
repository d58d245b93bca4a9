// What the editor has to say: one quiet line under the prompt, and notes which stay until they are read.

import { duration } from "./eta.js";
import { h, icon } from "../lib/dom.js";
import { t } from "../lib/locale.js";

const ROLES = { error: "alert", info: null }; // the holder reads out what comes into it

export class Notices {
  constructor(root) {
    this.notes = h("div", { class: "notes", "aria-live": "polite" });
    root.append(this.notes);
  }

  /** The dock is Gradio's: its elements are looked up, since it may come later than this. */
  #put(name, text) {
    const element = document.querySelector(`#status .${name}`);
    if (element && element.textContent !== text) element.textContent = element.title = text;
  }

  hint(text) {
    this.#put("hint", text);
  }

  status(text) {
    this.#put("status", text);
  }

  /** What a run would come to: the boxes of its windows and seconds or null; null for nothing. */
  plan(planned, seconds) {
    if (!planned) return this.#put("plan", "");
    const { length: count, 0: window } = planned.windows;
    const read = count === 1 ? t("status.plan", { width: window[2], height: window[3] }) : t("status.plan_windows", { count });
    return this.#put("plan", [read, ...(seconds ? [duration(seconds)] : [])].join(" · "));
  }

  /** How many specks of the mask are left out; keep(): they are to be repainted too. */
  specks(count, keep) {
    const element = document.querySelector("#status .specks");
    if (!element || Number(element.dataset.count ?? 0) === count) return;
    element.dataset.count = count;
    if (!count) element.replaceChildren();
    else element.replaceChildren(t(count === 1 ? "status.speck" : "status.specks", { n: count }), " ", h("button", { type: "button", class: "keep-specks", onclick: keep }, t(count === 1 ? "status.keep_speck" : "status.keep_specks")));
  }

  /**
   * index of total steps done, or null: nothing runs. seconds: left of it, or null where nobody knows. replay: { step, of }
   * of the steps of the history that are replayed.
   */
  progress(index, total, seconds = null, replay = null) {
    const bar = document.querySelector("#status .progress");
    const running = index !== null;
    const done = replay ? t("status.replay", replay) : running && total ? part(index, total) : "";
    this.#put("steps", done && seconds ? `${done} · ${duration(seconds)}` : done);
    if (!bar) return;
    bar.hidden = !running;
    bar.setAttribute("aria-label", t("status.progress"));
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
    const said = this.notes.querySelector(`[data-topic="${CSS.escape(topic)}"] p`)?.textContent;
    if (said === sentence && !action) return; // read out once
    this.dismiss(topic);
    const press = () => {
      note.remove();
      action.press();
    };
    const button = action && h("button", { type: "button", class: "note-action", onclick: press }, action.label);
    const close = h("button", { type: "button", class: "icon-button", "aria-label": t("note.dismiss"), onclick: () => note.remove() }, icon("close"));
    const note = h("div", { class: `note ${kind}`, role: ROLES[kind], "data-topic": topic }, h("p", {}, sentence), button, close);
    this.notes.append(note);
  }

  dismiss(topic) {
    this.notes.querySelector(`[data-topic="${CSS.escape(topic)}"]`)?.remove();
  }

  clear() {
    this.notes.replaceChildren();
  }
}

/** How much of a run is done: its steps are of several networks and windows, which nobody counts. */
export const part = (index, total) => t("status.part", { percent: Math.floor((100 * index) / total) });
