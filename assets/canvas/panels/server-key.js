// The field for the key of another server, among the settings of a model that is on one.

import { h } from "../lib/dom.js";
import { t } from "../lib/locale.js";

/** save(key): stores it, "" to forget it; resolves to whether that was done. Returns { element, show(host or "") }. */
export function serverKey(save) {
  const title = h("span", {});
  const field = h("input", { type: "password", autocomplete: "off", maxlength: 500 });
  const form = h(
    "form",
    {
      onsubmit: async (event) => {
        event.preventDefault();
        if (await save(field.value.trim())) field.value = "";
      },
    },
    field, h("button", { type: "submit", class: "chip" }, t("key.save")),
  );
  const element = h("details", { class: "adapters server-key", hidden: true }, h("summary", {}, title), h("p", { class: "adapter-why" }, t("key.help")), form);
  return {
    element,
    show(host) {
      element.hidden = !host;
      const text = t("key.title", { host });
      if (title.textContent === text) return;
      title.textContent = text;
      field.setAttribute("aria-label", text);
    },
  };
}
