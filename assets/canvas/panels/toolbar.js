// The bar at the top and the palette at the left: buttons which call the editor's verbs and show what is possible.

import { editInPlace, h, iconButton } from "../lib/dom.js";
import { t } from "../lib/locale.js";

export const TOOLS = ["brush", "eraser", "rectangle", "ellipse", "lasso", "polygon", "wand", "edge", "picker"];

/** verbs: those of the keyboard's table, as functions; and rename(name). */
export function topBar(verbs) {
  const button = (verb, name = verb, attributes = {}) => iconButton(name, t(`verb.${verb}`), verb, () => verbs[verb](), attributes);
  const name = h("button", { type: "button", class: "document-name", title: t("bar.rename"), onclick: () => edit() });
  const [undo, redo, past] = [button("undo"), button("redo"), button("history")];
  const [split, difference] = [button("split", "before"), button("difference", "blend")];
  const percent = h("button", { type: "button", class: "percent", onclick: verbs.actual, title: t("verb.actual") });
  const leave = h("button", { type: "button", class: "text-button primary-text", "data-verb": "export", onclick: verbs.export }, t("verb.export"));
  const element = h(
    "header",
    { class: "top-bar" },
    h(
      "div",
      { class: "left" },
      h("button", { type: "button", class: "wordmark", "aria-label": t("bar.to_start"), onclick: verbs.home }, "Palimpsest"),
      button("home", "open"),
      name,
    ),
    h("div", { class: "middle" }, undo, redo, h("span", { class: "rule" }), split, difference),
    h(
      "div",
      { class: "right" },
      h("span", { class: "zoom" }, button("farther", "minus"), percent, button("closer", "plus"), button("fit"), h("span", { class: "rule" })),
      past, button("help"), h("span", { class: "rule" }), leave,
    ),
  );

  function edit() {
    const save = (said) => said && verbs.rename(said);
    editInPlace(name, name.textContent, { label: t("bar.rename"), class: "document-name", save });
  }

  return {
    element,
    /** Show what the editor is: { name, canUndo, canRedo, scale, historyOpen, comparing, comparable }. */
    show(now) {
      name.textContent = now.name;
      name.hidden = !now.name;
      undo.disabled = !now.canUndo;
      redo.disabled = !now.canRedo;
      past.setAttribute("aria-pressed", String(now.historyOpen));
      for (const [mode, one] of Object.entries({ split, difference })) {
        one.disabled = !now.comparable;
        one.setAttribute("aria-pressed", String(now.comparing === mode));
      }
      percent.textContent = `${now.scale >= 0.1 ? Math.round(now.scale * 100) : (now.scale * 100).toFixed(1)}%`;
      percent.setAttribute("aria-label", t("bar.zoom", { percent: percent.textContent }));
    },
  };
}

/** verbs: { choose(tool) }. */
export function palette(verbs) {
  const tools = Object.fromEntries(TOOLS.map((name) => [name, iconButton(name, t(`verb.${name}`), name, () => verbs.choose(name))]));
  const element = h("div", { class: "palette", role: "toolbar", "aria-label": t("bar.tools"), "aria-orientation": "vertical" }, ...Object.values(tools));
  return {
    element,
    /** { tool, available: names of the tools that do something now } */
    show(now) {
      for (const [name, button] of Object.entries(tools)) {
        button.setAttribute("aria-pressed", String(name === now.tool));
        button.hidden = !now.available.includes(name);
      }
      element.hidden = !now.available.length;
    },
  };
}
