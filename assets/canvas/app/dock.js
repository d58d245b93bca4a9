// The dock, which is Gradio's: labels its buttons with their keys, and measures for the panels' style how high it reaches,
// and how far to the right the palette does, which has more columns the less room the dock leaves.

import { PROMPT } from "./edit-form.js";
import { labelKeys } from "./keys.js";

const PARTS = ["#status .status", PROMPT, "#intent input", "#put"]; // what the editor writes into or presses
const GAP = 12; // CSS pixels between panels
const COMMANDS = ["generate", "cancel"]; // whose buttons have these ids

/** Waits until Gradio, which renders the dock bit by bit, is done. bindings: Bindings. */
export async function dockReady(bindings) {
  while (!PARTS.every((part) => document.querySelector(part))) await new Promise(requestAnimationFrame);
  for (const command of COMMANDS) document.querySelector(`#${command}`).dataset.command = command;
  labelKeys(bindings);
  const [dock, palette, strip] = ["#dock", ".palette", ".strip"].map((part) => document.querySelector(part));
  const { style } = document.documentElement;
  const measure = () => {
    style.setProperty("--dock", `${innerHeight - dock.getBoundingClientRect().top}px`);
    const { top, right } = palette.getBoundingClientRect();
    if (top < strip.getBoundingClientRect().bottom + GAP) style.setProperty("--strip-left", `${right + GAP}px`);
    else style.removeProperty("--strip-left");
  };
  const changes = new ResizeObserver(measure); // the settings unfold in the dock
  for (const part of [dock, palette]) changes.observe(part);
  window.addEventListener("resize", measure);
}
