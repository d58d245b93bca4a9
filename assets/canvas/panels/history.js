// The history panel: every revision of the document as a row, branches indented. A click shows it, the pointer over it
// previews it; below the row of the one on show, and of one that is unfolded, is what can be done with it.

import { editInPlace, h, icon, replaceRows, smallButton } from "../lib/dom.js";
import { dragOut } from "../lib/drag-out.js";
import { fileName } from "../lib/file-names.js";
import { blendControls, editing, isStep, settingsLine, stepCard } from "./history-card.js";
import { debounce } from "../lib/debounce.js";
import { listing, title } from "./history-rows.js";
import { matchWord } from "./variations.js";
import { exactTime, t, timeAgo } from "../lib/locale.js";

const PEEK_MS = 90; // the pointer rests on a row before its state is previewed
const CLOCK_MS = 20_000; // between two looks at how long ago things were
const DEEPEST = 4; // columns to which branches are indented
const NAMES = { blend: "step.blend", crop: "history.crop", paste: "history.paste", hidden: "history.did.hidden" }; // of the modes that are no intents

/**
 * server: of pictures and recipes. actions: { show(revision), peek(revision or null), rename(revision, name), star(node),
 * discard(node), reuse(node), amend(node), recall(node), compare(before, after), look(node or null), previewBlend(node, blend
 * or null), applyBlend(node, blend), replaySentence(node): which steps are replayed by another blend }.
 */
