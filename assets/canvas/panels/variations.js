// The tray of variations below the picture: hovering over one shows it in place, a click picks it; all are kept.

import { h } from "../lib/dom.js";
import { t } from "../lib/locale.js";

/** server: of the small pictures. actions: { peek(revision or null), pick(revision) }. */
export function variationTray(server, actions) {
  const list = h("div", { class: "choices", role: "radiogroup", "aria-label": t("variations.label") });
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
    /** revisions: the variations, oldest first. head: the picked one. */
    show(revisions, head) {
      const next = JSON.stringify([revisions, head]);
      if (next === version) return;
      version = next;
      element.hidden = revisions.length < 2;
      const focused = list.contains(document.activeElement);
      list.replaceChildren(
        ...revisions.map((revision, i) =>
          h(
            "button",
            {
              type: "button", class: "choice", role: "radio", "aria-checked": String(revision === head), "data-revision": revision,
              "aria-label": t("variations.one", { i: i + 1, n: revisions.length }), tabindex: revision === head ? 0 : -1,
              onclick: () => actions.pick(revision), onpointerenter: () => actions.peek(revision),
              onfocus: () => actions.peek(revision), onblur: () => actions.peek(null), onkeydown: (event) => move(event, revisions),
            },
            h("img", { src: server.url(`revisions/${revision}/step`), alt: "", draggable: "false" }),
          ),
        ),
      );
      if (focused) list.querySelector('[aria-checked="true"]')?.focus();
    },
  };
}
