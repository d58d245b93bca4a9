// The dock, which is Gradio's: its buttons get their keys, and the panels above it are told how high it reaches.

import { labelKeys } from "./dom.js";
import { PROMPT } from "./form.js";

const PARTS = ["#status .status", PROMPT, "#intent input", "#put"]; // what is written into, or pressed, from the first
const VERBS = ["generate", "cancel"]; // buttons, by the names of bindings.js

/** Wait until Gradio, which does not put all of it there at once, is done with it. bindings: see bindings.js. */
export async function dockReady(bindings) {
  while (!PARTS.every((part) => document.querySelector(part))) await new Promise(requestAnimationFrame);
  for (const verb of VERBS) document.querySelector(`#${verb}`).dataset.verb = verb;
  labelKeys(bindings);
  const dock = document.querySelector("#dock");
  const reach = () => document.documentElement.style.setProperty("--dock", `${innerHeight - dock.getBoundingClientRect().top}px`);
  new ResizeObserver(reach).observe(dock); // the settings unfold in it
}
