// The history beside the picture: every state of the document as a row, branches indented; a click shows it.

import { h, icon } from "./dom.js";

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
export function title({ name, wish, box }) {
  if (name) return name;
  if (!wish) return "Opened";
  if (wish.prompt) return wish.prompt;
  return box[2] * box[3] ? "Filled from the surroundings" : "Cropped";
}

function detail({ wish, finished, error }) {
  if (error) return error;
  if (!finished) return "Waiting";
  return wish ? `${wish.pipeline} · seed ${wish.seed}` : "";
}

/** verbs: { show(revision), rename(revision, name), discard(revision), reuse(node), close }. server: for its pictures. */
export function historyPanel(server, verbs) {
  const list = h("ol", { class: "states" });
  const close = h("button", { type: "button", class: "icon-button", "aria-label": "Close the history", onclick: verbs.close }, icon("close"));
  const element = h("aside", { class: "history", "aria-label": "History", hidden: true }, h("header", {}, h("h2", {}, "History"), close), list);
  let drawn = "";

  function tool(name, label, node, onclick) {
    return h("button", { type: "button", class: "icon-button small", "aria-label": `${label}: ${title(node)}`, title: label, onclick }, icon(name));
  }

  function rename(node, words) {
    let done = false;
    const finish = (keep) => {
      if (done) return; // a field that goes away loses the focus, too
      done = true;
      field.replaceWith(words);
      if (keep && field.value.trim() !== node.name) verbs.rename(node.revision, field.value.trim());
    };
    const field = h("input", {
      type: "text", class: "state-name", maxlength: 200, "aria-label": `Name of ${title(node)}`,
      onkeydown: (event) => {
        event.stopPropagation();
        if (event.key === "Enter" || event.key === "Escape") finish(event.key === "Enter");
      },
      onblur: () => finish(true),
    });
    field.value = node.name;
    words.replaceWith(field);
    field.focus();
    field.select();
  }

  function row({ node, column }, { head, onTheWay }) {
    const image = node.finished ? h("img", { src: server.url(`revisions/${node.revision}/step`), alt: "", loading: "lazy", draggable: "false" }) : null;
    const words = h("span", { class: "words" }, h("span", { class: "title" }, title(node)), h("span", { class: "detail" }, detail(node)));
    const go = h(
      "button",
      {
        type: "button", class: "state", disabled: !node.finished, "aria-current": node.revision === head ? "step" : false,
        title: title(node), onclick: () => verbs.show(node.revision),
      },
      h("span", { class: "frame" }, image), words,
    );
    const tools = h(
      "span",
      { class: "tools" },
      tool("rename", "Rename", node, () => rename(node, go)),
      node.wish && node.box[2] ? tool("recall", "Use its mask and words", node, () => verbs.reuse(node)) : null,
      node.parent ? tool("clear", "Delete it and what follows", node, () => verbs.discard(node)) : null,
    );
    return h("li", { class: onTheWay ? "" : "aside", style: `--column: ${Math.min(column, 6)}` }, go, tools);
  }

  return {
    element,
    get open() {
      return !element.hidden;
    },
    /** nodes: the tree. head: what is seen; tip: where redo leads. */
    show(nodes, head, tip) {
      const now = JSON.stringify([nodes, head, tip]);
      if (now === drawn || list.contains(document.activeElement?.closest(".state-name"))) return;
      drawn = now;
      const parents = new Map(nodes.map(({ revision, parent }) => [revision, parent]));
      const way = new Set();
      for (let at = tip; at; at = parents.get(at)) way.add(at);
      const focused = document.activeElement?.closest(".states button")?.title;
      list.replaceChildren(...rows(nodes, way).map((one) => row(one, { head, onTheWay: way.has(one.node.revision) })));
      const current = list.querySelector('[aria-current="step"]');
      current?.scrollIntoView({ block: "nearest" });
      if (focused) current?.focus({ preventScroll: true });
    },
  };
}
