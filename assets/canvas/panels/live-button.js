// The button beside Generate that turns live mode on, and says how far it is by its dot.

import { h } from "../lib/dom.js";
import { t } from "../lib/locale.js";

/** press(): turns live mode on or off. */
export function liveButton(press) {
  const element = h("button", { type: "button", class: "live-button", "data-command": "live", onclick: press }, h("i", {}), t("live.button"));
  return {
    element,
    /** state: { on, offered: whether the mode of editing has it, able: whether the model has, run: "idle", "painting" or "ready" }. */
    show({ on, offered, able, run }) {
      element.hidden = !offered;
      element.disabled = !able && !on;
      element.dataset.run = on ? run : "off";
      element.setAttribute("aria-pressed", on);
      element.setAttribute("aria-label", on && run !== "idle" ? t(`live.${run}`) : t("live.button"));
    },
  };
}
