// The menu of the picture: a click with the right button, a long press or its key opens it where the pointer is.

import { h } from "../lib/dom.js";
import { t } from "../lib/locale.js";

const GROUPS = [
  ["undo", "redo"],
  ["copy", "place", "delete"],
  ["all", "clear", "invert", "transform", "holes", "recall"],
  ["fit", "actual", "flip", "upright"],
];
const NEEDS = { undo: "undo", redo: "redo", place: "edit", all: "edit", invert: "edit", delete: "masked", clear: "masked", transform: "masked", holes: "masked", recall: "recall", upright: "upright" };
const MARGIN = 8; // CSS pixels that stay free around it

/** commands: see commands.js. */
export function contextMenu(commands) {
  const item = (command) =>
    h("button", { type: "button", role: "menuitem", tabindex: -1, "aria-label": t(`command.${command}`), "data-command": command, onclick: () => run(command) },
      t(`command.${command}`), h("kbd", { hidden: true }));
  const groups = GROUPS.map((group) => h("div", { role: "group" }, ...group.map(item)));
  const separated = groups.flatMap((group, i) => (i ? [h("hr", {}), group] : [group]));
  // a finger that holds opens it: it must not close when that finger is lifted, as "auto" would
  const element = h("div", { class: "menu context-menu", popover: "manual", role: "menu", "aria-label": t("menu.label") }, ...separated);
  const usable = () => [...element.querySelectorAll("button:enabled")];
  let before = null; // what had the focus

  function close() {
    if (!element.matches(":popover-open")) return;
    const within = element.contains(document.activeElement);
    element.hidePopover();
    if (within) before?.focus({ preventScroll: true });
  }

  function run(command) {
    close();
    commands[command]();
  }

  element.addEventListener("keydown", (event) => {
    const items = usable();
    const at = items.indexOf(document.activeElement);
    const next = { ArrowDown: at + 1, ArrowUp: at < 0 ? -1 : at - 1, Home: 0, End: -1 }[event.key];
    if (next !== undefined) items.at(next % items.length)?.focus();
    else if (event.key === "Escape" || event.key === "Tab") close();
    else return;
    event.preventDefault();
  });
  element.addEventListener("focusout", ({ relatedTarget }) => !element.contains(relatedTarget) && close());
  element.addEventListener("contextmenu", (event) => event.preventDefault());
  document.addEventListener("pointerdown", ({ target }) => !element.contains(target) && close(), { capture: true });

  return {
    element,
    /** Opens it at a place in the window. */
    open(x, y) {
      close();
      before = document.activeElement;
      element.showPopover();
      const { offsetWidth, offsetHeight } = element;
      const within = (at, size, room) => Math.max(MARGIN, Math.min(at, room - size - MARGIN));
      Object.assign(element.style, { left: `${within(x, offsetWidth, innerWidth)}px`, top: `${within(y, offsetHeight, innerHeight)}px` });
      element.tabIndex = -1;
      element.focus({ preventScroll: true });
    },
    /** state: { undo, redo, edit, masked, recall, upright }: what can be done now. */
    show(state) {
      for (const button of element.querySelectorAll("button")) button.disabled = state[NEEDS[button.dataset.command]] === false;
    },
  };
}
