// The keyboard's layouts: what a key press is called, and what it does by the keys that are bound at first.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Bindings } from "../../assets/canvas/app/bindings.js";
import { chords } from "../../assets/canvas/app/keys.js";

/** mods: of "c" Ctrl, "m" Meta, "a" Alt, "s" Shift, "g" AltGr. */
const press = (key, code, mods = "") => ({
  key, code, ctrlKey: mods.includes("c"), metaKey: mods.includes("m"), altKey: mods.includes("a"), shiftKey: mods.includes("s"),
  getModifierState: (name) => name === "AltGraph" && mods.includes("g"),
});

function onPlatform(platform, act) {
  Object.defineProperty(globalThis, "navigator", { value: { platform }, configurable: true });
  try {
    return act();
  } finally {
    delete globalThis.navigator;
  }
}

// layout, key, code, modifiers, the command
const LAYOUTS = [
  ["US", "z", "KeyZ", "c", "undo"], ["US", "Z", "KeyZ", "cs", "redo"], ["US, caps lock", "Z", "KeyZ", "c", "undo"], ["US", "b", "KeyB", "", "brush"],
  ["US", "{", "BracketLeft", "s", "softer"], ["US", "?", "Slash", "s", "help"], ["US", "!", "Digit1", "s", null], ["US", "1", "Digit1", "", "actual"], ["US", "1", "Numpad1", "", "actual"],
  ["US", "5", "Digit5", "a", "sketch"], ["US", "6", "Digit6", "a", "adjust"], ["US", "+", "Equal", "s", "closer"], ["US", "b", "KeyB", "a", null], ["US", ".", "Period", "c", "cancel"], ["US", "Escape", "Escape", "", "drop"],
  ["US", "Backspace", "Backspace", "", "back"], ["US", "Delete", "Delete", "", "delete"], ["US", "Enter", "Enter", "", "finish"], ["US", "a", "KeyA", "m", "all"],
  ["US", "d", "KeyD", "c", "clear"], ["US", "I", "KeyI", "cs", "invert"], ["US", "i", "KeyI", "c", "invert"], ["US", "0", "Digit0", "c", "fit"], ["US", "1", "Digit1", "c", "actual"],
  ["US", "c", "KeyC", "c", "copy"], ["US", "c", "KeyC", "", "split"], ["US", "o", "KeyO", "c", "open"], ["US", "O", "KeyO", "cs", "home"], ["US", "q", "KeyQ", "", "alone"], ["US", "F10", "F10", "s", "menu"],
  ["AZERTY", "à", "Digit0", "c", "fit"], ["AZERTY", "&", "Digit1", "c", "actual"], ["AZERTY", "(", "Digit5", "", "upright"], ["Russian", "в", "KeyD", "c", "clear"], ["Russian", "Ш", "KeyI", "cs", "invert"],
  ["Russian", "я", "KeyZ", "c", "undo"], ["Russian", "Я", "KeyZ", "cs", "redo"], ["Russian", "и", "KeyB", "", "brush"], ["Russian", "ф", "KeyA", "c", "all"],
  ["Russian", "х", "BracketLeft", "", "smaller"], ["Russian", "Ъ", "BracketRight", "s", "harder"], ["Russian", "ю", "Period", "c", "cancel"], ["Russian", "Ю", "Period", "s", null],
  ["Russian", "?", "Digit7", "s", "help"], ["Russian", "!", "Digit1", "s", null],
  ["Greek", "ζ", "KeyZ", "c", "undo"], ["Greek", "β", "KeyB", "", "brush"], ["Greek", "ς", "KeyW", "", "wand"],
  ["Hebrew", "ז", "KeyZ", "c", "undo"], ["Hebrew", "נ", "KeyB", "", "brush"], ["Hebrew", "ץ", "Period", "", "grow"],
  ["Arabic", "ئ", "KeyZ", "c", "undo"], ["Arabic, two letters by one key", "لا", "KeyB", "", "brush"], ["Arabic digits", "١", "Digit1", "", "actual"],
  ["Thai", "ผ", "KeyZ", "c", "undo"], ["Korean", "ㅋ", "KeyZ", "c", "undo"], ["Devanagari, a sign over a letter", "ौ", "KeyQ", "", "alone"],
  ["Dvorak: Z is where / was", "z", "Slash", "c", "undo"], ["Dvorak: ; is where Z was", ";", "KeyZ", "c", null], ["Dvorak: B is where N was", "b", "KeyN", "", "brush"], ["Dvorak", "x", "KeyB", "", "clear"],
  ["AZERTY: Z is where W was", "z", "KeyW", "c", "undo"], ["AZERTY: W is where Z was", "w", "KeyZ", "", "wand"], ["AZERTY", "a", "KeyQ", "c", "all"],
  ["AZERTY, a digit without Shift", "&", "Digit1", "", "actual"], ["AZERTY, with it", "1", "Digit1", "s", "actual"], ["AZERTY", "à", "Digit0", "", "fit"], ["AZERTY", "-", "Digit6", "", "farther"],
  ["AZERTY", "&", "Digit1", "a", "fill"], ["AZERTY", "(", "Digit5", "a", "sketch"], ["AZERTY, AltGr", "[", "Digit5", "g", "smaller"], ["AZERTY, AltGr as Ctrl and Alt", "]", "Minus", "cag", "larger"],
  ["AZERTY", "£", "BracketRight", "s", null], ["German", "y", "KeyZ", "c", "redo"], ["German", "z", "KeyY", "c", "undo"], ["German, AltGr", "]", "Digit9", "g", "larger"], ["German", "ü", "BracketLeft", "", null],
  ["German", "ß", "Minus", "", null], ["Polish, AltGr", "ę", "KeyE", "g", null], ["Spanish, an accent", "Dead", "BracketLeft", "", null], ["Turkish", "ı", "KeyI", "", null],
  ["German, a Mac's keyboard elsewhere", "]", "Digit6", "a", "larger"], ["German, a Mac's keyboard elsewhere", "[", "Digit5", "a", "smaller"],
];
const MAC = [
  ["German", "[", "Digit5", "a", "smaller"], ["German", "]", "Digit6", "a", "larger"], ["German", "{", "Digit8", "a", "softer"], ["German", "}", "Digit9", "a", "harder"], ["German", "\\", "Digit7", "as", "before"],
  ["US", "¡", "Digit1", "a", "fill"], ["US", "¢", "Digit4", "a", "expand"], ["US", "∫", "KeyB", "a", null], ["US", "z", "KeyZ", "m", "undo"], ["US", "Dead", "KeyE", "a", null],
  ["French", "", "Digit1", "a", "fill"], ["French", "{", "Digit5", "a", "softer"], ["Russian", "я", "KeyZ", "m", "undo"], ["Russian", ".", "Slash", "m", "cancel"],
];

