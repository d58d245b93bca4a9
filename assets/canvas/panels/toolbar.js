// The bar at the top and the palette at the left: buttons that run commands and show what can be done.

import { editInPlace, h, iconButton } from "../lib/dom.js";
import { t } from "../lib/locale.js";

export const TOOLS = ["brush", "eraser", "rectangle", "ellipse", "lasso", "polygon", "wand", "edge", "picker"];

/** commands: see commands.js. account: the button of the account's menu. */
export function topBar(commands, account) {
  const button = (command, name = command, attributes = {}) => iconButton(name, t(`command.${command}`), command, () => commands[command](), attributes);
  const name = h("button", { type: "button", class: "document-name", onclick: () => edit() });
  const [undo, redo] = [button("undo"), button("redo")];
  const panels = { settings: button("settings", "sliders"), history: button("history"), layers: button("layers"), queue: button("queue"), models: button("models") };
  const queued = h("span", { class: "badge", "aria-hidden": "true" });
  panels.queue.append(queued);
  const downloading = h("span", { class: "badge", "aria-hidden": "true" });
  panels.models.append(downloading);
  const [split, difference] = [button("split", "before"), button("difference", "blend")];
  const percent = h("button", { type: "button", class: "percent", onclick: commands.actual, title: t("command.actual") });
  const exporter = h("button", { type: "button", class: "text-button primary-text", "data-command": "export", onclick: commands.export }, t("command.export"));
  const element = h(
    "header",
    { class: "top-bar" },
    h(
      "div",
      { class: "left" },
      h("button", { type: "button", class: "wordmark", "aria-label": t("bar.to_start"), onclick: commands.home }, "Palimpsest"),
      button("home", "open"),
      name,
    ),
    h("div", { class: "middle" }, undo, redo, h("span", { class: "rule" }), split, difference),
    h(
      "div",
      { class: "right" },
      h("span", { class: "zoom" }, button("farther", "minus"), percent, button("closer", "plus"), button("fit"), h("span", { class: "rule" })),
      ...Object.values(panels), button("help"), account, h("span", { class: "rule" }), exporter,
    ),
  );

  function edit() {
    const save = (text) => text && commands.rename(text);
    editInPlace(name, name.textContent, { label: t("bar.rename"), class: "document-name", save });
  }

  return {
    element,
    /** state: { name, mayEdit, canUndo, canRedo, scale, panel: the open one, queued: how many jobs, downloading: how many models, comparing, comparable }. */
    show(state) {
      name.textContent = state.name;
      name.hidden = !state.name;
      name.disabled = !state.mayEdit;
      name.title = state.mayEdit ? t("bar.rename") : state.name;
      undo.disabled = !state.canUndo;
      redo.disabled = !state.canRedo;
      for (const [name, button] of Object.entries(panels)) button.setAttribute("aria-pressed", String(name === state.panel));
      queued.textContent = state.queued || "";
      downloading.textContent = state.downloading || "";
      for (const [mode, button] of Object.entries({ split, difference })) {
        button.disabled = !state.comparable;
        button.setAttribute("aria-pressed", String(state.comparing === mode));
      }
      percent.textContent = `${state.scale >= 0.1 ? Math.round(state.scale * 100) : (state.scale * 100).toFixed(1)}%`;
      percent.setAttribute("aria-label", t("bar.zoom", { percent: percent.textContent }));
    },
  };
}

/** choose(name): the user takes another tool. */
export function palette(choose) {
  const tools = Object.fromEntries(TOOLS.map((name) => [name, iconButton(name, t(`command.${name}`), name, () => choose(name))]));
  const element = h("div", { class: "palette", role: "toolbar", "aria-label": t("bar.tools"), "aria-orientation": "vertical" }, ...Object.values(tools));
  return {
    element,
    /** tool: the one in use. available: the names of those that do something now. */
    show({ tool, available }) {
      for (const [name, button] of Object.entries(tools)) {
        button.setAttribute("aria-pressed", String(name === tool));
        button.hidden = !available.includes(name);
      }
      element.hidden = !available.length;
    },
  };
}
