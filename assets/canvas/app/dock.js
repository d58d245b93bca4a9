// The dock, which is Gradio's: its buttons get their keys, and the panels above it learn how high it reaches, and how
// far to the right the palette, which has more columns the less room the dock leaves.

import { labelKeys } from "../lib/dom.js";
import { PROMPT } from "./edit-form.js";

const PARTS = ["#status .status", PROMPT, "#intent input", "#put"]; // what is written into, or pressed, from the first
const GAP = 12; // CSS pixels between panels
const VERBS = ["generate", "cancel"]; // buttons, by the names of bindings.js

/** Wait until Gradio, which does not put all of it there at once, is done with it. bindings: see bindings.js. */
export async function dockReady(bindings) {
  while (!PARTS.every((part) => document.querySelector(part))) await new Promise(requestAnimationFrame);
  for (const verb of VERBS) document.querySelector(`#${verb}`).dataset.verb = verb;
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
