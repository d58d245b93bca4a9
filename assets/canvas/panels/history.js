// The history panel: every revision of the document as a row, branches indented. A click shows it; below the row of the
// one on show is what can be done with it.

import { editInPlace, h, icon, replaceRows, slider, smallButton } from "../lib/dom.js";
import { dragOut } from "../lib/drag-out.js";
import { fileName } from "../lib/file-names.js";
import { modelName } from "../app/settings.js";
import { debounce } from "../lib/debounce.js";
import { t } from "../lib/locale.js";

const BLEND_MS = 60; // after a slider's last move, before its blend is previewed

/**
 * The rows of a tree from top to bottom, [{ node, column }]: each step below the one it was made on, a branch one column
 * further right than the path it leaves. The path to the tip keeps its column; elsewhere the newest branch does.
 *
 * nodes: as the server lists them, parents before children. path: the revisions on the path to the tip.
 */
export function rows(nodes, path = new Set()) {
  const children = new Map(nodes.map(({ revision }) => [revision, []]));
  for (const node of nodes) children.get(node.parent)?.push(node);
  const result = [];
  const stack = nodes.filter(({ parent }) => !children.has(parent)).map((node) => [node, 0]).reverse();
  while (stack.length) {
    const [node, column] = stack.pop();
    result.push({ node, column });
    const branches = [...children.get(node.revision)].reverse(); // the newest first
    const next = branches.find(({ revision }) => path.has(revision)) ?? branches[0];
    if (next) stack.push([next, column]);
    for (const branch of branches) if (branch !== next) stack.push([branch, column + 1]); // their rows come first
  }
  return result;
}

/** The title of a revision: its name, its prompt, or what it did. */
export function title({ name, edit, box }) {
  if (name) return name;
  if (!edit) return t("history.opened");
  if (edit.prompt) return edit.prompt;
  return box[2] * box[3] ? t("history.filled") : t("history.cropped");
}

function detail({ edit, finished, error }) {
  if (error) return error;
  if (!finished) return t("history.waiting");
  return edit ? t("history.made_by", { ...edit, pipeline: modelName(edit.pipeline) }) : "";
}

/**
 * server: of pictures and recipes. actions: { show(revision), rename(revision, name), discard(node), reuse(node), amend(node),
 * recall(node), compare(node), look(node or null), previewBlend(node, blend or null), applyBlend(node, blend),
 * replaySentence(node): which steps are replayed by another blend, refresh(), close() }.
 */
