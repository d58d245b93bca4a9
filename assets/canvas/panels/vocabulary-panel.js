// What the chosen model can paint: pictures to choose from, by place or by a search, above the dock. What is chosen goes
// into the prompt, behind the words that are pressed, and in the place of a word that the model was never taught.

import { findKinds, phrase, plain, replaceWord, wordsOf } from "../app/vocabulary.js";
import { h, smallButton } from "../lib/dom.js";
import { t } from "../lib/locale.js";
import { Unreachable } from "../net/responses.js";

const SHOWN = ["counts", "sizes", "patterns", "colours"]; // the groups of words, the colours in a line of their own

/** The reader's own word for one of the model's; "" where that is the same, or there is none. */
function ownWord(key, word) {
  const own = t(key);
  return own === key || own === word ? "" : own;
}

const joined = (words) => words.replaceAll(" ", "_"); // as keys have it
const ownName = (kind) => ownWord(`kind.${joined(plain(kind.nouns[0]))}`, plain(kind.nouns[0]));
const withOwn = (word, own) => (own ? `${word} · ${own}` : word);

export class VocabularyPanel {
  /** field: the prompt's input. server: Server. */
  constructor(field, server) {
    Object.assign(this, { field, server });
    this.pipeline = ""; // the model whose list it is
    this.version = ""; // of that list; "" while the model has none
    this.list = null; // once it is read
    this.found = []; // what is shown, see `findKinds`
    this.place = "";
    this.chosen = {}; // a word by group
    this.unknown = ""; // the word of the prompt, in lower case, in whose place a kind is to be picked
    this.#build();
    this.button = smallButton("kinds", t("kinds.title"), null); // the browser opens and closes what it is the button of
    this.button.classList.add("vocabulary-button");
    Object.assign(this.button, { hidden: true, popoverTargetElement: this.element });
    field.closest("#prompt").append(this.button); // not in the label, of whose words the field's name is made
    document.querySelector(".palimpsest").append(this.element);
  }

