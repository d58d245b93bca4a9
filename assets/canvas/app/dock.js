// The dock, which is Gradio's: labels its buttons with their keys, and measures for the panels' style how high it reaches,
// and how far to the right the palette does, which has more columns the less room the dock leaves.

import { PROMPT } from "./edit-form.js";
import { labelKeys } from "./keys.js";
import { h } from "../lib/dom.js";

const PARTS = ["#status .status", PROMPT, "#intent input", "#put"]; // what the editor writes into or presses
const GAP = 12; // CSS pixels between panels
const CLEAR = 3; // and between the palette and a fitted picture
const COMMANDS = { generate: "generate", apply: "generate", again: "again", cancel: "cancel" }; // of the buttons with these ids

/** Waits until Gradio, which renders the dock bit by bit, is done. editor: the Editor whose buttons it has. */
export async function dockReady(editor) {
  while (!PARTS.every((part) => document.querySelector(part))) await new Promise(requestAnimationFrame);
  for (const [id, command] of Object.entries(COMMANDS)) document.querySelector(`#${id}`).dataset.command = command;
  document.querySelector("#status .model-chip").addEventListener("click", () => editor.models.open());
  document.querySelector("#generate").before(editor.panels.live.element);
  document.querySelector("#aim").append(h("p", { class: "instruction" }));
  const settings = document.querySelector("#settings");
  for (const [name, value] of [["role", "tabpanel"], ["aria-labelledby", "tab-settings"]]) settings.setAttribute(name, value);
  settings.prepend(editor.panels.adjust.element);
  settings.append(editor.panels.key.element, editor.panels.adapters.element);
  labelKeys(editor.bindings);
  const [dock, palette, strip] = ["#dock", ".palette", ".strip"].map((part) => document.querySelector(part));
  const { style } = document.documentElement;
  const measure = () => {
    const { left, top: dockTop } = dock.getBoundingClientRect();
    style.setProperty("--dock", `${innerHeight - dockTop}px`);
    const tight = left < palette.getBoundingClientRect().right + GAP; // the dock reaches below the palette
    document.documentElement.toggleAttribute("data-tight", tight);
    const { top, right } = palette.getBoundingClientRect();
    style.setProperty("--left", `${tight ? right + GAP : 16}px`);
    editor.viewport.setLeft(right + CLEAR);
    if (top < strip.getBoundingClientRect().bottom + GAP) style.setProperty("--strip-left", `${right + GAP}px`);
    else style.removeProperty("--strip-left");
  };
  const changes = new ResizeObserver(measure);
  for (const part of [dock, palette, editor.viewport.root]) changes.observe(part); // the side panel takes of the viewport
  window.addEventListener("resize", measure);
}

/** Whether there is something that can be generated again. */
export function showRepeatable(can) {
  const button = document.querySelector("#again");
  if (button) button.disabled = !can;
}
