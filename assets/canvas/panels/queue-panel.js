// The queue panel: the running job and those behind it, each to be cancelled or moved up.

import { h, icon, replaceRows, smallButton } from "../lib/dom.js";
import { percentDone } from "../app/notifications.js";
import { t } from "../lib/locale.js";

/** actions: { cancel(group), moveUp(group), notify() }: notify asks for the browser's notifications. */
export function queuePanel(actions) {
  const list = h("ol", { tabindex: -1 });
  const notify = h("button", { type: "button", class: "text-button", onclick: actions.notify }, icon("bell"), t("queue.tell"));
  const empty = h("p", { class: "empty" }, t("queue.empty"));
  const element = h("div", { class: "queue" }, empty, list, notify);
  let version = ""; // of what the list shows

  function row(group, i, groups) {
    const before = groups[i - 1];
    const name = group.replay ? t("queue.replay", group.replay) : group.prompt || t("history.filled");
    const many = group.revisions.length > 1 && !group.replay ? ` ×${group.revisions.length}` : "";
    return h(
      "li",
      { "data-key": group.key },
      h("span", { class: "words" }, h("span", { class: "title" }, name + many), h("span", { class: "detail" })),
      i > 1 && !group.replay && !before.replay ? smallButton("up", t("queue.sooner", { name }), () => actions.moveUp(group)) : null,
      smallButton("close", t("queue.cancel", { name }), () => actions.cancel(group)),
    );
  }

  return {
    element,
    /** groups: see job-queue.js. progress: of the first, see RunProgress, or null. canAsk(): whether the browser's notifications can still be asked for. */
    show(groups, progress, canAsk) {
      empty.hidden = groups.length > 0;
      notify.hidden = !canAsk();
      const next = JSON.stringify(groups.map(({ key, revisions }) => [key, revisions]));
      if (next !== version) {
        version = next;
        if (!replaceRows(list, () => groups.map(row))) list.focus({ preventScroll: true });
      }
      groups.forEach((_, i) => {
        const detail = i || progress?.waits ? t("queue.waits") : progress?.done ? percentDone(progress.done) : t("queue.begins");
        const line = list.children[i].querySelector(".detail");
        if (line.textContent !== detail) line.textContent = detail;
      });
    },
  };
}