for (const [platform, table] of [["Win32", LAYOUTS], ["MacIntel", MAC]]) {
  for (const [layout, key, code, mods, command] of table) {
    test(`${platform}, ${layout}: ${mods} ${key} (${code})`, () => onPlatform(platform, () => assert.equal(new Bindings(new Map()).command(chords(press(key, code, mods))), command)));
  }
}

test("a key that is given to a command does that command from then on, and no other, on every layout", () => {
  for (const [platform, table] of [["Win32", LAYOUTS], ["MacIntel", MAC]]) {
    for (const [layout, key, code, mods] of table) {
      onPlatform(platform, () => {
        const names = chords(press(key, code, mods));
        const bindings = new Bindings(new Map());
        bindings.bind("lasso", names[0]);
        assert.equal(bindings.command(names), "lasso", `${platform} ${layout} ${key}`);
        assert.ok(!Object.keys(bindings.own).some((command) => command !== "lasso" && bindings.chords(command).includes(names[0])));
      });
    }
  }
});

test("a key is remembered by its place where its alphabet is another, and without the Alt that typed it", () => {
  assert.equal(chords(press("я", "KeyZ", "c"))[0], "Ctrl+z");
  assert.equal(chords(press("]", "Digit6", "a"))[0], "Alt+]");
  onPlatform("MacIntel", () => {
    assert.equal(chords(press("]", "Digit6", "a"))[0], "]");
    assert.equal(chords(press("∫", "KeyB", "a"))[0], "Alt+b");
    assert.equal(chords(press("å", "KeyA", "a"))[0], "Alt+a");
  });
});

test("keys that were chosen before hold, and Escape cancels no job whatever was chosen", () => {
  const stored = (own) => ({ getItem: () => JSON.stringify(own), setItem: () => {} });
  const own = new Bindings(stored({ eraser: "и", lasso: "Ctrl+.", cancel: "F2" }));
  assert.equal(own.command(chords(press("и", "KeyB"))), "eraser"); // as a Russian keyboard called it then
  assert.equal(own.command(chords(press(".", "Period", "c"))), "lasso");
  assert.equal(own.command(chords(press("F2", "F2"))), "cancel");
  assert.deepEqual(own.chords("cancel"), ["F2"]);
  const both = new Bindings(stored({ cancel: "Escape" })); // from when one key did both
  assert.equal(both.command(["Escape"]), "drop");
  assert.deepEqual(both.chords("cancel"), ["Ctrl+."]);
});
