// The keyboard: keys become verbs. Keys typed into a field stay there, except those which always work.

import { ALWAYS } from "./bindings.js";

export const isField = (element) => Boolean(element?.closest?.("input:not([type=range], [type=radio], [type=checkbox], [type=color]), textarea, select, [contenteditable], [role=listbox]"));
const PRESSED = "button, [role=button], summary, input, label, a[href]"; // what space and Enter press themselves
const ARROWS = /^Arrow/;
const SLIDES = /^(Arrow|Home|End|Page)/; // what a slider takes for itself; a letter is no business of it
const SELECT_ALL = "Ctrl+a";

// what a US keyboard has where other alphabets have letters: without Shift, and with it
const SIGNS = {
  Backquote: "`~", Minus: "-_", Equal: "=+", BracketLeft: "[{", BracketRight: "]}", Backslash: "\\|", Semicolon: ";:", Quote: "'\"", Comma: ",<", Period: ".>", Slash: "/?",
};
const NAMED = /^[A-Z]\w+$/; // "Enter", "F5"; not "لا", which one key types
const ASCII = /^[ -~]$/;
const ANOTHER = /[^\p{Script=Latin}\p{Script=Common}\p{Script=Inherited}]/u; // alphabet

/** A Mac's Option types characters, as AltGr does elsewhere. */
const optionTypes = () => /^(Mac|iP)/.test(globalThis.navigator?.platform ?? "");

/**
 * The names a key press goes by, the one to remember it by first: modifiers, then the key, letters small ("Ctrl+Shift+z").
 * What is printed on the key decides, so that Dvorak and AZERTY are what they look like. Letters of another alphabet go by
 * the key's place, and so do digits: with Alt a Mac types signs with them, and on AZERTY they need Shift. Alt is no part
 * of a sign which it may have helped to type.
 */
export function chords(event) {
  const { key, code = "" } = event;
  const typed = Boolean(event.getModifierState?.("AltGraph"));
  const control = (event.ctrlKey || event.metaKey) && !typed;
  const alt = event.altKey && !typed;
  const named = (sign, { shift = event.shiftKey, withAlt = alt } = {}) =>
    [control && "Ctrl", withAlt && "Alt", shift && "Shift", sign].filter(Boolean).join("+");
  const names = [];
  const printable = ASCII.test(key);
  const sign = printable && !/[a-z0-9 ]/i.test(key);
  const dead = key === "Dead"; // an accent that waits for its letter
  const another = ANOTHER.test(key);
  const plain = key.length === 1 ? key.toLowerCase() : key;
  const printed = named(plain, { shift: event.shiftKey && (NAMED.test(key) || /[a-z]/i.test(key)) }); // "+" may need Shift to be typed
  if (printable || (NAMED.test(key) && !dead)) {
    const bare = alt && sign ? [named(plain, { shift: false, withAlt: false })] : [];
    names.push(...(optionTypes() ? [...bare, printed] : [printed, ...bare]));
  }
  const letter = /^Key([A-Z])$/.exec(code)?.[1].toLowerCase();
  const digit = /^Digit(\d)$/.exec(code)?.[1];
  if (letter && !typed && (another || dead || (alt && !printable))) names.push(named(letter));
  if (digit && !typed) names.push(named(digit));
  if (code in SIGNS && another) names.push(named(SIGNS[code][event.shiftKey ? 1 : 0], { shift: false }));
  names.push(printed); // what was chosen before places counted is still found by it
  return [...new Set(names)];
}

/**
 * bindings: see bindings.js. verbs: { name: () => void }; one that returns false lets the key have its usual effect.
 * released: { name: () => void }, when the key goes up. hand(down): the space bar. active(): whether the editor is there.
 */
export function listen(bindings, verbs, released, hand, active) {
  const down = new Map(); // the key's place -> the verb it began, to be ended when it goes up
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.isComposing || event.keyCode === 229) return; // 229: a key for an input method
    const names = chords(event);
    const field = isField(event.target);
    if (names.includes(SELECT_ALL) && !field) event.preventDefault(); // the interface is no text
    if (!active() || document.querySelector("dialog[open]")) return;
    const verb = bindings.verb(names);
    if (field && !ALWAYS.includes(verb)) return;
    if (event.key === "Escape" && document.querySelector(":popover-open")) return; // it closes that
    if (SLIDES.test(event.key) && event.target.closest?.("[role=slider]")) return;
    if (ARROWS.test(event.key) && event.target !== document.body && !event.target.closest?.(".viewport")) return; // they move there
    if ((names[0] === " " || names[0] === "Enter") && event.target.closest?.(PRESSED)) return; // there it presses
    if (names[0] === " ") {
      event.preventDefault();
      hand(true);
    } else if (verbs[verb]) {
      if (released[verb]) down.set(event.code, verb);
      if (verbs[verb](event.repeat) !== false) event.preventDefault();
    }
  });
  const up = (code) => {
    released[down.get(code)]?.();
    down.delete(code);
  };
  document.addEventListener("keyup", (event) => (event.key === " " ? hand(false) : up(event.code)));
  window.addEventListener("blur", () => {
    hand(false);
    [...down.keys()].forEach(up);
  });
}
