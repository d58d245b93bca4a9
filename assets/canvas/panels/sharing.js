// Who else may look at a document or edit it: its owner says so in the export dialog, and others read what they may do.

import { h } from "../lib/dom.js";
import { t } from "../lib/locale.js";

const CHOICES = ["look", "edit", "nobody"];

/**
 * The choice of what others may do who have the document's link; null where that is not this user's to say.
 * failed(sentence): it could not be changed.
 */
export function sharingRow(server, doc, failed) {
  if (doc.state.may !== "own") return null;
  const options = CHOICES.map((value) => h("option", { value }, t(`sharing.${value}`)));
  const choice = h("select", { onchange: () => change() }, ...options);
  choice.value = doc.state.shared;

  async function change() {
    failed("");
    try {
      await doc.follower.after(server.share(doc.id, choice.value));
    } catch (error) {
      failed(error.message);
    }
    choice.value = doc.state.shared;
  }

  return h("label", { class: "sharing" }, h("span", {}, t("sharing.others")), choice);
}

/** Tells who may only look how to go on: with a copy. editor: the Editor. */
export function tellOnlyLook(editor) {
  const { doc, notifications, server } = editor;
  const copy = async () => {
    try {
      await editor.openDocument((await server.shelve(doc.id, "duplicate")).document);
    } catch (error) {
      notifications.note(error.message, "open");
    }
  };
  notifications.note(t("sharing.only_look"), "sharing", "info", { label: t("sharing.copy"), press: copy });
}
