// The keyboard: keys become verbs. Keys typed into a field stay there, except those which always work.

import { ALWAYS } from "./bindings.js";

const isField = (element) => element?.closest?.("input:not([type=range], [type=radio], [type=checkbox], [type=color]), textarea, select, [contenteditable], [role=listbox]");
const ARROWS = /^Arrow/;
const SLIDES = /^(Arrow|Home|End|Page)/; // what a slider takes for itself; a letter is no business of it

/** "Ctrl+Shift+z": modifiers, then the key; letters small. */
export function chord(event) {
  const shift = event.shiftKey && (event.key.length > 1 || /[a-z]/i.test(event.key)); // "+" may need Shift to be typed
  const parts = [];
  if (event.ctrlKey || event.metaKey) parts.push("Ctrl");
  if (event.altKey) parts.push("Alt");
  if (shift) parts.push("Shift");
  parts.push(event.key.length === 1 ? event.key.toLowerCase() : event.key);
  return parts.join("+");
}

/**
 * bindings: see bindings.js. verbs: { name: () => void }; one that returns false lets the key have its usual effect.
 * released: { name: () => void }, when the key goes up. hand(down): the space bar. active(): whether the editor is there.
 */
export function listen(bindings, verbs, released, hand, active) {
  const down = new Map(); // key -> the verb it began, to be ended when it goes up
  document.addEventListener("keydown", (event) => {
    if (!active() || event.defaultPrevented || event.isComposing || document.querySelector("dialog[open]")) return;
    const name = chord(event);
    const verb = bindings.verb(name);
    if (isField(event.target) && !ALWAYS.includes(verb)) return;
    if (SLIDES.test(event.key) && event.target.closest?.("[role=slider]")) return;
    if (ARROWS.test(event.key) && event.target !== document.body && !event.target.closest?.(".stage")) return; // they move there
    if (name === " ") {
      if (event.target.closest?.("button, [role=button], summary, input, label")) return; // there it presses
      event.preventDefault();
      hand(true);
    } else if (verbs[verb]) {
      if (released[verb]) down.set(event.key, verb);
      if (verbs[verb](event.repeat) !== false) event.preventDefault();
    }
  });
  const up = (key) => {
    released[down.get(key)]?.();
    down.delete(key);
  };
  document.addEventListener("keyup", (event) => (event.key === " " ? hand(false) : up(event.key)));
  window.addEventListener("blur", () => {
    hand(false);
    [...down.keys()].forEach(up);
  });
}
