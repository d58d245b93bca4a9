// What the editor tells the user: a status line under the prompt, notes that stay until they are dismissed, and the
// browser's own notifications for a user who looks at something else while a job runs.

import { duration } from "./eta.js";
import { h, icon } from "../lib/dom.js";
import { SignedOut } from "../net/responses.js";
import { t, wholeNumber } from "../lib/locale.js";

const ROLES = { error: "alert", info: null }; // the container is a live region of its own

export class Notifications {
  constructor(root) {
    this.notes = h("div", { class: "notes", "aria-live": "polite" });
    root.append(this.notes);
  }

  /** Writes into a part of the dock, which is Gradio's and may not be there yet. */
  #put(name, text) {
    const element = document.querySelector(`#status .${name}`);
    if (element && element.textContent !== text) element.textContent = element.title = text;
  }

  /** Shows what is to be said of the prompt. buttons: [{ label, press() }, ...]. */
  hint(text, buttons = []) {
    const element = document.querySelector("#status .hint");
    const shown = JSON.stringify([text, buttons.map(({ label }) => label)]);
    if (!element || element.dataset.shown === shown) return;
    element.dataset.shown = shown;
    const parts = buttons.map(({ label, press }) => h("button", { type: "button", class: "line-action", onclick: press }, label));
    element.replaceChildren(...(text ? [h("span", { title: text }, text), ...parts] : []));
  }

  /** about: "last" for what is said of the job before, which gives way to what comes next; "live" for why live mode paints nothing. */
  status(text, about = "now") {
    this.statusAbout = about;
    this.#put("status", text);
  }

  /** Says something else in the place of what is about the job before. */
  #afterLast(text) {
    if (this.statusAbout === "last") this.status(text);
  }

  /** Shows the chosen model's name and what it is for. */
  model(model, purpose) {
    const chip = document.querySelector("#status .model-chip");
    if (!chip) return;
    chip.replaceChildren(h("span", { class: "name" }, model), h("span", { class: "purpose" }, purpose));
    chip.setAttribute("aria-label", t("model.chip", { model, purpose }));
    chip.title = t("model.choose");
  }

  /** Shows what an edit would cost. estimate: { windows: [box, ...], ... } or null; seconds: or null if unknown. */
  plan(estimate, seconds) {
    if (!estimate) return this.#put("plan", "");
    this.#afterLast("");
    const { length: count, 0: window } = estimate.windows;
    const reads = count === 1 ? t("status.plan", { width: window[2], height: window[3] }) : t("status.plan_windows", { count });
    return this.#put("plan", [reads, ...(seconds ? [duration(seconds)] : [])].join(" · "));
  }

  /**
   * Says that the chosen model is on another server, and how much of the picture the edit sends there. host: "" for a model that
   * runs here; estimate: as above.
   */
  sent(host, estimate) {
    if (!host) return this.#put("sent", "");
    const pixels = estimate?.sent?.host === host ? estimate.sent.pixels : 0;
    return this.#put("sent", pixels ? t("status.sends", { pixels: wholeNumber(pixels), host }) : t("status.sends_part", { host }));
  }

  /** Shows how many specks of the mask are ignored. keep(): repaint them too. */
  specks(count, keep) {
    const element = document.querySelector("#status .specks");
    if (!element || Number(element.dataset.count ?? 0) === count) return;
    element.dataset.count = count;
    if (!count) element.replaceChildren();
    else element.replaceChildren(t(count === 1 ? "status.speck" : "status.specks", { n: count }), " ", h("button", { type: "button", class: "keep-specks", onclick: keep }, t(count === 1 ? "status.keep_speck" : "status.keep_specks")));
  }

  /** Shows what is to be known before the run, see `adviceFor`; null: nothing. */
  advice(advice) {
    const element = document.querySelector("#status .advice");
    const sentence = advice?.sentence ?? "";
    if (!element || (element.dataset.sentence ?? "") === sentence) return;
    element.dataset.sentence = sentence;
    if (!advice) element.replaceChildren();
    else element.replaceChildren(h("span", { title: sentence }, sentence), " ", h("button", { type: "button", class: "line-action", onclick: advice.press }, advice.label));
  }

  /** Shows how far the run is, see `RunProgress.update`; null: nothing runs. */
  progress(run) {
    const bar = document.querySelector("#status .progress");
    if (run) this.#afterLast(t(run.waits ? "queue.waits" : "status.repainting"));
    const text = run?.waits ? "" : run?.replay ? t("status.replay", run.replay) : run?.known ? percentDone(run.done) : "";
    this.#put("steps", text && run.seconds ? `${text} · ${duration(run.seconds)}` : text);
    if (!bar) return;
    bar.hidden = !run;
    bar.setAttribute("aria-label", t("status.progress"));
    bar.setAttribute("aria-valuemax", 100);
    bar.setAttribute("aria-valuenow", Math.floor(100 * (run?.done ?? 0)));
    bar.classList.toggle("waiting", run !== null && !run.done && !run.waits);
    bar.firstElementChild.style.transform = `scaleX(${run?.done ?? 0})`;
  }

  /**
   * Shows a note of one sentence in place of any other on the same topic; `dismiss` removes it. action: { label, press() }
   * for a button in it.
   */
  note(sentence, topic, kind = "error", action = null) {
    const said = [...this.notes.querySelectorAll("p")].some(({ textContent }) => textContent === sentence);
    if (said && !action) { // a screen reader reads it once, and a server that is in trouble says it to each request
      if (this.#shown(topic) !== sentence) this.dismiss(topic); // what it said before is out of date
      return;
    }
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

  /** Says why the server cannot be reached, an Unreachable: until it can, or somebody signs in. */
  away(error) {
    const signIn = { label: t("sign_in_button"), press: () => location.reload() };
    if (!(error instanceof SignedOut)) this.note(error.message, "server");
    else if (this.#shown("server") !== error.message) this.note(error.message, "server", "error", signIn);
  }

  #shown(topic) {
    return this.notes.querySelector(`[data-topic="${CSS.escape(topic)}"] p`)?.textContent;
  }

  dismiss(topic) {
    this.notes.querySelector(`[data-topic="${CSS.escape(topic)}"]`)?.remove();
  }

  clear() {
    for (const note of this.notes.querySelectorAll("[data-topic]")) note.remove();
  }
}

/** A job's progress, 0..1, in percent: its steps belong to several networks and windows, so their number says little. */
export const percentDone = (done) => t("status.part", { percent: Math.floor(100 * done) });

const supported = () => "Notification" in window;

/** Whether the user can still be asked to allow the browser's notifications. */
export const canAskPermission = () => supported() && Notification.permission === "default";

export async function askPermission() {
  if (canAskPermission()) await Notification.requestPermission();
}

/** Shows one of the browser's notifications, if the user allows them. */
export function notifyBrowser(title, body) {
  if (supported() && Notification.permission === "granted") new Notification(title, { body, tag: "palimpsest" });
}