export function historyPanel(server, actions) {
  const list = h("ol", { class: "states" });
  const search = h("input", { type: "search", placeholder: t("history.search"), "aria-label": t("history.search"), oninput: () => narrow({ words: search.value }) });
  const toggles = { starred: toggle("star", "starred"), branch: toggle("history", "branch") };
  const nothing = h("p", { class: "nothing", role: "status" });
  const picked = h("span", {});
  const pickedBar = h("div", { class: "picked", hidden: true }, picked, smallButton("close", t("history.from_none"), () => pick(null)));
  const element = h(
    "div",
    { class: "history" },
    h("div", { class: "filters" }, search, toggles.starred, toggles.branch), pickedBar, nothing, list,
  );
  let given = { nodes: [], head: null, tip: null }; // what the list shows
  let stale = false; // the list could not be drawn when it should have been
  let blending = null; // { revision, controls }: the step whose blend is edited, and its sliders, which stay as they are set
  let opened = null; // the revision whose card is unfolded, besides that of the one on show
  let from = null; // the revision that others are compared with; null: each with the one it was made on
  let hovered = null; // the revision that the pointer or the focus is on
  let height = 0; // of the list, when it was measured last
  let filter = { words: "", starred: false, branch: false };
  const unfolded = new Set(); // groups of variations
  const details = { open: false };
  const built = new Map(); // revision -> { version, elements }: a row that would show the same is not built again
  const peek = debounce(PEEK_MS, (revision = null) => actions.peek(revision));

  // not "pointerover", which comes too when a row moves under a pointer that rests
  list.addEventListener("pointermove", ({ pointerType, target }) => pointerType !== "touch" && hover(target.closest("li")));
  list.addEventListener("pointerleave", () => hover(null));
  list.addEventListener("focusin", ({ target }) => hover(target.matches(".state") ? target.closest("li") : null));
  list.addEventListener("focusout", () => hover(null));
  new ResizeObserver(resized).observe(list);
  setInterval(tellTimes, CLOCK_MS);

  function toggle(name, key) {
    return h("button", { type: "button", class: "icon-button small", "aria-pressed": "false", "aria-label": t(`history.${key}`), title: t(`history.${key}`), onclick: () => narrow({ [key]: !filter[key] }) }, icon(name));
  }

  function narrow(changes) {
    filter = { ...filter, ...changes };
    for (const [key, button] of Object.entries(toggles)) button.setAttribute("aria-pressed", String(filter[key]));
    draw();
    reveal(given.head);
  }

  const nodeOf = (revision) => given.nodes.find((node) => node.revision === revision);

  /** Previews the state of a row, or none. */
  function hover(line) {
    const revision = line?.dataset.key ?? null;
    if (revision === hovered) return;
    hovered = revision;
    if (nodeOf(revision)?.finished) peek(revision);
    else peek.now();
  }

  /** Chooses what others are compared with. */
  function pick(revision) {
    from = revision;
    draw();
  }

  const comparable = (node) => node.finished && (from ? from !== node.revision || node.parent : node.parent);

  function compare(node) {
    const other = from && from !== node.revision ? from : node.parent;
    actions.compare(nodeOf(other), node);
  }

  function rename(node, line) {
    const save = (name) => actions.rename(node.revision, name);
    editInPlace(line, node.name, { label: t("history.name_of", { title: title(node) }), class: "state-name", save });
  }

  function fold(group) {
    if (!unfolded.delete(group)) unfolded.add(group);
    draw();
  }

  function open(revision) {
    opened = opened === revision ? null : revision;
    draw();
    if (opened) reveal(opened);
  }

  /** Begins to edit a step's blend, and shows the step meanwhile. */
  function blend(node) {
    if (!actions.look(node)) return;
    const { revision } = node;
    const keep = (values) => {
      blending = null;
      actions.applyBlend(node, values);
      draw();
    };
    const preview = (values) => blending?.revision === revision && actions.previewBlend(node, values);
    blending = { revision, controls: blendControls(node, { preview, sentence: actions.replaySentence(node), leave: stop, keep }) };
    draw();
    reveal(revision);
    list.querySelector(".blend input")?.focus();
  }

  /** Leaves the blend that is edited as it was, and previews no state any more. */
  function stop() {
    hovered = null;
    peek.now();
    if (!blending) return;
    blending = null;
    actions.previewBlend(null, null);
    actions.look(null);
    draw();
  }

  // --- rows

  const tool = (name, label, node, onclick, attributes = {}) => {
    const button = smallButton(name, `${label}: ${title(node)}`, onclick, label);
    for (const [key, value] of Object.entries(attributes)) button.setAttribute(key, value);
    return button;
  };

  function detail({ node, variation }) {
    const { created, error, finished, mode } = node;
    if (error || !finished) return h("span", { class: "detail" }, error || t("history.waiting"));
    const name = mode && t(NAMES[mode] ?? `command.${mode}`);
    const sign = mode && h("span", { class: "mode", role: "img", "aria-label": name, title: name }, icon(mode));
    const number = variation ? [t("variations.one", variation), matchWord(node.match), ""].filter((part, i) => part || i === 2).join(" · ") : "";
    const time = h("time", { datetime: new Date(created * 1000).toISOString(), title: exactTime(created), "data-at": created }, timeAgo(created));
    return h("span", { class: "detail" }, sign, number, time);
  }

  /** What a row says when asked: all that is cut off in it, and how the state was made. */
  function tip(node) {
    const prompt = node.name && node.edit?.prompt;
    return [title(node), prompt, node.error, exactTime(node.created), node.edit && settingsLine(node)].filter(Boolean).join("\n");
  }

  /** The whole picture of a state, to be dragged out of the page. */
  function file(node) {
    const name = fileName(title(node));
    return { name: `${name}.png`, type: "image/png", url: server.picture(node.revision, "png", { name }) };
  }

  function row(entry, { shown, card }) {
    const { node, onPath, others } = entry;
    const image = node.finished ? h("img", { src: server.url(`revisions/${node.revision}/step`), alt: "", loading: "lazy", decoding: "async", draggable: "false" }) : null;
    const named = node.name && node.edit?.prompt;
    const words = h("span", { class: "words" }, h("span", { class: "title" }, title(node)), named ? h("span", { class: "prompt" }, node.edit.prompt) : null, detail(entry));
    const go = h(
      "button",
      {
        type: "button", class: "state", disabled: !node.finished, "aria-current": shown ? "step" : false, title: tip(node),
        onclick: () => {
          if (blending) stop();
          actions.show(node.revision);
        },
      },
      node.finished ? dragOut({ class: "frame" }, image, () => file(node)) : h("span", { class: "frame" }), words,
    );
    const press = {
      amend: () => actions.amend(node), blend: () => blend(node), compare: () => compare(node), from: () => pick(node.revision),
      recall: () => actions.recall(node), reuse: () => actions.reuse(node), rename: () => rename(node, go), discard: () => actions.discard(node),
    };
    const quick = h(
      "span",
      { class: "tools" },
      ...(isStep(node) ? [tool("replay", t("step.replay"), node, press.amend), tool("blend", t("step.blend"), node, press.blend)].map(editing) : []),
      comparable(node) ? tool("before", t("step.before"), node, press.compare) : null,
    );
    const variations = t("history.variations", { title: title(node) });
    const more = h("button", { type: "button", class: "variations", "aria-expanded": String(entry.unfolded), "aria-label": variations, title: variations, onclick: () => fold(node.group) }, `+${others}`);
    const side = h(
      "span",
      { class: "side" },
      editing(tool("star", t("history.star"), node, () => actions.star(node), { "aria-pressed": String(node.starred) })),
      shown && isStep(node) ? null : tool("more", t("history.more"), node, () => open(node.revision), { "aria-expanded": String(card) }),
    );
    const kind = [onPath ? "" : "aside", shown ? "current" : "", named ? "named" : "", from === node.revision ? "from" : ""].filter(Boolean).join(" ");
    const line = h("li", { class: kind }, go, card ? null : quick, others ? more : null, side);
    if (!card) return [line];
    if (blending?.revision === node.revision) return [line, h("li", { class: "step-card" }, blending.controls)];
    return [line, stepCard(node, { server, comparable: comparable(node), details, press })];
  }

  /** The elements of a row, those of before if they would be the same. */
  function elements(entry) {
    const { node } = entry;
    const shown = node.revision === given.head;
    const card = (shown && isStep(node)) || opened === node.revision || blending?.revision === node.revision;
    const version = JSON.stringify([
      { ...entry, node: null }, node.name, node.starred, node.finished, node.error, shown, card, blending?.revision === node.revision,
      from === node.revision, Boolean(comparable(node)), node.match,
    ]);
    if (built.get(node.revision)?.version !== version) {
      const lines = row(entry, { shown, card });
      for (const line of lines) {
        line.style.setProperty("--column", Math.min(entry.column, DEEPEST));
        line.dataset.key = node.revision;
      }
      built.set(node.revision, { version, elements: lines });
    }
    return built.get(node.revision).elements;
  }

  function draw() {
    stale = list.querySelector(".state-name, .blend input:active") !== null; // a name is typed, or a slider dragged
    if (stale) return;
    if (from && !nodeOf(from)) from = null;
    pickedBar.hidden = !from;
    picked.textContent = from ? t("history.from", { title: title(nodeOf(from)) }) : "";
    const entries = listing(given.nodes, { ...given, filter, unfolded });
    nothing.textContent = entries.length ? "" : t("history.nothing");
    if (!replaceRows(list, () => entries.flatMap(elements))) list.querySelector('[aria-current="step"]')?.focus({ preventScroll: true });
  }

  /** Scrolls until a row and all of its card are seen. */
  function reveal(revision) {
    for (const line of built.get(revision)?.elements ?? []) line.scrollIntoView({ block: "nearest" });
  }

  /** Keeps the card of the state on show in sight when there is less room, and has it in sight when the list appears. */
  function resized() {
    const bottom = built.get(given.head)?.elements.at(-1).getBoundingClientRect().bottom - list.getBoundingClientRect().top;
    if (!height || bottom <= height + 1) reveal(given.head);
    height = list.clientHeight;
  }

  function tellTimes() {
    for (const time of list.querySelectorAll("time")) {
      const text = timeAgo(Number(time.dataset.at));
      if (time.textContent !== text) time.textContent = text;
    }
  }

  /** Another document's history: nothing of what was chosen in this one means anything there. */
  function reset() {
    built.clear();
    unfolded.clear();
    [opened, from, search.value] = [null, null, ""];
    narrow({ words: "", starred: false, branch: false });
  }

  return {
    element,
    get blending() {
      return blending !== null;
    },
    stop,
    /** nodes: the tree, another array when it may have changed. head: the revision on show. tip: where redo leads. */
    show(nodes, head, tip) {
      const old = given;
      if (!stale && nodes === old.nodes && head === old.head && tip === old.tip) return;
      given = { nodes, head, tip };
      if (nodes[0].revision !== old.nodes[0]?.revision) reset();
      if (blending && !nodeOf(blending.revision)) stop();
      draw();
      if (head !== old.head) reveal(head);
    },
  };
}
