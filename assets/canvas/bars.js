// The bar at the top and the palette at the left: buttons which call the editor's verbs and show what is possible.

import { h, iconButton } from "./dom.js";

export const SMALLEST = 2;
export const LARGEST = 1000; // brush diameter in picture pixels

/** The slider's way, 0..1, is logarithmic: small brushes need finer steps. */
export const toDiameter = (way) => Math.round(SMALLEST * (LARGEST / SMALLEST) ** way);
export const toWay = (diameter) => Math.log(diameter / SMALLEST) / Math.log(LARGEST / SMALLEST);

/** verbs: { home, undo, redo, zoom(direction), fit, actual, history, download }. */
export function topBar(verbs) {
  const name = h("span", { class: "document-name" });
  const undo = iconButton("undo", "Undo", "Ctrl Z", verbs.undo);
  const redo = iconButton("redo", "Redo", "Ctrl ⇧ Z", verbs.redo);
  const percent = h("button", { type: "button", class: "percent", onclick: verbs.actual, title: "Actual size (1)" });
  const past = iconButton("history", "History", "H", verbs.history);
  const download = iconButton("download", "Download PNG", "", verbs.download, { class: "text-button" });
  download.querySelector(".tip").remove();
  download.append("Download PNG");
  const element = h(
    "header",
    { class: "top-bar" },
    h(
      "div",
      { class: "left" },
      h("button", { type: "button", class: "wordmark", "aria-label": "Palimpsest: to the start", onclick: verbs.home }, "Palimpsest"),
      iconButton("open", "Open another picture", "", verbs.home),
      name,
    ),
    h("div", { class: "middle" }, undo, redo),
    h(
      "div",
      { class: "right" },
      iconButton("minus", "Zoom out", "−", () => verbs.zoom(-1)),
      percent,
      iconButton("plus", "Zoom in", "+", () => verbs.zoom(1)),
      iconButton("fit", "Fit to window", "0", verbs.fit),
      h("span", { class: "rule" }),
      past,
      h("span", { class: "rule" }),
      download,
    ),
  );
  return {
    element,
    /** Show what the editor is: { name, canUndo, canRedo, scale, historyOpen }. */
    show(now) {
      name.textContent = name.title = now.name;
      undo.disabled = !now.canUndo;
      redo.disabled = !now.canRedo;
      past.setAttribute("aria-pressed", String(now.historyOpen));
      percent.textContent = `${now.scale >= 0.1 ? Math.round(now.scale * 100) : (now.scale * 100).toFixed(1)}%`;
      percent.setAttribute("aria-label", `Zoom ${percent.textContent}. Show actual size`);
    },
  };
}

/** verbs: { tool(name), size(diameter), clear, recall }. */
export function palette(verbs) {
  const tools = {
    brush: iconButton("brush", "Brush", "B", () => verbs.tool("brush")),
    eraser: iconButton("eraser", "Eraser", "E", () => verbs.tool("eraser")),
  };
  const slider = h("input", {
    type: "range", min: 0, max: 1, step: 0.01, class: "size-slider", "aria-label": "Brush size", title: "Brush size  [  ]",
    oninput: () => verbs.size(toDiameter(Number(slider.value))),
  });
  const size = h("output", { class: "size", title: "Brush size in picture pixels" });
  const clear = iconButton("clear", "Clear mask", "X", verbs.clear);
  const recall = iconButton("recall", "Last mask", "L", verbs.recall);
  const element = h(
    "div",
    { class: "palette", role: "toolbar", "aria-label": "Mask tools", "aria-orientation": "vertical" },
    tools.brush, tools.eraser, h("span", { class: "rule" }), slider, size, h("span", { class: "rule" }), clear, recall,
  );
  return {
    element,
    /** { tool, diameter, painted, recallable } */
    show(now) {
      for (const [name, button] of Object.entries(tools)) button.setAttribute("aria-pressed", String(name === now.tool));
      slider.value = toWay(now.diameter);
      slider.setAttribute("aria-valuetext", `${now.diameter} pixels`);
      size.textContent = now.diameter;
      clear.disabled = !now.painted;
      recall.disabled = !now.recallable;
    },
  };
}
