// What is entered in the panel of the models: another model by its name or place, the token of the hub; and what is asked before
// something is lost.

import { dialog, h } from "../lib/dom.js";
import { offer } from "./model-offers.js";
import { t } from "../lib/locale.js";

const ON_HUB = /^[\w.-]+\/[\w.-]+$/; // OWNER/MODEL, no path

/** Asks whether to go on. yes: the label of the button that does it. from: the button that led here, which has the focus again. */
export function askFirst(title, sentence, yes, go, from) {
  const doIt = () => {
    close();
    go();
  };
  const back = h("button", { type: "button", class: "secondary", onclick: () => close() }, t("models.keep"));
  const { element, close } = dialog(title, h("p", {}, sentence), h("footer", {}, back, h("button", { type: "button", class: "primary", onclick: doIt }, yes)));
  element.addEventListener("close", () => from.isConnected && from.focus());
  back.focus();
}

function submitting(act) {
  return (event) => {
    event.preventDefault();
    act();
  };
}

/** The field for any other model, and what the hub says of it. actions: see `modelsPanel`. */
export function addForm({ act, lookUp }) {
  const field = h("input", { type: "text", id: "model-to-add", "aria-describedby": "model-to-add-help", placeholder: "OWNER/MODEL", autocomplete: "off", spellcheck: "false", maxlength: 1000 });
  const button = h("button", { type: "submit", class: "secondary" }, t("models.add"));
  const answer = h("div", { class: "offer", "aria-live": "polite" });
  const say = (...what) => answer.replaceChildren(...what.filter(Boolean));
  let machine = null; // see `Server.models`

  async function add(source) {
    if (!(await act("add", { source }))) return;
    field.value = "";
    say(h("p", { class: "detail" }, t("models.added")));
  }

  async function submit() {
    const source = field.value.trim();
    if (!source || button.disabled) return;
    button.disabled = true;
    say(h("p", { class: "detail" }, t("models.asking")));
    try {
      if (ON_HUB.test(source)) await found(source);
      else {
        say();
        await add(source);
      }
    } finally {
      button.disabled = false;
    }
  }

  /** A name on the hub: added if it is here already, else offered to be downloaded. */
  async function found(model) {
    const info = await lookUp(model).catch((error) => ({ error: error.message }));
    if (info.error) return say(h("p", { class: "trouble", role: "alert" }, info.error));
    say();
    if (info.installed) return add(model);
    const entry = { ...info, id: model, title: model, good_for: "", download: info.size, memory: null };
    const download = async () => {
      const taken = await act("download", { model, licence: info.licence });
      if (!taken) return null;
      field.value = "";
      say();
      return taken;
    };
    return say(h("span", { class: "title" }, model), ...offer(entry, { download, machine, may: true }, "primary"));
  }

  const help = h("p", { class: "detail", id: "model-to-add-help" }, t("models.add_help"));
  const element = h("form", { onsubmit: submitting(submit) }, h("label", { for: "model-to-add" }, t("models.add_label")), h("div", { class: "with-button" }, field, button), help, answer);
  return {
    element,
    show(state) {
      machine = state.machine;
    },
  };
}

/** The token with which the hub knows the operator; what was entered is never shown again. */
export function tokenForm({ act }) {
  const field = h("input", { type: "password", id: "hub-token", autocomplete: "off", spellcheck: "false", maxlength: 500 });
  const state = h("p", { class: "detail", role: "status" });
  const drop = h("button", { type: "button", class: "chip", onclick: () => act("token", { token: "" }) }, t("models.token_remove"));
  const link = h("a", { target: "_blank", rel: "noopener noreferrer", class: "outwards", hidden: true }, t("models.token_make"));
  const save = async () => {
    const token = field.value.trim();
    if (token && (await act("token", { token }))) field.value = "";
  };
  const element = h(
    "details", {}, h("summary", {}, t("models.token")), state,
    h("form", { onsubmit: submitting(save) }, h("label", { for: "hub-token" }, t("models.token_label")), h("div", { class: "with-button" }, field, h("button", { type: "submit", class: "secondary" }, t("models.token_save")))),
    h("div", { class: "ways" }, link, drop),
  );
  return {
    element,
    open() {
      element.open = true;
      field.focus();
    },
    show({ token, token_url }) {
      const said = t(token ? "models.token_there" : "models.token_none");
      if (state.textContent !== said) state.textContent = said;
      drop.hidden = !token;
      link.hidden = !token_url;
      if (token_url) link.href = token_url;
    },
  };
}
