// The keyboard: turns key presses into commands, and labels buttons with their keys. A key typed into a field stays there,
// unless its command always works.

import { ALWAYS, ANYWHERE, ariaChord, readable, WITH_MODIFIER } from "./bindings.js";

export const isField = (element) => Boolean(element?.closest?.("input:not([type=range], [type=radio], [type=checkbox], [type=color]), textarea, select, [contenteditable], [role=listbox]"));
const PRESSABLE = "button, [role=button], summary, input, label, a[href]"; // space and Enter press these by themselves
const ARROWS = /^Arrow/;
const SLIDER_KEYS = /^(Arrow|Home|End|Page)/; // a slider uses these itself
const SELECT_ALL = "Ctrl+a";

// the signs of a US keyboard where others may have letters: without Shift, and with it
const SIGNS = {
  Backquote: "`~", Minus: "-_", Equal: "=+", BracketLeft: "[{", BracketRight: "]}", Backslash: "\\|", Semicolon: ";:", Quote: "'\"", Comma: ",<", Period: ".>", Slash: "/?",
};
const NAMED = /^[A-Z]\w+$/; // "Enter", "F5"; not "لا", which a single key types
const ASCII = /^[ -~]$/;
const FOREIGN = /[^\p{Script=Latin}\p{Script=Common}\p{Script=Inherited}]/u; // of an alphabet that is not Latin

/** A Mac's Option types characters, as AltGr does elsewhere. */
const optionTypes = () => /^(Mac|iP)/.test(globalThis.navigator?.platform ?? "");

/**
 * The names of a key press, the one to store first: modifiers, then the key, letters in lower case ("Ctrl+Shift+z").
 *
 * The key's label decides, so that Dvorak and AZERTY work as they look. Letters of other alphabets go by the key's place,
 * and so do digits: with Alt a Mac types signs with them, and on AZERTY they need Shift. Alt is no part of a sign that it
 * may have helped to type.
 */
export function chords(event) {
  const { key, code = "" } = event;
  const altGraph = Boolean(event.getModifierState?.("AltGraph"));
  const control = (event.ctrlKey || event.metaKey) && !altGraph;
  const alt = event.altKey && !altGraph;
  const named = (sign, { shift = event.shiftKey, withAlt = alt } = {}) =>
    [control && "Ctrl", withAlt && "Alt", shift && "Shift", sign].filter(Boolean).join("+");
  const names = [];
  const printable = ASCII.test(key);
  const sign = printable && !/[a-z0-9 ]/i.test(key);
  const dead = key === "Dead"; // an accent before its letter
  const foreign = FOREIGN.test(key);
  const plain = key.length === 1 ? key.toLowerCase() : key;
  const label = named(plain, { shift: event.shiftKey && (NAMED.test(key) || /[a-z]/i.test(key)) }); // "+" may need Shift to be typed
  if (printable || (NAMED.test(key) && !dead)) {
    const bare = alt && sign ? [named(plain, { shift: false, withAlt: false })] : [];
    names.push(...(optionTypes() ? [...bare, label] : [label, ...bare]));
  }
  const letter = /^Key([A-Z])$/.exec(code)?.[1].toLowerCase();
  const digit = /^Digit(\d)$/.exec(code)?.[1];
  if (letter && !altGraph && (foreign || dead || (alt && !printable))) names.push(named(letter));
  if (digit && !altGraph) names.push(named(digit));
  if (code in SIGNS && foreign) names.push(named(SIGNS[code][event.shiftKey ? 1 : 0], { shift: false }));
  names.push(label); // finds a binding that was stored before keys went by their place
  return [...new Set(names)];
}

/**
 * Runs the command of each key press.
 *
 * bindings: Bindings. commands: { name: (repeat) => ... }; one that returns false leaves the key its usual effect.
 * released: { name: () => void }, run when the key goes up. hand(down): the space bar. active(): whether a document is open.
 */
export function listen(bindings, commands, released, hand, active) {
  const down = new Map(); // the key's place -> the command that ends when it goes up
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.isComposing || event.keyCode === 229) return; // 229: the input method takes the key
    const names = chords(event);
    const field = isField(event.target);
    if (names.includes(SELECT_ALL) && !field) event.preventDefault(); // or the browser selects the interface's text
    const command = bindings.command(names);
    if (!(active() || ANYWHERE.includes(command)) || document.querySelector("dialog[open]")) return;
    const modified = event.ctrlKey || event.metaKey || (event.altKey && !optionTypes());
    if (field && !ALWAYS.includes(command) && !(modified && WITH_MODIFIER.includes(command))) return;
    if (event.key === "Escape" && document.querySelector(":popover-open")) return; // the browser closes that
    if (SLIDER_KEYS.test(event.key) && event.target.closest?.("[role=slider]")) return;
    if (ARROWS.test(event.key) && !ALWAYS.includes(command) && event.target !== document.body && !event.target.closest?.(".viewport")) return; // they move the focus there
    if ((names[0] === " " || names[0] === "Enter") && event.target.closest?.(PRESSABLE)) return; // they press it
    if (names[0] === " ") {
      event.preventDefault();
      hand(true);
    } else if (commands[command]) {
      if (released[command]) down.set(event.code, command);
      if (commands[command](event.repeat) !== false) event.preventDefault();
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

/** Writes the key of its command into every button that shows it. */
export function labelKeys(bindings) {
  for (const button of document.querySelectorAll("[data-command]")) {
    const [chord] = bindings.chords(button.dataset.command);
    const key = button.querySelector("kbd");
    const text = chord ? readable(chord) : "";
    if (key) {
      key.hidden = !chord;
      key.textContent = text;
    } else button.title = text;
    if (chord) button.setAttribute("aria-keyshortcuts", ariaChord(chord));
    else button.removeAttribute("aria-keyshortcuts");
  }
}
