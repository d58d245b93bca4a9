// The page of a study: people compare pictures in pairs, without knowing what made them.

import { h } from "../lib/dom.js";
import { loadLanguage, pickLanguage, t } from "../lib/locale.js";
import { loadJson, saveJson } from "../lib/storage.js";
import { Unreachable } from "../net/responses.js";
import { comparisonView } from "./comparison-view.js";
import { Outbox } from "./outbox.js";
import { PairLoader } from "./pair-loader.js";
import { newToken, Rating } from "./rating.js";
import { Closed, Refused, StudyServer } from "./server.js";

const root = document.querySelector(".palimpsest");
const study = location.pathname.split("/").at(-1);
const STORED = `palimpsest-study-${study}`; // the person's token
const dark = matchMedia("(prefers-color-scheme: dark)");
const keyboard = matchMedia("(hover: hover)"); // where there is a mouse, there are keys
const trouble = h("p", { class: "trouble", role: "alert", hidden: true });
const live = h("p", { class: "spoken", "aria-live": "polite" });
const main = h("main", {});

const say = (text) => (live.textContent = text);
const showTrouble = (error) => {
  trouble.hidden = !error;
  trouble.textContent = error?.message ?? "";
};

/** A sheet with a heading, a line above it, sentences and buttons; the first button has the focus: Enter goes on. */
function sheet(title, above, sentences, ...buttons) {
  main.replaceChildren(h("div", { class: "sheet" }, h("p", { class: "above" }, above), h("h1", {}, title), ...sentences.map((sentence) => h("p", { class: "lead" }, sentence)), h("div", { class: "choices-row" }, ...buttons)));
  say("");
  if (buttons.length) buttons[0].focus();
  else say([title, ...sentences].join(" "));
}

const button = (name, press, kind = "primary") => h("button", { type: "button", class: kind, onclick: press }, name);

/** One person's visit. */
class Visit {
  constructor(rater) {
    this.server = new StudyServer(study, rater);
    this.outbox = new Outbox(`palimpsest-answer-${study}-${rater}-`, (answer) => this.server.post(answer), (error) => this.sent(error));
    this.view = comparisonView((choice, milliseconds) => this.answer(choice, milliseconds), () => this.undo());
    this.introduced = null; // the question that was explained
    this.pairs = new PairLoader((token) => this.server.picture(token, showTrouble));
  }

  async begin() {
    for (;;) {
      try {
        const state = await this.server.state();
        showTrouble(null);
        if (state.closed) return this.end();
        this.rating = new Rating(state, this.outbox.entries);
        this.outbox.flush();
        return this.next();
      } catch (error) {
        showTrouble(error);
        if (!(error instanceof Unreachable)) return undefined;
        await new Promise((resolve) => setTimeout(resolve, 1000));
      }
    }
  }

  /** After each attempt to send an answer. */
  sent(error) {
    if (error instanceof Closed) this.end();
    else showTrouble(error);
    const gone = !error || error instanceof Refused; // the answer is not in the outbox any more
    if (gone && !this.over && this.rating?.current === null) this.finish();
  }

  end() {
    this.over = true;
    showTrouble(null);
    sheet(t("study.closed"), "", []);
  }

  next() {
    if (this.over) return;
    const number = this.rating.current;
    if (number === null) this.finish();
    else if (this.rating.comparisons[number].question === this.introduced) this.compare(number);
    else this.introduce(number);
  }

  introduce(number) {
    const { comparisons, questions, answered, canUndo } = this.rating;
    const { question } = comparisons[number];
    const count = comparisons.filter((each) => each.question === question).length;
    const part = questions.length > 1 ? [t("study.part", { n: questions.indexOf(question) + 1, of: questions.length })] : [];
    const above = [...part, t("study.count", { n: count })].join(" · ");
    const first = [t("study.lead"), t("study.anonymous")];
    const go = button(t(answered.size ? "study.go_on" : "study.begin"), () => {
      this.introduced = question;
      this.next();
    });
    const back = canUndo ? [button(t("study.undo"), () => this.undo(), "secondary")] : [];
    sheet(t(`study.${question}`), above, [...(answered.size ? [] : first), ...(keyboard.matches ? [this.view.keys] : [])], go, ...back);
    this.load(number);
  }

  async compare(number) {
    const { comparisons, canUndo, least } = this.rating;
    if (!this.view.element.isConnected) main.replaceChildren(this.view.element);
    this.pairs.release(number - 1); // an undo goes back by one
    this.view.ask(comparisons[number], number, comparisons.length, canUndo);
    try {
      const images = await this.load(number);
      if (this.rating.current !== number || !this.view.element.isConnected) return;
      say(this.view.show(images, least));
      if (number + 1 < comparisons.length) this.load(number + 1);
    } catch {
      // said already
    }
  }

  load(number) {
    return this.pairs.load(number, this.rating.comparisons[number].pictures);
  }

  answer(choice, milliseconds) {
    this.outbox.add(this.rating.answer(choice, milliseconds));
    this.next();
  }

  undo() {
    const entry = this.rating.undo();
    this.introduced = this.rating.comparisons[entry.comparison].question;
    this.outbox.add(entry);
    this.next();
  }

  finish() {
    if (this.outbox.entries.length) {
      sheet(t("study.sending"), "", []);
      return;
    }
    const undo = button(t("study.undo"), () => this.undo(), "secondary");
    const other = button(t("study.other"), () => start(newToken()), "secondary");
    sheet(t("study.thanks"), "", [t("study.done", { n: this.rating.comparisons.length })], ...(this.rating.canUndo ? [undo] : []), other);
  }
}

function start(rater) {
  saveJson(STORED, rater);
  root.replaceChildren(trouble, main, live);
  new Visit(rater).begin();
}

function colours() {
  document.body.classList.toggle("dark", dark.matches);
}

colours();
dark.addEventListener("change", colours);
await loadLanguage(pickLanguage(navigator.languages));
document.title = t("study.title");
const stored = loadJson(STORED, null);
start(/^[0-9a-f]{32}$/.test(stored) ? stored : newToken());
