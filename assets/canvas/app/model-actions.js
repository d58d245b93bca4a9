// What is done with the models of the server: choosing one, deleting one, and offering the one that has come.

import { ModelLibrary } from "./model-library.js";
import { sizeInWords, t } from "../lib/locale.js";

const PAINTS = ["fill", "remove"]; // uses of the models that an edit can be made with

export class ModelActions {
  constructor(editor) {
    this.editor = editor;
    this.library = new ModelLibrary(editor.server, {
      changed: () => editor.refresh(),
      choices: (models, defaults) => editor.form.offer(models, defaults),
      selectors: () => editor.objects.recheck(),
      ended: (download, model) => this.#ended(download, model),
      failed: (sentence) => editor.notifications.note(sentence, "models"),
      succeeded: () => editor.notifications.dismiss("models"),
    });
  }

  /** Opens the list of models. */
  open() {
    this.editor.showPanels();
    this.editor.panels.side.open("models");
    document.querySelector("#tab-models").focus();
  }

  /** Chooses a model for the mode in use, or for Fill where that mode has no use for it. */
  use({ name, use }) {
    const { form } = this.editor;
    const intent = { adjust: use, remove: use }[form.intent] ?? form.intent; // "fill" or "remove"
    form.useModel(name, intent);
    if (intent !== form.intent) form.intend(intent);
  }

  /** Deletes a model, and says how much room that made. */
  async drop({ name, title }) {
    const answer = await this.library.act("remove", { name });
    if (!answer) return;
    const sentence = answer.freed ? t("models.freed", { title, size: sizeInWords(answer.freed) }) : t("models.unlisted", { title });
    this.editor.notifications.note(sentence, "models", "info");
  }

  /** A download has ended. model: the one that came, undefined if it failed. */
  #ended({ title, model: id, error }, model) {
    const { notifications, panels } = this.editor;
    const use = model && PAINTS.includes(model.use) ? { label: t("models.use_now"), press: () => this.use(model) } : null;
    if (!error) notifications.note(t("models.ready", { model: title || id }), "models", "info", use);
    else if (panels.side.tab !== "models") notifications.note(error, "models", "error", { label: t("models.look"), press: () => this.open() });
  }
}
