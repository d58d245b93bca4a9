// The card that tells how far a file is while it is sent and read, with a button to cancel it. A file that is there at once
// shows none.

import { h } from "../lib/dom.js";
import { t } from "../lib/locale.js";

const PATIENCE_MS = 400; // before the card is shown

const megabytes = (bytes) => (bytes / 2 ** 20).toFixed(bytes < 10 * 2 ** 20 ? 1 : 0);

/** notes: the element that it stands in, a live region. */
export function openingCard(notes) {
  const sentence = h("p", {});
  const share = h("span", { class: "share", "aria-hidden": "true" }); // the bar says it to those who ask; a live region would say every percent
  const fill = h("i", {});
  const bar = h("div", { class: "bar", role: "progressbar", "aria-valuemin": 0, "aria-valuemax": 100, "aria-label": t("opening.progress") }, fill);
  const cancel = h("button", { type: "button", class: "note-action", onclick: () => controller?.abort() }, t("opening.cancel"));
  const element = h("div", { class: "note info opening" }, h("div", { class: "words" }, sentence, share, bar), cancel);
  let controller = null; // of the work in progress

  const say = (text) => {
    if (sentence.textContent !== text) sentence.textContent = text;
  };

  function show(part) {
    share.textContent = part === null ? "" : `${Math.floor(100 * part)}%`;
    bar.classList.toggle("waiting", part === null);
    if (part === null) bar.removeAttribute("aria-valuenow");
    else bar.setAttribute("aria-valuenow", Math.floor(100 * part));
    fill.style.transform = `scaleX(${part ?? 0})`;
  }

  return {
    element,
    /**
     * Does something with a file and shows how far it is. Returns what work({ sent, signal }) resolves to, see `upload`. What
     * was still in work is cancelled.
     *
     * name: of the file. step: what is done with it at first, "sending" or "fetching".
     */
    async run(name, step, work) {
      controller?.abort();
      const own = new AbortController();
      controller = own;
      let timer = 0;
      const sent = (bytes, total) => {
        if (controller !== own) return;
        say(bytes < total ? t("opening.sending", { name, size: megabytes(total) }) : t("opening.reading", { name }));
        show(bytes < total ? bytes / total : null);
      };
      say(t(`opening.${step}`, { name, size: "…" }));
      show(null);
      timer = setTimeout(() => controller === own && notes.prepend(element), PATIENCE_MS);
      try {
        return await work({ sent, signal: own.signal });
      } finally {
        clearTimeout(timer);
        if (controller === own) {
          controller = null;
          element.remove();
        }
      }
    },
    /** Cancels what is in work. */
    cancel: () => controller?.abort(),
  };
}
