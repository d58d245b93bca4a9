// Rows of the downloads: how far each is, and what can be done about one that failed.

import { duration } from "../app/eta.js";
import { h, icon, smallButton } from "../lib/dom.js";
import { askFirst } from "./models-forms.js";
import { outwards } from "./model-offers.js";
import { sizeInWords, t } from "../lib/locale.js";

const ASK_FROM = 5e8; // bytes that have come, from which on a cancel is asked about
const AGAIN = ["offline", "busy", "damaged", "full", "gated", "token"]; // kinds of failure after which another try may go well

/** Whether nothing of a download is to come any more. */
export const isOver = ({ state }) => state === "done" || state === "failed";

/** how: { act, may, enterToken(): leads to the field of the token, came(model): the bytes that are here by now }. */
export function downloadRow(download, { act, may, enterToken, came }) {
  const { model, state, kind, error, url } = download;
  const title = download.title || model;
  const resume = () => act("download", { model, licence: download.licence });
  const cancel = (event) => {
    const drop = () => act("cancel", { model });
    if (came(model) < ASK_FROM || state === "failed") return drop();
    return askFirst(t("models.cancel", { title }), t("models.cancel_loses", { size: sizeInWords(came(model)) }), t("models.cancel_yes"), drop, event.currentTarget);
  };
  const bar = h("div", { class: "bar", role: "progressbar", "aria-label": t("models.progress", { title }), "aria-valuemin": 0, "aria-valuemax": 100 }, h("i", {}));
  const failed = state === "failed";
  const head = h(
    "div", { class: "row" }, h("span", { class: "title" }, title),
    may && state === "running" ? smallButton("pause", t("models.pause", { title }), () => act("pause", { model })) : null,
    may && state === "paused" ? smallButton("resume", t("models.resume", { title }), resume) : null,
    may ? smallButton("close", t(failed ? "models.dismiss" : "models.cancel", { title }), cancel) : null,
  );
  const ways = [
    kind === "gated" && url ? outwards(url, t("models.ask_access")) : null,
    may && ["gated", "token"].includes(kind) ? h("button", { type: "button", class: "chip", onclick: enterToken }, t("models.enter_token")) : null,
    may && AGAIN.includes(kind) ? h("button", { type: "button", class: "chip", onclick: resume }, icon("replay"), t("models.again")) : null,
  ];
  const trouble = failed ? [h("p", { class: "trouble", role: "alert" }, error), h("div", { class: "ways" }, ...ways)] : [bar, h("span", { class: "detail" })];
  return h("li", { "data-key": model, class: `download ${state}` }, head, ...trouble);
}

/** Shows how far it is. */
export function updateDownload(row, download) {
  const bar = row.querySelector(".bar");
  if (!bar) return;
  const share = download.total ? Math.min(1, download.done / download.total) : 0;
  const detail = progressInWords(download);
  const line = row.querySelector(".detail");
  if (line.textContent !== detail) line.textContent = detail;
  bar.setAttribute("aria-valuenow", Math.floor(100 * share));
  bar.setAttribute("aria-valuetext", detail);
  bar.classList.toggle("waiting", download.state === "running" && !download.total);
  bar.firstElementChild.style.transform = `scaleX(${share})`;
}

function progressInWords({ state, done, total, speed, seconds_left }) {
  const amount = total ? t("models.amount", { done: sizeInWords(done), total: sizeInWords(total) }) : "";
  if (state === "running" && !total) return t("models.asking");
  const moving = state === "running" && speed ? [t("models.speed", { size: sizeInWords(speed) }), ...(Number.isFinite(seconds_left) ? [duration(seconds_left)] : [])] : [];
  const word = state === "running" ? [] : [t(`models.state.${state}`)];
  return [...word, ...(amount ? [amount] : []), ...moving].join(" · ");
}
