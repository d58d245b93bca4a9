// Two pictures, a question, and the three answers, by pointer, finger and keys.

import { h, icon } from "../lib/dom.js";
import { t } from "../lib/locale.js";

const SIDES = ["left", "right"];
const KEYS = { ArrowLeft: "left", 1: "left", ArrowRight: "right", 3: "right", ArrowDown: "tie", ArrowUp: "tie", 2: "tie" };
const STACKED_KEYS = { ...KEYS, ArrowUp: "left", ArrowDown: "right" };
const shortcuts = (keys, choice) => Object.keys(keys).filter((key) => keys[key] === choice).join(" ");
const narrow = matchMedia("(max-width: 600px) and (orientation: portrait)"); // study.css stacks the pictures there

/** choose(choice, milliseconds), undo(): what the person does. */
export function comparisonView(choose, undo) {
  let since = null; // when both pictures appeared; null while there are none
  let least = 0; // ms for which both must be seen before an answer counts
  let timer = 0;
  const count = h("span", { class: "count" });
  const progress = h("progress", { value: 0, max: 1, "aria-label": t("study.title") });
  const back = h("button", { type: "button", class: "secondary undo", "aria-keyshortcuts": "Backspace Control+Z", onclick: () => undo() }, icon("undo"), t("study.undo"));
  const question = h("h1", {});
  const prompt = h("p", { class: "prompt" });
  const frames = SIDES.map((side) => h("figure", { class: side, onclick: () => pick(side) }));
  const buttons = Object.fromEntries(
    [["left", "1"], ["tie", "2"], ["right", "3"]].map(([choice, key]) => {
      const name = h("span", {});
      const button = h("button", { type: "button", class: `answer ${choice}`, onclick: () => pick(choice) }, name, h("kbd", { "aria-hidden": "true" }, key));
      return [choice, { button, name }];
    }),
  );
  const choices = h("div", { class: "answers", role: "group" }, ...["left", "tie", "right"].map((choice) => buttons[choice].button));
  const keys = h("span", {});
  const element = h(
    "div", { class: "comparison" },
    h("header", {}, count, progress, back),
    h("div", { class: "question" }, question, prompt),
    h("div", { class: "pictures" }, ...frames),
    choices,
  );

  function nameSides() {
    const names = narrow.matches ? ["upper", "lower"] : SIDES;
    SIDES.forEach((side, n) => {
      buttons[side].name.textContent = t(`study.${names[n]}`);
      frames[n].firstElementChild?.setAttribute("alt", t(`study.${names[n]}_picture`));
    });
    buttons.tie.name.textContent = t("study.tie");
    for (const [choice, { button }] of Object.entries(buttons)) button.setAttribute("aria-keyshortcuts", shortcuts(narrow.matches ? STACKED_KEYS : KEYS, choice));
    keys.textContent = t(narrow.matches ? "study.keys_stacked" : "study.keys");
  }

  function allow(ready) {
    for (const { button } of Object.values(buttons)) button.setAttribute("aria-disabled", String(!ready));
  }

  function pick(choice) {
    const milliseconds = since === null ? 0 : performance.now() - since;
    if (since === null || milliseconds < least) return;
    since = null;
    allow(false);
    choose(choice, milliseconds);
  }

  function press(event) {
    if (!element.isConnected || event.repeat || event.altKey) return;
    const undoes = event.key === "Backspace" || ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "z");
    const choice = event.ctrlKey || event.metaKey ? undefined : (narrow.matches ? STACKED_KEYS : KEYS)[event.key];
    if (!undoes && !choice) return;
    event.preventDefault();
    if (choice) pick(choice);
    else if (!back.disabled) undo();
  }

  narrow.addEventListener("change", nameSides);
  addEventListener("keydown", press);
  nameSides();
  return {
    element,
    keys, // says which they are
    /** Says what is asked while the pictures are still loading. number, of: how far the person is. */
    ask({ question: name, prompt: text }, number, of, canUndo) {
      clearTimeout(timer);
      since = null;
      allow(false);
      count.textContent = t("study.progress", { n: number + 1, of });
      Object.assign(progress, { value: number, max: of });
      back.disabled = !canUndo;
      question.textContent = t(`study.${name}`);
      choices.setAttribute("aria-label", question.textContent);
      prompt.textContent = text ?? "";
      prompt.hidden = text === null;
      for (const frame of frames) frame.replaceChildren();
      nameSides();
    },
    /** Shows both pictures at once, for `minimum` ms at least. Returns what a screen reader is to say. */
    show(images, minimum) {
      frames.forEach((frame, n) => frame.replaceChildren(images[n]));
      nameSides();
      [since, least] = [performance.now(), minimum];
      timer = setTimeout(() => allow(true), minimum);
      return [count.textContent, question.textContent, prompt.textContent].filter(Boolean).join(". ");
    },
  };
}
