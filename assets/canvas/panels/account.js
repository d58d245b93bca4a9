// Who is signed in at this browser, and the way out: a line on the start view, and a menu of the bar. Whom a proxy has
// signed in signs out there, and sees neither.

import { h, iconButton } from "../lib/dom.js";
import { t } from "../lib/locale.js";

/** signOut(): the user leaves. Returns { opener, menu, line, show(signsOut) }: the menu's button, the menu, and the line. */
export function accountPanel(signOut) {
  const parts = () => [h("span", {}, t("account.token")), h("button", { type: "button", onclick: signOut }, t("account.sign_out"))];
  const line = h("div", { class: "account", hidden: true }, ...parts());
  const menu = h("div", { class: "menu account-menu", popover: "auto", id: "account-menu" }, ...parts());
  const opener = iconButton("account", t("account.title"), null, null, { class: "icon-button account-button", hidden: true, popovertarget: menu.id });
  menu.addEventListener("toggle", ({ newState }) => {
    if (newState !== "open") return;
    const { right, bottom } = opener.getBoundingClientRect();
    Object.assign(menu.style, { left: `${Math.max(8, right - menu.offsetWidth)}px`, top: `${bottom + 6}px` });
  });
  return {
    opener, menu, line,
    /** signsOut: whether this user has signed in at the sign-in page. */
    show(signsOut) {
      opener.hidden = line.hidden = !signsOut;
    },
  };
}

/** Shows what the server says of the user. editor: the Editor. */
export async function showAccount(editor) {
  const { signs_out } = await editor.server.user().catch(() => ({ signs_out: false }));
  editor.panels.account.show(signs_out);
  // a page that the browser kept for its Back button would show the document of who has signed out
  if (signs_out) window.addEventListener("pageshow", ({ persisted }) => persisted && location.reload());
}

/** Signs this browser out, and goes to the sign-in page. What is painted and not sent is there when the document is opened again. */
export async function signOut(editor) {
  try {
    editor.doc?.submission.giveUp();
    await editor.doc?.draftEditor.store();
    await editor.server.signOut();
    location.replace(location.pathname);
  } catch (error) {
    editor.notifications.note(error.message, "account");
  }
}