export function historyPanel(server, actions) {
  const list = h("ol", { class: "states" });
  const close = h("button", { type: "button", class: "icon-button", "aria-label": t("history.close"), onclick: actions.close }, icon("close"));
  const element = h("aside", { class: "history", "aria-label": t("command.history"), hidden: true }, h("header", {}, h("h2", {}, t("command.history")), close), list);
  let drawn = []; // [nodes, head, tip, blending] of what the list shows
  let blending = null; // { revision, controls }: the step whose blend is edited, and its sliders, which stay as they are set

  const tool = (name, label, node, onclick) => smallButton(name, `${label}: ${title(node)}`, onclick, label);

  function rename(node, element) {
    const save = (name) => actions.rename(node.revision, name);
    editInPlace(element, node.name, { label: t("history.name_of", { title: title(node) }), class: "state-name", save });
  }

  /** Begins to edit a step's blend, and shows the step meanwhile. */
  async function blend(node) {
    if (!actions.look(node)) return;
    blending = { revision: node.revision, controls: blendControls(node) };
    await actions.refresh();
    list.querySelector(".blend input")?.focus();
  }

  /** Leaves the blend that is edited as it was. */
  function stop() {
    if (!blending) return;
    blending = null;
    actions.previewBlend(null, null);
    actions.look(null);
    actions.refresh();
  }

  /** The sliders of a step's blend, with a live preview. */
  function blendControls(node) {
    const blend = { ...node.edit.blend };
    const preview = debounce(BLEND_MS, () => blending?.revision === node.revision && actions.previewBlend(node, { ...blend }));
    const change = (name) => (value) => {
      blend[name] = value;
      preview();
    };
    const number = (name, min, max, step, format) => slider(t(`blend.${name}`), { min, max, step, value: blend[name], oninput: change(name), format }).element;
    const match = h("input", { type: "checkbox", checked: blend.colour_match, onchange: () => change("colour_match")(match.checked) });
    const consequence = h("p", {});
    actions.replaySentence(node).then((sentence) => (consequence.textContent = sentence));
    const apply = () => {
      blending = null;
      actions.applyBlend(node, blend);
      actions.refresh();
    };
    return h(
      "div",
      { class: "blend" },
      number("feather", 0, 64, 1, (px) => `${px} px`), number("edge", -64, 64, 1, (px) => `${px} px`),
      number("opacity", 0, 1, 0.01, (share) => `${Math.round(share * 100)}%`),
      h("label", { class: "check" }, match, t("blend.colour_match")), consequence,
      h("footer", {},
        h("button", { type: "button", class: "secondary", onclick: stop }, t("blend.leave")),
        h("button", { type: "button", class: "primary", onclick: apply }, t("blend.keep"))),
    );
  }

  /** The card below the step on show: its settings, and what can be done with it. */
  function card(node) {
    const { edit } = node;
    const action = (name, onclick) => h("button", { type: "button", class: "chip", onclick }, icon(name), t(`step.${name}`));
    return h(
      "li",
      { class: "step-card" },
      h("p", {}, t("step.settings", { ...edit, pipeline: modelName(edit.pipeline) }), edit.negative_prompt ? ` · ${t("step.avoid", edit)}` : ""),
      action("replay", () => actions.amend(node)), action("blend", () => blend(node)), action("before", () => actions.compare(node)), action("sliders", () => actions.recall(node)),
      h("a", { class: "chip", href: server.recipe(node.revision), download: "" }, icon("recipe"), t("step.recipe")),
    );
  }

  /** The whole picture of a state, to be dragged out of the page. */
  function file(node) {
    const name = fileName(title(node));
    return { name: `${name}.png`, type: "image/png", url: server.picture(node.revision, "png", { name }) };
  }

  function row({ node, column }, { head, onPath }) {
    const image = node.finished ? h("img", { src: server.url(`revisions/${node.revision}/step`), alt: "", loading: "lazy", draggable: "false" }) : null;
    const words = h("span", { class: "words" }, h("span", { class: "title" }, title(node)), h("span", { class: "detail" }, detail(node)));
    const go = h(
      "button",
      {
        type: "button", class: "state", disabled: !node.finished, "aria-current": node.revision === head ? "step" : false,
        title: title(node),
        onclick: () => {
          stop();
          actions.show(node.revision);
        },
      },
      node.finished ? dragOut({ class: "frame" }, image, () => file(node)) : h("span", { class: "frame" }), words,
    );
    const step = node.edit && node.finished && node.edit.pipeline !== "none";
    const shown = step && node.revision === head;
    const tools = h(
      "span",
      { class: "tools" },
      step && !shown ? tool("replay", t("step.replay"), node, () => actions.amend(node)) : null,
      step && !shown ? tool("blend", t("step.blend"), node, () => blend(node)) : null,
      tool("rename", t("history.rename"), node, () => rename(node, go)),
      node.edit && node.box[2] ? tool("recall", t("history.reuse"), node, () => actions.reuse(node)) : null,
      node.parent ? tool("clear", t("history.discard"), node, () => actions.discard(node)) : null,
    );
    const style = `--column: ${Math.min(column, 6)}`;
    const line = h("li", { class: onPath ? "" : "aside", style, "data-key": node.revision }, go, tools);
    const edited = blending?.revision === node.revision;
    if (!shown && !edited) return [line];
    const below = edited ? h("li", { class: "step-card" }, blending.controls) : card(node);
    below.setAttribute("style", style);
    below.dataset.key = node.revision;
    return [line, below];
  }

  return {
    element,
    get open() {
      return !element.hidden;
    },
    get blending() {
      return blending !== null;
    },
    stop,
    /** nodes: the tree, another array when it may have changed. head: the revision on show. tip: where redo leads. */
    show(nodes, head, tip) {
      if (blending && !nodes.some(({ revision }) => revision === blending.revision)) stop();
      const next = [nodes, head, tip, blending];
      if (next.every((value, i) => value === drawn[i])) return;
      if (list.querySelector(".state-name, .blend input:active")) return; // a name is typed, or a slider dragged
      const moved = head !== drawn[1];
      drawn = next;
      const parents = new Map(nodes.map(({ revision, parent }) => [revision, parent]));
      const path = new Set();
      for (let at = tip; at; at = parents.get(at)) path.add(at);
      const kept = replaceRows(list, () => rows(nodes, path).flatMap((one) => row(one, { head, onPath: path.has(one.node.revision) })));
      const current = list.querySelector('[aria-current="step"]');
      if (moved) current?.scrollIntoView({ block: "nearest" });
      if (!kept) current?.focus({ preventScroll: true });
    },
  };
}
