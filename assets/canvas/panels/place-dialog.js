// Asks what is to become of a picture that is dropped or pasted while another one is open.

import { dialog, h } from "../lib/dom.js";
import { t } from "../lib/locale.js";

/** Returns a promise of "place" or "open", null if the user closes the dialog. name: of the picture's file. */
export function askHowToTake(name) {
  return new Promise((resolve) => {
    const choice = (how, kind) => h("button", { type: "button", class: kind, onclick: () => (resolve(how), close()) }, t(`place.${how}`));
    const place = choice("place", "primary");
    const { element, close } = dialog(t("place.title"), h("p", {}, t("place.question", { name })), h("footer", {}, choice("open", "secondary"), place));
    element.addEventListener("close", () => resolve(null));
    place.focus();
  });
}
