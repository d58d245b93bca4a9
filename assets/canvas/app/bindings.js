// Which keys do what: a table of commands, which the user can change. A binding is a chord such as "Ctrl+Shift+z".

import { loadJson, saveJson } from "../lib/storage.js";

const STORED = "palimpsest-keys";

/** Command -> its chords, until the user changes them. */
export const DEFAULTS = {
  brush: ["b"], eraser: ["e"], rectangle: ["r"], ellipse: ["o"], lasso: ["l"], polygon: ["p"], wand: ["w"], edge: ["a"], picker: ["i"],
  finish: ["Enter"], back: ["Backspace"], smaller: ["["], larger: ["]"], softer: ["{"], harder: ["}"],
  all: ["Ctrl+a"], clear: ["Ctrl+d", "x"], invert: ["Ctrl+Shift+i", "Ctrl+i"], recall: ["m"], grow: ["."], shrink: [","], holes: [], masks: [], transform: ["t", "Ctrl+t"], // browsers keep Ctrl+T for themselves
  delete: ["Delete"], alone: ["q"], menu: ["ContextMenu", "Shift+F10"],
  fill: ["Alt+1"], remove: ["Alt+2"], refine: ["Alt+3"], expand: ["Alt+4"], sketch: ["Alt+5"], adjust: ["Alt+6"],
  live: ["v", "Alt+v"], generate: ["Ctrl+Enter"], again: ["Ctrl+Shift+Enter"], cancel: ["Ctrl+."], drop: ["Escape"], undo: ["Ctrl+z"], redo: ["Ctrl+Shift+z", "Ctrl+y"],
  before: ["\\"], split: ["c"], difference: ["d"],
  fit: ["Ctrl+0", "0"], actual: ["Ctrl+1", "1"], closer: ["+", "="], farther: ["-"], left: ["ArrowLeft"], right: ["ArrowRight"], up: ["ArrowUp"], down: ["ArrowDown"],
  anticlockwise: ["4"], upright: ["5"], clockwise: ["6"], flip: ["f"],
  prompt: ["/"], prompts: ["Alt+ArrowDown"], settings: ["s"], history: ["h"], layers: ["y"], queue: ["j"], models: ["k"], panels: ["Tab"], copy: ["Ctrl+c"], place: [], export: ["Ctrl+s"], open: ["Ctrl+o"], home: ["Ctrl+Shift+o"], help: ["?"],
};

/** Commands whose keys work in text fields too. */
export const ALWAYS = ["generate", "again", "cancel", "drop", "prompts"];

/** Commands whose keys work in fields as well if they have a modifier, so that they type nothing. */
export const WITH_MODIFIER = ["fill", "remove", "refine", "expand", "sketch", "adjust", "live", "open", "home", "export"];

/** Commands whose keys work on the start view too. */
export const ANYWHERE = ["open"];

export class Bindings {
  constructor(storage = null) {
    this.storage = storage;
    const stored = Object.entries(loadJson(STORED, {}, storage));
    this.own = Object.fromEntries(stored.filter(([command, chord]) => command in DEFAULTS && typeof chord === "string"));
    if (this.own.cancel === "Escape") delete this.own.cancel; // stored when Escape was Cancel's key too; it cancels no job any more
  }

  chords(command) {
    if (command in this.own) return [this.own[command]];
    const own = Object.values(this.own);
    return (DEFAULTS[command] ?? []).filter((chord) => !own.includes(chord));
  }

  /** A command's first key as people read it. */
  label(command) {
    const [chord] = this.chords(command);
    return chord ? readable(chord) : "–";
  }

  /** The command of a key press, or null. names: of the key press, the most telling first (see keys.js). The user's bindings come first. */
  command(names) {
    const has = (commands, chordsOf) => names.map((name) => commands.find((command) => chordsOf(command).includes(name))).find(Boolean);
    return has(Object.keys(this.own), (command) => [this.own[command]]) ?? has(Object.keys(DEFAULTS), (command) => this.chords(command)) ?? null;
  }

  /** Gives a command this chord. Returns the command that had it and loses it, or null. */
  bind(command, chord) {
    const before = this.command([chord]);
    for (const other of Object.keys(this.own)) if (this.own[other] === chord) delete this.own[other];
    this.own[command] = chord;
    this.#save();
    return before === command ? null : before;
  }

  reset() {
    this.own = {};
    this.#save();
  }

  #save() {
    saveJson(STORED, this.own, this.storage);
  }
}

const SIGNS = { ArrowLeft: "←", ArrowRight: "→", ArrowUp: "↑", ArrowDown: "↓", Escape: "Esc", Enter: "⏎", Backspace: "⌫", Delete: "Del", ContextMenu: "☰", Shift: "⇧", " ": "␣" };

/** A chord as people read it: "Ctrl ⇧ Z". */
export function readable(chord) {
  const keys = chord.endsWith("+") ? [...chord.slice(0, -1).split("+").filter(Boolean), "+"] : chord.split("+");
  return keys.map((key) => SIGNS[key] ?? (key.length === 1 ? key.toUpperCase() : key)).join(" ");
}

/** A chord as aria-keyshortcuts spells it. */
export const ariaChord = (chord) => chord.replace("Ctrl", "Control");
