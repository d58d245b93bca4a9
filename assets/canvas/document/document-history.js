// The history of the open document: its tree of revisions, and what can be done to it.

import { t } from "../lib/locale.js";

export class DocumentHistory {
  /** doc: the OpenDocument whose history it is. */
  constructor(doc) {
    this.doc = doc;
    this.tree = null; // the nodes as the server listed them last
    this.version = null; // of the tree that was loaded last: all that the tree depends on
    this.changes = 0; // those made here that no pointer of the document shows
  }

  /** The tree, loaded anew if it may have changed: the same array if it has not. Null if it was never loaded. */
  async load() {
    const { id, requests, server, state } = this.doc;
    const { head, tip, matches, running } = state;
    const version = JSON.stringify([head, tip, matches, running.map(({ revision }) => revision), this.changes]);
    if (version === this.version) return this.tree;
    this.version = version;
    try {
      this.tree = await server.tree(id);
    } catch (error) {
      this.version = null; // the next state tries again
      requests.report(error, "tree");
    }
    return this.tree;
  }

  /** Makes another revision the head. */
  visit(revision) {
    const { amendment, busy, display, id, requests, server, state } = this.doc;
    display.hoverRevision = null;
    if (amendment.step) amendment.stop();
    if (!busy && revision !== state.head) return requests.run(server.step(id, "checkout", revision));
  }

  async rename(revision, name) {
    const { id, requests, server } = this.doc;
    await requests.run(server.rename(id, revision, name));
    this.changed();
  }

  /** Marks a state with a star, or removes it. */
  async star({ revision, starred }) {
    const { id, requests, server } = this.doc;
    await requests.run(server.step(id, starred ? "unstar" : "star", revision));
    this.changed();
  }

  /** Deletes a step and all later ones, and offers to undo that. */
  async discard({ revision, parent }) {
    const { busy, id, notifications, requests, server, state } = this.doc;
    if (busy || !parent) return;
    const { head } = state;
    if (!(await requests.run(server.step(id, "discard", revision)))) return;
    this.changed();
    const recover = async () => {
      await requests.run(server.step(id, "recover", revision));
      await this.visit(head);
      this.changed();
    };
    notifications.note(t("note.discarded"), "discarded", "info", { label: t("note.have_back"), press: recover });
  }

  /** What changed here shows in no pointer of the document. */
  changed() {
    this.changes += 1;
    this.doc.changed();
  }
}
