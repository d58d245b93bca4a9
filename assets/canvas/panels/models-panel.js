// The panel of the models: what runs here, what is recommended for this machine, what is being downloaded, and adding others.

import { addForm, tokenForm } from "./models-forms.js";
import { h, replaceRows } from "../lib/dom.js";
import { downloadRow, isOver, updateDownload } from "./model-downloads.js";
import { installedRow } from "./installed-models.js";
import { offerCard, offerRow } from "./model-offers.js";
import { sizeInWords, t } from "../lib/locale.js";

/** A list below a heading, which is hidden while it is empty; its rows are built anew only when `of` them has changed. */
function section(heading, tag = "section") {
  const list = h("ul", {});
  const title = tag === "details" ? h("summary", {}, heading) : h("h3", {}, heading);
  const element = h(tag, { hidden: true }, title, list);
  let shown = "";
  return {
    element,
    show(entries, build, of = entries) {
      element.hidden = !entries.length;
      const next = JSON.stringify(of);
      if (next === shown) return;
      shown = next;
      const open = new Set([...list.querySelectorAll("[data-key]:has(details[open])")].map(({ dataset }) => dataset.key));
      replaceRows(list, () => entries.map(build));
      for (const row of list.children) if (open.has(row.dataset.key)) for (const details of row.querySelectorAll("details")) details.open = true;
    },
  };
}

/**
 * actions: { act(action, body): a promise of the answer or null, see `ModelLibrary`; lookUp(model): what the hub says, see
 * `Server.lookUpModel`; use(model): chooses it in the form; drop(model): deletes it }.
 */
export function modelsPanel(actions) {
  const machine = h("p", { class: "machine" });
  const why = h("p", { class: "note-line", role: "status" }); // why nothing is shown, or can be changed
  const downloads = section(t("models.downloads"));
  const best = section(t("models.best"));
  const installed = section(t("models.installed"));
  const others = section(t("models.others"));
  const unfit = section(t("models.unfit"), "details");
  const token = tokenForm(actions);
  const adding = addForm(actions);
  const owned = h("section", { class: "models-more" }, adding.element, token.element);
  const element = h("div", { class: "models" }, machine, why, downloads.element, best.element, installed.element, others.element, unfit.element, owned);
  best.element.classList.add("best");
  const live = new Map(); // OWNER/MODEL -> what the hub said of it, where the list's licence was not accepted
  let state = null; // as last shown

  /** The recommended one comes first for as long as no model here paints photographs. */
  function arrange(equipped) {
    const [first, second] = equipped ? [installed.element, best.element] : [best.element, installed.element];
    if (first.nextElementSibling !== second) downloads.element.after(first, second);
  }

  /** The licence may be another by now: what the hub says takes the place of what the list says. */
  async function refused({ id }) {
    const { error, licence, licence_url, commercial, gated } = await actions.lookUp(id).catch(({ message }) => ({ error: message }));
    if (!error) live.set(id, { licence, licence_url, commercial, gated });
    if (!error) showOffers(state);
    return null;
  }

  function showOffers({ recommended, downloads: running, machine: here, may_change: may, token_url }) {
    const under = new Set(running.filter((each) => !isOver(each)).map(({ model }) => model));
    const open = recommended.filter((entry) => !entry.installed && !under.has(entry.id)).map((entry) => ({ ...entry, ...live.get(entry.id) }));
    const download = async (entry) => (await actions.act("download", { model: entry.id, licence: entry.licence })) ?? refused(entry);
    const how = { download, machine: here, may };
    const fits = ({ fits }) => fits === "whole" || fits === "offloaded";
    const of = (entries) => [entries, here.gpu_memory, may, token_url];
    const [card, rest, large] = [open.filter((entry) => entry.best && fits(entry)), open.filter((entry) => !entry.best && fits(entry)), open.filter((entry) => !fits(entry))];
    best.show(card, (entry, i) => offerCard(entry, how, i ? "secondary" : "primary"), of(card)); // one button stands out
    others.show(rest, (entry) => offerRow(entry, how), of(rest));
    unfit.show(large, (entry) => offerRow(entry, how), of([large, here]));
  }

  return {
    element,
    /** state: see `Server.models`, null until it is known; error: why it is not. chosen: the name of the model in use. */
    show(next, error, chosen) {
      state = next;
      const said = state ? (error ? error : state.may_change ? "" : t("models.operator")) : error || t("models.loading");
      if (why.textContent !== said) why.textContent = said;
      if (!state) return;
      machine.textContent = machineInWords(state.machine);
      const may = state.may_change;
      arrange(state.installed.some(({ use, style, trouble }) => use === "fill" && style === "photograph" && !trouble));
      const current = state.downloads.filter((each) => each.state !== "done");
      const came = (model) => state.downloads.find((each) => each.model === model)?.done ?? 0;
      const how = { act: actions.act, may, enterToken: () => token.open(), came };
      downloads.show(current, (each) => downloadRow(each, how), [current.map(({ model, state, error, title }) => [model, state, error, title]), may]);
      current.forEach((each, i) => updateDownload(downloads.element.querySelectorAll("li")[i], each));
      showOffers(state);
      installed.show(
        state.installed, (model) => installedRow(model, { ...actions, chosen, defaults: state.defaults, may }),
        [state.installed, state.defaults, chosen, may],
      );
      owned.hidden = !may;
      token.show(state);
      adding.show(state);
    },
  };
}

/** What a model can run on, in one line. */
function machineInWords({ gpu, gpu_memory, memory, disk }) {
  const card = gpu ? (gpu_memory ? `${gpu}, ${sizeInWords(gpu_memory)}` : gpu) : t("models.no_gpu");
  return [card, t("models.memory", { size: sizeInWords(memory) }), t("models.disk", { size: sizeInWords(disk) })].join(" · ");
}
