// The prompt's helpers: suggests words that the model knows, and marks the words it does not know.

import { h } from "../lib/dom.js";
import { t } from "../lib/locale.js";

const MAX_SUGGESTIONS = 8;

/**
 * Suggests how the last word of a prompt may go on: [{ text: the whole prompt then, word }].
 *
 * words: those the model knows, sorted, or null if it takes any text.
 */
export function suggestions(text, words) {
  const start = text.search(/[\p{L}]+$/u);
  const beginning = start < 0 ? "" : text.slice(start).toLowerCase();
  if (!beginning || !words || words.includes(beginning)) return []; // a whole word needs no suggestion
  return words.filter((word) => word.startsWith(beginning)).slice(0, MAX_SUGGESTIONS).map((word) => ({ text: text.slice(0, start) + word, word }));
}

/** Splits a prompt into [piece, whether the model does not know it]. unknown: words in lower case. */
export function splitByKnown(text, unknown) {
  return text.split(/([\p{L}\p{N}'’-]+)/u).filter(Boolean).map((piece) => [piece, unknown.includes(piece.toLowerCase())]);
}

export class Suggestions {
  /** field: the prompt's input. words(): those the model knows, sorted, or null if it takes any text. */
  constructor(field, words) {
    Object.assign(this, { field, words });
    this.unknown = [];
    this.items = []; // the suggestions in the list
    this.at = -1; // the selected one
    this.list = h("ul", { class: "suggestions", role: "listbox", id: "suggestions", "aria-label": t("prompt.suggestions"), hidden: true });
    this.marks = h("div", { class: "marks", "aria-hidden": "true" }, h("span", {}));
    const holder = field.parentElement;
    holder.classList.add("prompt-holder");
    holder.append(this.marks, this.list);
    for (const [name, value] of Object.entries({ role: "combobox", "aria-autocomplete": "list", "aria-controls": "suggestions", "aria-expanded": "false", autocomplete: "off" })) field.setAttribute(name, value);
    field.addEventListener("input", () => {
      this.#suggest();
      this.#mark();
    });
    field.addEventListener("blur", () => this.#hide());
    field.addEventListener("scroll", () => this.#scrollMarks());
    field.addEventListener("keydown", (event) => this.#key(event), { capture: true });
  }

  /** unknown: the prompt's words that the model does not know. */
  mark(unknown) {
    this.unknown = unknown;
    this.#mark();
  }

  #mark() {
    const pieces = splitByKnown(this.field.value, this.unknown);
    this.marks.firstChild.replaceChildren(...pieces.map(([piece, unknown]) => h("span", { class: unknown ? "strange" : "" }, piece)));
    this.#scrollMarks();
  }

  #scrollMarks() {
    this.marks.firstChild.style.transform = `translateX(${-this.field.scrollLeft}px)`;
  }

  #suggest() {
    const items = document.activeElement === this.field ? suggestions(this.field.value, this.words()) : [];
    this.items = items;
    this.at = -1;
    this.list.replaceChildren(
      ...items.map(({ word }, i) =>
        h("li", { role: "option", id: `suggestion-${i}`, "aria-selected": "false", onpointerdown: (event) => {
          event.preventDefault(); // the field keeps the focus
          this.#accept(i);
        } }, word),
      ),
    );
    this.list.hidden = !items.length;
    this.field.setAttribute("aria-expanded", String(items.length > 0));
    this.field.removeAttribute("aria-activedescendant");
  }

  #hide() {
    this.list.hidden = true;
    this.at = -1;
    this.field.setAttribute("aria-expanded", "false");
  }

  #accept(i) {
    this.field.value = this.items[i].text;
    this.field.dispatchEvent(new Event("input", { bubbles: true }));
    this.#hide();
  }

  #key(event) {
    if (event.altKey) return;
    if (this.list.hidden) {
      if (event.key === "ArrowDown") this.#suggest();
      return;
    }
    const count = this.items.length;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      this.at = (this.at + (event.key === "ArrowDown" ? 1 : this.at < 0 ? 0 : -1) + count) % count;
      [...this.list.children].forEach((item, i) => item.setAttribute("aria-selected", String(i === this.at)));
      this.field.setAttribute("aria-activedescendant", `suggestion-${this.at}`);
      this.list.children[this.at].scrollIntoView({ block: "nearest" });
    } else if ((event.key === "Enter" || event.key === "Tab") && this.at >= 0) {
      event.preventDefault();
      event.stopImmediatePropagation();
      this.#accept(this.at);
    } else if (event.key === "Escape") {
      event.stopPropagation();
      this.#hide();
    } else if (event.key === "Enter") {
      this.#hide();
    }
  }
}
