// The prompt's helpers: prompts used before, words the model knows, and a mark under those it never saw.

import { h } from "../lib/dom.js";
import { addText, loadTexts } from "../lib/storage.js";
import { t } from "../lib/locale.js";

const STORED = "palimpsest-prompts";
const KEPT = 40;
const OFFERED = 8;

/** The newest first. */
export const usedPrompts = (storage) => loadTexts(STORED, storage);

export function rememberPrompt(prompt, storage) {
  const said = prompt.trim();
  if (said) addText(STORED, said, KEPT, storage);
}

/**
 * What to offer for a text with the caret at its end: { text: the whole prompt then, label, kind: "used" or "word" }.
 * words: sorted, or null where any text is known.
 */
export function offers(text, used, words) {
  const typed = text.toLowerCase();
  const found = used.filter((one) => one !== text && one.toLowerCase().startsWith(typed)).slice(0, text ? 3 : OFFERED).map((one) => ({ text: one, label: one, kind: "used" }));
  const start = text.search(/[\p{L}]+$/u);
  const begun = start < 0 ? "" : typed.slice(start);
  if (begun && words && !words.includes(begun)) { // a whole word needs no more
    for (const word of words) {
      if (found.length >= OFFERED) break;
      if (word.startsWith(begun) && word !== begun) found.push({ text: text.slice(0, start) + word, label: word, kind: "word" });
    }
  }
  return found;
}

/** The text in pieces, [piece, whether the model never saw it]. unknown: words, small. */
export function marked(text, unknown) {
  return text.split(/([\p{L}\p{N}'’-]+)/u).filter(Boolean).map((piece) => [piece, unknown.includes(piece.toLowerCase())]);
}

export class Suggestions {
  /** field: the prompt's input. words(): sorted words of the model, or null. */
  constructor(field, words) {
    Object.assign(this, { field, words });
    this.unknown = [];
    this.at = -1;
    this.list = h("ul", { class: "suggestions", role: "listbox", id: "suggestions", "aria-label": t("prompt.suggestions"), hidden: true });
    this.marks = h("div", { class: "marks", "aria-hidden": "true" }, h("span", {}));
    const holder = field.parentElement;
    holder.classList.add("prompt-holder");
    holder.append(this.marks, this.list);
    for (const [name, value] of Object.entries({ role: "combobox", "aria-autocomplete": "list", "aria-controls": "suggestions", "aria-expanded": "false", autocomplete: "off" })) field.setAttribute(name, value);
    field.addEventListener("input", () => {
      this.#offer();
      this.#mark();
    });
    field.addEventListener("focus", () => field.value === "" && this.#offer());
    field.addEventListener("blur", () => this.#hide());
    field.addEventListener("scroll", () => this.#follow());
    field.addEventListener("keydown", (event) => this.#key(event), { capture: true });
  }

  /** unknown: words of the prompt the model never saw. */
  mark(unknown) {
    this.unknown = unknown;
    this.#mark();
  }

  #mark() {
    const pieces = marked(this.field.value, this.unknown);
    this.marks.firstChild.replaceChildren(...pieces.map(([piece, strange]) => h("span", { class: strange ? "strange" : "" }, piece)));
    this.#follow();
  }

  #follow() {
    this.marks.firstChild.style.transform = `translateX(${-this.field.scrollLeft}px)`;
  }

  #offer() {
    const found = document.activeElement === this.field ? offers(this.field.value, usedPrompts(), this.words()) : [];
    this.found = found;
    this.at = -1;
    this.list.replaceChildren(
      ...found.map(({ label, kind }, i) =>
        h("li", { role: "option", id: `suggestion-${i}`, class: kind, "aria-selected": "false", onpointerdown: (event) => {
          event.preventDefault(); // the field keeps the focus
          this.#take(i);
        } }, label),
      ),
    );
    this.list.hidden = !found.length;
    this.field.setAttribute("aria-expanded", String(found.length > 0));
    this.field.removeAttribute("aria-activedescendant");
  }

  #hide() {
    this.list.hidden = true;
    this.at = -1;
    this.field.setAttribute("aria-expanded", "false");
  }

  #take(i) {
    this.field.value = this.found[i].text;
    this.field.dispatchEvent(new Event("input", { bubbles: true }));
    this.#hide();
  }

  #key(event) {
    if (this.list.hidden) {
      if (event.key === "ArrowDown") this.#offer();
      return;
    }
    const count = this.found.length;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      this.at = (this.at + (event.key === "ArrowDown" ? 1 : this.at < 0 ? 0 : -1) + count) % count;
      [...this.list.children].forEach((one, i) => one.setAttribute("aria-selected", String(i === this.at)));
      this.field.setAttribute("aria-activedescendant", `suggestion-${this.at}`);
      this.list.children[this.at].scrollIntoView({ block: "nearest" });
    } else if ((event.key === "Enter" || event.key === "Tab") && this.at >= 0) {
      event.preventDefault();
      event.stopImmediatePropagation();
      this.#take(this.at);
    } else if (event.key === "Escape") {
      event.stopPropagation();
      this.#hide();
    } else if (event.key === "Enter") {
      this.#hide();
    }
  }
}
