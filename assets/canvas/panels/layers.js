// The layers panel: the steps to what is shown, the topmost first, each to be hidden, faded and moved.

import { h, icon, slider, smallButton } from "../lib/dom.js";
import { title } from "./history-rows.js";
import { t } from "../lib/locale.js";

const percent = (share) => `${Math.round(share * 100)}%`;

/**
 * server: of pictures. actions: { toggle(at), fade(at, opacity, settled), move(from, to): whether it could, apply(),
 * cancel() }; places count from below.
 */
export function layersPanel(server, actions) {
  const list = h("ol", { class: "layers" });
  const empty = h("p", { class: "nothing" }, t("layers.empty"));
  const sentence = h("p", { role: "status" });
  const apply = h("button", { type: "button", class: "primary", onclick: actions.apply }, t("blend.keep"));
  const cancel = h("button", { type: "button", class: "secondary", onclick: actions.cancel }, t("blend.leave"));
  const buttons = h("div", {}, cancel, apply);
  const footer = h("footer", {}, sentence, buttons);
  const element = h("div", { class: "layers-panel" }, empty, list, footer);
  const opened = picture();
  const below = h("li", { class: "opened" }, opened, h("span", { class: "title" }, t("history.opened")));
  const rows = []; // the lowest first; a row stays at its place and shows the layer that is there now

  function picture() {
    return h("img", { alt: "", decoding: "async", draggable: "false" });
  }

  function fill(image, revision) {
    const source = server.url(`revisions/${revision}/step`);
    if (image.src !== source) image.src = source;
  }

  function move(from, to) {
    if (actions.move(from, to)) rows[to].grip.focus({ preventScroll: true });
  }

  /** Drags a row: a line says where it would go. */
  function drag(event, at) {
    if (event.button !== 0) return;
    event.preventDefault();
    const { grip, line } = rows[at];
    const middles = rows.map((row) => row.line.getBoundingClientRect()).map(({ top, height }) => top + height / 2);
    let to = at;
    const mark = () => rows.forEach((row, i) => (row.line.dataset.drop = i !== to || to === at ? "" : to > at ? "above" : "below"));
    const end = () => {
      grip.onpointermove = grip.onpointerup = grip.onlostpointercapture = null;
      line.style.transform = "";
      line.classList.remove("dragged");
      for (const row of rows) delete row.line.dataset.drop;
    };
    grip.focus({ preventScroll: true });
    grip.setPointerCapture(event.pointerId);
    line.classList.add("dragged");
    grip.onpointermove = ({ clientY }) => {
      line.style.transform = `translateY(${clientY - event.clientY}px)`;
      to = at;
      while (to + 1 < rows.length && clientY < middles[to + 1]) to += 1; // the topmost is the last
      while (to > 0 && clientY > middles[to - 1]) to -= 1;
      mark();
    };
    grip.onpointerup = () => {
      end();
      move(at, to);
    };
    grip.onlostpointercapture = end;
  }

  function keys(event, at) {
    const step = { ArrowUp: 1, ArrowDown: -1 }[event.key];
    if (!step || !(event.altKey || event.target === rows[at].grip)) return;
    event.preventDefault();
    move(at, at + step);
  }

  function row(at) {
    const eye = h("button", { type: "button", class: "icon-button small eye", title: t("layers.visibility"), onclick: () => actions.toggle(at) }, icon("alone"), icon("hidden"));
    const image = picture();
    const name = h("span", { class: "title" });
    const opacity = slider("", { min: 0, max: 1, step: 0.01, value: 1, oninput: (share) => actions.fade(at, share, false), format: percent });
    opacity.input.addEventListener("change", () => actions.fade(at, Number(opacity.input.value), true));
    const grip = smallButton("grip", "", () => {}, t("layers.move_tip"));
    grip.classList.add("grip");
    grip.addEventListener("pointerdown", (event) => drag(event, at));
    const line = h("li", { onkeydown: (event) => keys(event, at) }, eye, image, h("span", { class: "words" }, name, opacity.element), grip);
    return {
      grip, line,
      show(layer) {
        const words = title(layer);
        line.classList.toggle("invisible", !layer.visible);
        name.textContent = words;
        name.title = layer.fixed ? t("layers.fixed", { title: words }) : words;
        eye.setAttribute("aria-label", t("layers.visible", { title: words }));
        eye.setAttribute("aria-pressed", String(layer.visible));
        eye.disabled = layer.fixed;
        grip.setAttribute("aria-label", t("layers.move", { title: words }));
        grip.disabled = layer.fixed;
        opacity.input.setAttribute("aria-label", t("layers.opacity", { title: words }));
        opacity.element.hidden = layer.edit.pipeline === "none" && !layer.edit.adjustment && !layer.edit.sketch; // a crop
        if (!opacity.input.matches(":active")) opacity.show(layer.opacity);
        fill(image, layer.revision);
      },
    };
  }

  return {
    element,
    /**
     * layers: see `LayerArrangement`. base: the node below them, null before it is loaded. text: what must run before they
     * can be like this; "": nothing.
     */
    show(layers, base, text) {
      while (rows.length < layers.length) rows.push(row(rows.length));
      rows.length = layers.length;
      layers.forEach((layer, at) => rows[at].show(layer));
      const lines = [...rows.map(({ line }) => line).reverse(), ...(base ? [below] : [])];
      if (lines.length !== list.children.length || lines.some((line, i) => line !== list.children[i])) list.replaceChildren(...lines);
      if (base) fill(opened, base.revision);
      empty.hidden = layers.length > 0;
      if (sentence.textContent !== text) sentence.textContent = text;
      buttons.hidden = !text;
    },
  };
}
