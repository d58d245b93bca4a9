// Which keys do what: one table, which the user can change. A binding is a chord such as "Ctrl+Shift+z".

import { keep, kept } from "../lib/storage.js";

const STORED = "palimpsest-keys";

/** verb -> its chords at first. */
export const DEFAULTS = {
  brush: ["b"], eraser: ["e"], rectangle: ["r"], ellipse: ["o"], lasso: ["l"], polygon: ["p"], wand: ["w"], edge: ["q"], picker: ["i"],
  finish: ["Enter"], back: ["Backspace", "Delete"], smaller: ["["], larger: ["]"], softer: ["{"], harder: ["}"],
  all: ["Ctrl+a"], clear: ["x"], invert: ["Ctrl+i"], recall: ["m"], grow: ["."], shrink: [","],
  fill: ["Alt+1"], remove: ["Alt+2"], refine: ["Alt+3"], expand: ["Alt+4"], sketch: ["Alt+5"],
  generate: ["Ctrl+Enter"], cancel: ["Ctrl+."], drop: ["Escape"], undo: ["Ctrl+z"], redo: ["Ctrl+Shift+z", "Ctrl+y"],
  before: ["\\"], split: ["c"], difference: ["d"],
  fit: ["0"], actual: ["1"], closer: ["+", "="], farther: ["-"], left: ["ArrowLeft"], right: ["ArrowRight"], up: ["ArrowUp"], down: ["ArrowDown"],
  prompt: ["/"], settings: ["s"], history: ["h"], export: ["Ctrl+s"], home: ["Ctrl+o"], help: ["?"],
};

/** Verbs whose keys work in text fields too. */
export const ALWAYS = ["generate", "cancel", "drop"];

export class Bindings {
  constructor(storage = null) {
    this.storage = storage;
    const chosen = Object.entries(kept(STORED, {}, storage));
    this.own = Object.fromEntries(chosen.filter(([verb, chord]) => verb in DEFAULTS && typeof chord === "string"));
    if (this.own.cancel === "Escape") delete this.own.cancel; // from when one key did both: now it cancels no job
  }

  chords(verb) {
    if (verb in this.own) return [this.own[verb]];
    const taken = Object.values(this.own);
    return (DEFAULTS[verb] ?? []).filter((chord) => !taken.includes(chord));
  }

  /** A verb's first key as people read it. */
  label(verb) {
    const [chord] = this.chords(verb);
    return chord ? readable(chord) : "–";
  }

  /** names: a key press by its names, the first one counts first (see keys.js); what the user chose counts before all. */
  verb(names) {
    const has = (verbs, chordsOf) => names.map((name) => verbs.find((verb) => chordsOf(verb).includes(name))).find(Boolean);
    return has(Object.keys(this.own), (verb) => [this.own[verb]]) ?? has(Object.keys(DEFAULTS), (verb) => this.chords(verb)) ?? null;
  }

  /** Give a verb this chord; whichever verb had it loses it. Returns that verb, or null. */
  bind(verb, chord) {
    const before = this.verb([chord]);
    for (const other of Object.keys(this.own)) if (this.own[other] === chord) delete this.own[other];
    this.own[verb] = chord;
    this.#keep();
    return before === verb ? null : before;
  }

  reset() {
    this.own = {};
    this.#keep();
  }

  #keep() {
    keep(STORED, this.own, this.storage);
  }
}

const SIGNS = { ArrowLeft: "←", ArrowRight: "→", ArrowUp: "↑", ArrowDown: "↓", Escape: "Esc", Enter: "⏎", Backspace: "⌫", Delete: "Del", Shift: "⇧", " ": "␣" };

/** A chord as people read it: "Ctrl ⇧ Z". */
export function readable(chord) {
  const keys = chord.endsWith("+") ? [...chord.slice(0, -1).split("+").filter(Boolean), "+"] : chord.split("+");
  return keys.map((key) => SIGNS[key] ?? (key.length === 1 ? key.toUpperCase() : key)).join(" ");
}

/** A chord as aria-keyshortcuts wants it. */
export const spelled = (chord) => chord.replace("Ctrl", "Control");
