// The history beside the picture: every state of the document as a row, branches indented; a click shows it, and what can
// be done with the step that is shown stands below it.

import { editInPlace, h, icon, slider, smallButton } from "../lib/dom.js";
import { modelName } from "../app/settings.js";
import { debounce } from "../lib/debounce.js";
import { t } from "../lib/locale.js";

const BLEND_MS = 60; // a slider rests for so long before the step is laid in anew

/**
 * The rows of a tree in the order in which they are read: each step under the one it was made on, a branch one column
 * further right than the way it leaves. nodes: as the server lists them, parents before children. way: the states on the
 * way to the tip, which goes straight on; elsewhere the newest does.
 */
export function rows(nodes, way = new Set()) {
  const children = new Map(nodes.map(({ revision }) => [revision, []]));
  for (const node of nodes) children.get(node.parent)?.push(node);
  const found = [];
  const waiting = nodes.filter(({ parent }) => !children.has(parent)).map((node) => [node, 0]).reverse();
  while (waiting.length) {
    const [node, column] = waiting.pop();
    found.push({ node, column });
    const branches = [...children.get(node.revision)].reverse(); // the newest first
    const on = branches.find(({ revision }) => way.has(revision)) ?? branches[0];
    if (on) waiting.push([on, column]);
    for (const branch of branches) if (branch !== on) waiting.push([branch, column + 1]); // these are read before it
  }
  return found;
}

/** What a state is called: its name, or what was asked for. */
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
 * actions: { show(revision), rename(revision, name), discard(node), reuse(node), amend(node), recall(node), compare(node),
 * look(node or null), previewBlend(node, blend or null), applyBlend(node, blend), replaySentence(node): which steps are replayed then, refresh(),
 * close }. server: for its pictures and recipes.
 */
export function historyPanel(server, actions) {
  const list = h("ol", { class: "states" });
  const close = h("button", { type: "button", class: "icon-button", "aria-label": t("history.close"), onclick: actions.close }, icon("close"));
  const element = h("aside", { class: "history", "aria-label": t("command.history"), hidden: true }, h("header", {}, h("h2", {}, t("command.history")), close), list);
  let drawn = "";
  let blending = null; // the step whose blend is being changed

  const tool = (name, label, node, onclick) => smallButton(name, `${label}: ${title(node)}`, onclick, label);

  function rename(node, words) {
    const save = (name) => actions.rename(node.revision, name);
    editInPlace(words, node.name, { label: t("history.name_of", { title: title(node) }), class: "state-name", save });
  }

  /** Change a step's blend, which is looked at meanwhile. */
  async function blend(node) {
    if (!actions.look(node)) return;
    blending = node.revision;
    drawn = "";
    await actions.refresh();
    list.querySelector(".blend input")?.focus();
  }

  /** Leave the blend that is being changed as it was. */
  function stop() {
    if (!blending) return;
    blending = null;
    drawn = "";
    actions.previewBlend(null, null);
    actions.look(null);
    actions.refresh();
  }

  /** Sliders which lay the step into the picture otherwise, live. */
  function blendControls(node) {
    const blend = { ...node.edit.blend };
    const tried = debounce(BLEND_MS, () => blending === node.revision && actions.previewBlend(node, { ...blend }));
    const change = (name) => (value) => {
      blend[name] = value;
      tried();
    };
    const number = (name, min, max, step, format) => slider(t(`blend.${name}`), { min, max, step, value: blend[name], oninput: change(name), format }).element;
    const match = h("input", { type: "checkbox", checked: blend.colour_match, onchange: () => change("colour_match")(match.checked) });
    const after = h("p", {});
    actions.replaySentence(node).then((sentence) => (after.textContent = sentence));
    const keep = () => {
      blending = null;
      drawn = "";
      actions.applyBlend(node, blend);
      actions.refresh();
    };
    return h(
      "div",
      { class: "blend" },
      number("feather", 0, 64, 1, (px) => `${px} px`), number("edge", -64, 64, 1, (px) => `${px} px`),
      number("opacity", 0, 1, 0.01, (share) => `${Math.round(share * 100)}%`),
      h("label", { class: "check" }, match, t("blend.colour_match")), after,
      h("footer", {},
        h("button", { type: "button", class: "secondary", onclick: stop }, t("blend.leave")),
        h("button", { type: "button", class: "primary", onclick: keep }, t("blend.keep"))),
    );
  }

  /** What the step that is shown was made of, and what can be done with it. */
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

  function row({ node, column }, { head, onTheWay }) {
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
      h("span", { class: "frame" }, image), words,
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
    const line = h("li", { class: onTheWay ? "" : "aside", style }, go, tools);
    const changed = blending === node.revision;
    if (!shown && !changed) return [line];
    const below = changed ? h("li", { class: "step-card" }, blendControls(node)) : card(node);
    below.setAttribute("style", style);
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
    /** nodes: the tree. head: what is seen; tip: where redo leads. */
    show(nodes, head, tip) {
      if (blending && !nodes.some(({ revision }) => revision === blending)) stop();
      const now = JSON.stringify([nodes, head, tip, blending]);
      if (now === drawn || list.contains(document.activeElement?.closest(".state-name"))) return;
      drawn = now;
      const parents = new Map(nodes.map(({ revision, parent }) => [revision, parent]));
      const way = new Set();
      for (let at = tip; at; at = parents.get(at)) way.add(at);
      const focused = document.activeElement?.closest(".states button")?.title;
      list.replaceChildren(...rows(nodes, way).flatMap((one) => row(one, { head, onTheWay: way.has(one.node.revision) })));
      const current = list.querySelector('[aria-current="step"]');
      current?.scrollIntoView({ block: "nearest" });
      if (focused) current?.focus({ preventScroll: true });
    },
  };
}
