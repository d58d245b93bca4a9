// Who else may look at a document or edit it: its owner says so in the export dialog, and others read what they may do.

import { copyDraft } from "../draft/draft-storage.js";
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

  const link = h("button", { type: "button", class: "secondary", onclick: () => copyLink() }, t("sharing.copy_link"));

  async function copyLink() {
    try {
      await navigator.clipboard.writeText(linkTo(doc));
      link.textContent = t("sharing.link_copied");
    } catch {
      failed(linkTo(doc)); // the browser has no clipboard to give, without https
    }
  }

  return h("div", { class: "sharing" }, h("label", {}, h("span", {}, t("sharing.others")), choice), link);
}

/** The document's address. */
const linkTo = ({ id }) => new URL(`?doc=${encodeURIComponent(id)}`, document.baseURI).href;

/** Follows what the user may do with the document: tells who may only look how to go on, with a copy. editor: the Editor. */
export function showRights(editor) {
  const { doc, notifications } = editor;
  const { dataset } = document.documentElement;
  const onlyLooksAt = doc?.mayEdit === false ? doc.id : undefined;
  if (dataset.onlyLook === onlyLooksAt) return;
  if (onlyLooksAt) {
    dataset.onlyLook = onlyLooksAt;
    editor.pointer.drop();
    editor.floating.drop();
    editor.live.toggle(false);
    editor.viewport.showAlone(false);
    tellOnlyLook(editor);
  } else {
    delete dataset.onlyLook;
    doc?.plan.refresh();
    notifications.dismiss("sharing");
  }
}

function tellOnlyLook(editor) {
  const { doc, notifications, server } = editor;
  const copy = async () => {
    try {
      const { document: id } = await server.shelve(doc.id, "duplicate");
      await doc.draftEditor.store();
      await copyDraft(doc.id, id); // what is not sent yet
      await editor.openDocument(id);
    } catch (error) {
      notifications.note(error.message, "open");
    }
  };
  notifications.note(t("sharing.only_look"), "sharing", "info", { label: t("sharing.copy"), press: copy });
}