  #build() {
    const close = smallButton("close", t("dialog.close"), () => this.element.hidePopover());
    this.search = h("input", { type: "search", "aria-label": t("kinds.search"), placeholder: t("kinds.search"), autocomplete: "off", oninput: () => this.#show(), onkeydown: (event) => this.#searchKey(event) });
    this.words = h("div", { class: "vocabulary-words", role: "group", "aria-label": t("kinds.words") });
    this.places = h("div", { class: "vocabulary-places", role: "radiogroup", "aria-label": t("kinds.place") });
    this.pictures = h("ul", { class: "vocabulary-kinds", "aria-label": t("kinds.title"), onkeydown: (event) => this.#pictureKey(event) });
    this.empty = h("p", { class: "vocabulary-empty", role: "status" });
    const body = h("div", { class: "vocabulary-body" }, this.places, h("div", { class: "vocabulary-found" }, this.pictures, this.empty));
    this.element = h("div", {
      class: "vocabulary", popover: "auto", role: "dialog", tabindex: -1, "aria-label": t("kinds.title"),
      onkeydown: (event) => event.stopPropagation(), // a letter chooses no tool behind it
      ontoggle: ({ newState }) => this.#toggled(newState === "open"),
    }, h("header", {}, this.search, close), this.words, body);
  }

  /** pipeline: the chosen model. version: of its list, "" if it has none. */
  offer(pipeline, version) {
    if (pipeline === this.pipeline && version === this.version) return;
    Object.assign(this, { pipeline, version, list: null });
    this.button.hidden = !version;
    if (this.element.matches(":popover-open")) this.element.hidePopover();
  }

  /** unknown: a word of the prompt, in lower case, that the model was never taught: what is picked takes its place. */
  open(unknown = "") {
    this.unknown = unknown;
    this.element.showPopover();
  }

  #toggled(open) {
    if (!open) {
      this.unknown = "";
      return;
    }
    this.chosen = {};
    this.search.value = "";
    if (this.list) this.#fill();
    else this.#load();
    (matchMedia("(pointer: coarse)").matches ? this.element : this.search).focus(); // there a field brings up the keyboard
  }

  async #load() {
    const { pipeline, version } = this;
    this.words.replaceChildren();
    this.places.replaceChildren();
    this.pictures.replaceChildren();
    this.empty.textContent = t("kinds.reading");
    const list = await this.server.kinds(pipeline, version).catch((error) => error);
    if (this.version !== version || this.pipeline !== pipeline) return;
    if (list instanceof Error) this.empty.textContent = list instanceof Unreachable ? t("status.not_done") : list.message;
    else {
      this.list = list;
      if (!list.places.includes(this.place)) this.place = "";
      this.#fill();
    }
  }

  /** Shows the whole list. */
  #fill() {
    const { list, server, pipeline, version } = this;
    const { style } = this.pictures;
    style.setProperty("--pictures", `url("${server.kindsPictures(pipeline, version)}")`);
    style.setProperty("--columns", list.columns);
    style.setProperty("--rows", Math.ceil(list.kinds.length / list.columns));
    this.words.replaceChildren(...SHOWN.map((group) => h("span", { "data-group": group }, ...wordsOf(list, group).map((word) => this.#word(group, word)))));
    this.places.replaceChildren(...["", ...list.places].map((place) => this.#placeChoice(place)));
    this.#show();
  }

  #word(group, word) {
    const title = withOwn(word, ownWord(`adjective.${word}`, word));
    const swatch = group === "colours";
    return h("button", {
      type: "button", class: swatch ? "word-swatch" : "chip", lang: "en", title, "aria-label": title, "aria-pressed": "false", "data-word": word,
      style: swatch ? `--swatch: ${this.list.colours[word]}` : null, onclick: () => this.#choose(group, word),
    }, swatch ? null : word);
  }

  #choose(group, word) {
    this.chosen = { ...this.chosen, [group]: this.chosen[group] === word ? "" : word };
    this.#show();
  }

  #placeChoice(place) {
    const choose = () => {
      this.place = place;
      this.#show();
    };
    const input = h("input", { type: "radio", name: "vocabulary-place", value: place, checked: place === this.place, onchange: choose });
    return h("label", {}, input, h("span", {}, place ? t(`setting.${joined(place)}`) : t("kinds.all")));
  }

  /** Shows what the search, the place and the words leave. */
  #show() {
    if (!this.list) return;
    const { list, place, chosen } = this;
    const words = Object.values(chosen);
    for (const button of this.words.querySelectorAll("button")) button.setAttribute("aria-pressed", String(words.includes(button.dataset.word)));
    this.found = findKinds(list, { search: this.search.value, place, chosen, own: ownName });
    this.pictures.replaceChildren(...this.found.map((found) => this.#picture(found)));
    this.pictures.parentElement.scrollTop = 0;
    this.empty.textContent = this.found.length ? "" : t("kinds.nothing");
    this.#reach(0);
  }

  #picture(found) {
    const { kind, at, noun } = found;
    const { columns } = this.list;
    const own = ownName(kind);
    const others = kind.nouns.filter((_, i) => i !== noun).map(plain).join(", ");
    return h("li", {}, h("button", { type: "button", tabindex: -1, title: others ? t("kinds.also", { nouns: others }) : null, onclick: () => this.#take(found) },
      h("span", { class: "kind-picture", style: `--column: ${at % columns}; --row: ${Math.floor(at / columns)}` }),
      h("span", { class: "kind-noun", lang: "en" }, plain(kind.nouns[noun])),
      own ? h("span", { class: "kind-own" }, own) : null));
  }

  /** Lets the Tab key lead to this picture; the arrow keys lead to the others. */
  #reach(at) {
    const buttons = [...this.pictures.querySelectorAll("button")];
    buttons.forEach((button, i) => (button.tabIndex = i === at ? 0 : -1));
    return buttons[at];
  }

  #take(found) {
    const { field, list, unknown } = this;
    const { text, at } = replaceWord(list, field.value, field.selectionEnd ?? field.value.length, unknown, phrase(list, found, this.chosen));
    this.element.hidePopover();
    field.value = text;
    field.focus();
    field.setSelectionRange(at, at);
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }

  #searchKey(event) {
    if (event.isComposing) return;
    if (event.key === "Enter" && this.found.length) this.#take(this.found[0]);
    else if (event.key === "ArrowDown" && this.found.length) this.#reach(0).focus();
    else return;
    event.preventDefault();
  }

  #pictureKey(event) {
    const buttons = [...this.pictures.querySelectorAll("button")];
    const at = buttons.indexOf(document.activeElement);
    const below = buttons.findIndex((button) => button.offsetTop > buttons[0].offsetTop);
    const columns = below < 0 ? buttons.length : below;
    const next = { ArrowLeft: at - 1, ArrowRight: at + 1, ArrowUp: at - columns, ArrowDown: at + columns, Home: 0, End: buttons.length - 1 }[event.key];
    if (next === undefined || at < 0) return;
    event.preventDefault();
    if (next < 0 && event.key === "ArrowUp") this.search.focus();
    else this.#reach(Math.min(Math.max(next, 0), buttons.length - 1)).focus();
  }
}
