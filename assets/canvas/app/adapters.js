// The adapters that are added to the model, and the reference picture: what the user chose, kept by this browser.

import { loadJson, saveJson } from "../lib/storage.js";
import { ObjectStore } from "../lib/object-store.js";
import { smallPicture } from "../net/small-picture.js";

const STORED = "palimpsest-adapters";
const REFERENCE = "reference"; // its key in the store
const MAX_WEIGHT = 2;
const LOOKS = "ip-adapter"; // the kind that looks at the reference

const pictures = new ObjectStore("palimpsest-reference", "pictures", (database) => database.createObjectStore("pictures"));
const fits = (entry) => typeof entry?.name === "string" && entry.weight >= 0 && entry.weight <= MAX_WEIGHT;

export class ChosenAdapters {
  /** server: Server. changed(): others are chosen, or more is known of them. */
  constructor(server, changed) {
    Object.assign(this, { server, changed });
    const stored = loadJson(STORED, []);
    this.chosen = Array.isArray(stored) ? stored.filter(fits).map(({ name, weight }) => ({ name, weight })) : [];
    this.reference = null; // a Blob, PNG
    this.list = []; // see `Server.adapters`; of the model chosen last
    this.pipeline = null;
    this.request = Promise.resolve(); // resolves when the list is there
    this.saved = null; // the reference that this browser has stored
    pictures.transact("readonly", (store) => store.get(REFERENCE)).then((blob) => {
      if (!blob || this.reference) return;
      this.reference = this.saved = blob;
      this.changed();
    }).catch(() => {}); // it stores nothing
  }

  /** Asks which adapters there are, and which of them a model takes. */
  choose(pipeline) {
    if (pipeline !== this.pipeline) this.list = [];
    this.pipeline = pipeline;
    this.request = this.server.adapters(pipeline).catch(() => []).then((list) => {
      if (this.pipeline !== pipeline) return;
      this.list = list;
      this.changed();
    });
    return this.request;
  }

  /** What is known of an adapter; undefined if it is not on this machine any more. */
  entry(name) {
    return this.list.find((entry) => entry.name === name);
  }

  weight(name) {
    return this.chosen.find((each) => each.name === name)?.weight ?? null;
  }

  /** weight: null to take it away. */
  set(name, weight) {
    const at = this.chosen.findIndex((each) => each.name === name);
    if (weight === null) this.chosen = this.chosen.filter((each) => each.name !== name);
    else if (at < 0) this.chosen = [...this.chosen, { name, weight }];
    else this.chosen[at].weight = weight;
    this.changed();
  }

  /** Whether one of those in use looks at the reference picture. */
  get looks() {
    return this.#taken.some(({ name }) => this.entry(name).kind === LOOKS);
  }

  /** picture: a Blob that the browser can decode, or null. Throws an error with a sentence if it cannot. */
  async setReference(picture) {
    this.reference = picture && (await smallPicture(picture));
    this.changed();
  }

  get #taken() {
    return this.chosen.filter(({ name }) => this.entry(name)?.takes);
  }

  /** What an edit has of them: those that the model takes, and the picture if one of them looks at it. */
  get edit() {
    return { adapters: this.#taken.map(({ name, weight }) => ({ name, weight })), reference: this.looks ? this.reference : null };
  }

  save() {
    saveJson(STORED, this.chosen);
    if (this.reference === this.saved) return;
    this.saved = this.reference;
    pictures.transact("readwrite", (store) => (this.reference ? store.put(this.reference, REFERENCE) : store.delete(REFERENCE))).catch(() => {});
  }

  /** What `restore` brings back. */
  get state() {
    return { chosen: this.chosen.map((each) => ({ ...each })), reference: this.reference };
  }

  restore({ chosen, reference }) {
    Object.assign(this, { chosen, reference });
    this.changed();
  }

  /** Takes up those of a step. */
  async recall({ adapters = [], reference }, revision) {
    const before = reference ? this.reference : null;
    this.restore({ chosen: adapters.map(({ name, weight }) => ({ name, weight })), reference: before });
    const { chosen } = this;
    const picture = reference ? await this.server.file(this.server.reference(revision)).catch(() => null) : null;
    if (this.chosen === chosen && picture) this.restore({ chosen, reference: picture });
  }
}
