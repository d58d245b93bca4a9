// Models that can be downloaded: the one recommended for this machine as a card, others as rows to be opened.

import { h, icon } from "../lib/dom.js";
import { sizeInWords, t } from "../lib/locale.js";

let count = 0; // of the offers, for the ids of what describes their buttons

/** A link that leads out of the page; the text alone where its address, which may be a model's owner's, is none of the web. */
export const outwards = (url, text) => (/^https?:/i.test(url) ? h("a", { href: url, target: "_blank", rel: "noopener noreferrer", class: "outwards" }, text) : text);

/** What a model is good for: in the page's language if it knows the model, else in the words of the server. */
export function goodFor({ id, name, good_for }) {
  const key = `models.about.${(id ?? name).split("/").at(-1)}`;
  const own = t(key);
  return own === key ? good_for : own;
}

/** The card of a recommended model. how: { download(entry), machine, may }. button: its class. */
export function offerCard(entry, how, button) {
  return h("li", { "data-key": entry.id, class: "offer card-of-model" }, h("span", { class: "title" }, entry.title), ...offer(entry, how, button));
}

/** Any other, to be opened. */
export function offerRow(entry, how) {
  const { id, title, use, download } = entry;
  const line = h("span", { class: "detail" }, `${t(`models.for.${use}`)} · ${sizeInWords(download)}`);
  return h("li", { "data-key": id, class: "offer" }, h("details", {}, h("summary", {}, h("span", { class: "title" }, title), line), ...offer(entry, how, "secondary")));
}

/** What is said of a model, and the button that downloads it. */
export function offer(entry, { download, machine, may }, button) {
  const described = `licence-of-offer-${count++}`;
  const reason = misfit(entry, machine);
  const facts = [sizeInWords(entry.download), ...(reason ? [] : [fit(entry, machine)]), ...(entry.steps > 1 ? [t("models.steps", { n: entry.steps })] : [])];
  const press = async (event) => {
    event.currentTarget.disabled = true; // until the row is gone, or it was refused
    const { currentTarget } = event;
    if (!(await download(entry))) currentTarget.disabled = false;
  };
  return [
    h("p", { class: "about" }, goodFor(entry)),
    h("p", { class: "detail" }, facts.join(" · ")),
    reason ? h("p", { class: "detail warning" }, reason) : null,
    may && entry.fits !== "disk" ? h("button", { type: "button", class: button, "aria-label": t("models.download_of", { title: entry.title }), "aria-describedby": described, onclick: press }, icon("download"), t("models.download")) : null,
    h("p", { class: "detail licence", id: described }, ...licence(entry, may)),
    may && entry.gated ? h("p", { class: "detail" }, t("models.gated"), " ", entry.url ? outwards(entry.url, t("models.page")) : null) : null,
  ];
}

/** The licence, which a download accepts. */
function licence({ licence, licence_url, url, commercial }, may) {
  const name = licence || t("models.no_licence");
  const link = licence_url || url;
  const [before, after] = t(may ? "models.accept" : "models.licence", { licence: "\n" }).split("\n");
  const trade = { true: "models.commercial.yes", false: "models.commercial.no" }[commercial] ?? "models.commercial.unknown";
  return [before, link ? outwards(link, name) : name, after, " ", h("span", { class: commercial === false ? "warning" : "" }, t(trade))];
}

/** How a model that fits runs here. */
function fit({ use, fits, memory }, { gpu_memory }) {
  if (["select", "rank", "adapter"].includes(use) || !memory?.whole) return t("models.fits.here");
  if (!gpu_memory) return t("models.fits.processor");
  return fits === "whole" ? t("models.fits.whole", { size: sizeInWords(memory.whole) }) : t("models.fits.offloaded", { size: sizeInWords(memory.offloaded) });
}

/** Why a model cannot run or be stored here, "" if it can. */
function misfit({ fits, memory, download }, { gpu_memory, memory: all, disk }) {
  const words = (needs, has) => ({ needs: sizeInWords(needs), has: sizeInWords(has) });
  if (fits === "disk") return t("models.fits.disk", words(download, disk));
  if (fits !== "no") return "";
  const [needs, has, key] = gpu_memory ? [memory?.offloaded, gpu_memory, "models.fits.no"] : [memory?.whole, all, "models.fits.no_memory"];
  return needs > has ? t(key, words(needs, has)) : t("models.fits.too_large");
}
