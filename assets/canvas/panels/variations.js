// The tray of variations below the picture, the best match with the prompt first where that is known: hovering over one shows
// it in place, a click picks it; all are kept.

import { h } from "../lib/dom.js";
import { t } from "../lib/locale.js";

/** The word for how well a picture shows its prompt, in the reader's language; "" for none. */
export const matchWord = (word) => (word ? t(`variations.${word}`) : "");

/** server: of the small pictures. actions: { peek(revision or null), pick(revision) }. */
export function variationTray(server, actions) {
  const list = h("div", { class: "choices", role: "radiogroup" });
  const element = h("div", { class: "tray", hidden: true, onpointerleave: () => actions.peek(null) }, list);
  let version = ""; // of what the list shows

  function move(event, revisions) {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    event.stopPropagation();
    const at = revisions.indexOf(document.activeElement.dataset.revision);
    list.children[(at + step + revisions.length) % revisions.length].focus();
  }

  return {
    element,
    /** revisions: the variations, in order. head: the picked one. matches: what is known of them, { revision: word or "" }. */
    show(revisions, head, matches) {
      const words = revisions.map((revision) => matches[revision] ?? "");
      const next = JSON.stringify([revisions, head, matches]);
      if (next === version) return;
      version = next;
      element.hidden = revisions.length < 2;
      const focused = list.contains(document.activeElement);
      list.setAttribute("aria-label", t(revisions.some((revision) => revision in matches) ? "variations.best_first" : "variations.label"));
      list.replaceChildren(
        ...revisions.map((revision, i) =>
          h(
            "button",
            {
              type: "button", class: "choice", role: "radio", "aria-checked": String(revision === head), "data-revision": revision,
              "aria-label": [t("variations.one", { i: i + 1, n: revisions.length }), matchWord(words[i])].filter(Boolean).join(", "),
              title: words[i] ? t(`variations.${words[i]}.hint`) : "", tabindex: revision === head ? 0 : -1,
              onclick: () => actions.pick(revision), onpointerenter: () => actions.peek(revision),
              onfocus: () => actions.peek(revision), onblur: () => actions.peek(null), onkeydown: (event) => move(event, revisions),
            },
            h("img", { src: server.url(`revisions/${revision}/step`), alt: "", draggable: "false" }),
            words[i] ? h("span", { class: "match" }, matchWord(words[i])) : null,
          ),
        ),
      );
      if (focused) list.querySelector('[aria-checked="true"]')?.focus();
    },
  };
}
