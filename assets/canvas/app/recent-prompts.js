// The prompts of earlier edits, kept in this browser: a list above the prompt, to search and to take one from.

import { addText, loadTexts, removeText } from "../lib/storage.js";
import { h, icon, smallButton } from "../lib/dom.js";
import { t } from "../lib/locale.js";

const STORED = "palimpsest-prompts";
const MAX_PROMPTS = 200; // stored

/** The newest first, each once. storage: in place of the page's own, for tests. */
export const recentPrompts = (storage) => loadTexts(STORED, storage);

export function rememberPrompt(prompt, storage) {
  const text = prompt.trim();
  if (text) addText(STORED, text, MAX_PROMPTS, storage);
}

export const forgetPrompt = (prompt, storage) => removeText(STORED, prompt, storage);

/** The prompts that hold every word of a search, or the beginning of a word at least, in whatever order. */
export function matchingPrompts(prompts, search) {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  return prompts.filter((prompt) => words.every((word) => prompt.toLowerCase().includes(word)));
}

export class RecentPrompts {
  /** field: the prompt's input, in its row of the dock. key(): the key that opens the list, as people read it. */
  constructor(field, key) {
    Object.assign(this, { field, key });
    this.prompts = []; // in the list
    this.at = 0; // the selected one
    this.search = h("input", {
      type: "search", role: "combobox", "aria-autocomplete": "list", "aria-controls": "recent-prompts", "aria-expanded": "true",
      "aria-label": t("recent.search"), placeholder: t("recent.search"), autocomplete: "off", oninput: () => this.#show(0), onkeydown: (event) => this.#key(event),
    });
    this.list = h("ul", { role: "listbox", id: "recent-prompts", "aria-label": t("recent.title") });
    this.empty = h("p", { class: "empty", role: "status" });
    this.element = h("div", { class: "recent-prompts", hidden: true }, this.search, this.list, this.empty, h("p", { class: "keys-line" }, t("recent.keys")));
    this.button = smallButton("recall", t("recent.title"), () => this.toggle());
    this.button.classList.add("recent");
    this.button.setAttribute("aria-expanded", "false");
    this.button.addEventListener("pointerdown", (event) => event.preventDefault()); // the focus stays where it is, or the list would close before
    this.element.addEventListener("focusout", ({ relatedTarget }) => !this.element.contains(relatedTarget) && this.#close());
    field.closest("#prompt").append(this.button); // not in the label, of whose words the field's name is made
    field.closest("#prompt-row").append(this.element);
  }

  toggle() {
    if (!this.element.hidden) return this.#leave();
    this.button.title = `${t("recent.title")} (${this.key()})`;
    this.element.hidden = false;
    this.button.setAttribute("aria-expanded", "true");
    this.search.value = "";
    this.#show(0);
    this.search.focus();
  }

  /** Lists what the search finds. at: the one to select, or the last before it. */
  #show(at) {
    const all = recentPrompts();
    this.prompts = matchingPrompts(all, this.search.value);
    this.list.replaceChildren(...this.prompts.map((prompt, i) => this.#row(prompt, i)));
    this.empty.textContent = this.prompts.length ? "" : t(all.length ? "recent.nothing" : "recent.none");
    this.#select(Math.min(at, this.prompts.length - 1));
  }

  #row(prompt, i) {
    const remove = h("span", { class: "remove", "aria-hidden": "true", title: t("recent.remove") }, icon("close"));
    return h("li", {
      role: "option", id: `recent-prompt-${i}`, title: prompt,
      onpointerdown: (event) => event.preventDefault(), // the search keeps the focus
      onclick: ({ target }) => (remove.contains(target) ? this.#remove(i) : this.#take(i)),
    }, h("span", { class: "words" }, prompt), remove);
  }

  #select(at) {
    this.at = at;
    [...this.list.children].forEach((row, i) => row.setAttribute("aria-selected", String(i === at)));
    if (at < 0) this.search.removeAttribute("aria-activedescendant");
    else this.search.setAttribute("aria-activedescendant", `recent-prompt-${at}`);
    this.list.children[at]?.scrollIntoView({ block: "nearest" });
  }

  #take(i) {
    this.field.value = this.prompts[i];
    this.field.dispatchEvent(new Event("input", { bubbles: true }));
    this.#leave();
  }

  #remove(i) {
    forgetPrompt(this.prompts[i]);
    this.#show(i);
  }

  /** Closes the list and goes on with the prompt. */
  #leave() {
    this.field.focus();
    this.#close();
  }

  #close() {
    this.element.hidden = true;
    this.button.setAttribute("aria-expanded", "false");
  }

  #key(event) {
    const { key } = event;
    const count = this.prompts.length;
    const atEnd = this.search.selectionStart === this.search.value.length; // else Delete is for the search's own letters
    if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
    if ((key === "ArrowDown" || key === "ArrowUp") && count) this.#select((this.at + (key === "ArrowDown" ? 1 : count - 1)) % count);
    else if (key === "Enter" && count) this.#take(this.at);
    else if (key === "Delete" && count && atEnd) this.#remove(this.at);
    else if (key === "Escape") this.#leave();
    else if (!["ArrowDown", "ArrowUp", "Enter"].includes(key)) return;
    event.preventDefault();
  }
}
