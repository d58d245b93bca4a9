// The list of shortcuts; after a click on one, the next key press takes its place.

import { readable } from "../app/bindings.js";
import { dialog, h } from "../lib/dom.js";
import { chords } from "../app/keys.js";
import { t } from "../lib/locale.js";
import { TOOLS } from "./toolbar.js";

export const GROUPS = {
  tools: [...TOOLS, "finish", "back", "smaller", "larger", "softer", "harder"],
  mask: ["all", "clear", "invert", "grow", "shrink", "holes", "transform", "recall", "masks", "alone"],
  edit: ["prompt", "prompts", "live", "generate", "again", "cancel", "drop", "fill", "remove", "refine", "expand", "sketch", "adjust", "delete", "settings", "models"],
  picture: ["undo", "redo", "before", "split", "difference", "history", "layers", "queue", "copy", "place", "export", "open", "home"],
  view: ["closer", "farther", "fit", "actual", "left", "right", "up", "down", "clockwise", "anticlockwise", "upright", "flip", "menu", "panels", "help"],
};
const MODIFIERS = ["Control", "Shift", "Alt", "AltGraph", "Meta", "CapsLock"];

/** bindings: Bindings. changed(): a command has another key. tour(): shows the first steps again. */
export function helpDialog(bindings, changed, tour) {
  const sections = h("div", { class: "keys" });
  const note = h("p", { class: "note-line", role: "status" });

  function row(command) {
    const label = t(`command.${command}`);
    const keys = bindings.chords(command).map(readable).join(", ") || "–";
    const button = h("button", { type: "button", class: "key", "aria-label": t("help.change", { command: label, keys }), onclick: () => listen(command, button) }, keys);
    return h("li", {}, h("span", {}, label), button);
  }

  function draw() {
    const groups = Object.entries(GROUPS).map(([name, commands]) => h("section", {}, h("h3", {}, t(`help.${name}`)), h("ul", {}, ...commands.map(row))));
    const hands = ["space", "shift", "alt", "size", "wheel", "trackpad", "fingers", "taps", "menu"].map((hand) => h("li", {}, h("span", {}, t(`help.hand.${hand}`)), h("span", { class: "key" }, t(`help.hand.${hand}.key`))));
    sections.replaceChildren(...groups, h("section", {}, h("h3", {}, t("help.hand")), h("ul", {}, ...hands)));
  }

  function listen(command, button) {
    button.textContent = t("help.press");
    const press = (event) => {
      if (MODIFIERS.includes(event.key) || event.isComposing || event.keyCode === 229) return;
      event.preventDefault();
      event.stopPropagation();
      stop();
      if (event.key !== "Escape" || command === "drop") {
        const unbound = bindings.bind(command, chords(event)[0]);
        note.textContent = unbound ? t("help.lost", { command: t(`command.${unbound}`) }) : "";
        changed();
      }
      draw();
    };
    const stop = () => {
      button.removeEventListener("keydown", press);
      button.removeEventListener("blur", leave);
    };
    const leave = () => {
      stop();
      draw();
    };
    button.addEventListener("keydown", press);
    button.addEventListener("blur", leave);
  }

  const reset = () => {
    bindings.reset();
    note.textContent = "";
    changed();
    draw();
  };
  draw();
  const { close } = dialog(
    t("help.title"), sections, note,
    h("footer", {},
      h("button", { type: "button", class: "secondary", onclick: reset }, t("help.reset")),
      h("button", { type: "button", class: "secondary", onclick: () => { close(); tour(); } }, t("help.tour"))),
  );
}
