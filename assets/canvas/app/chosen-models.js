// Which model each mode uses: the one that the user chose there, else the server's default. No DOM.

export const AUTO = "auto"; // in Remove: the picture decides
const DEFAULTS = { expand: "fill", sketch: "refine" }; // modes that share another's default

export class ChosenModels {
  constructor() {
    this.own = {}; // mode -> the model that the user chose there
    this.defaults = {}; // "fill", "remove", "refine" -> the operator's choice, "" for none
    this.names = null; // of the models to choose from; null: not known yet
    this.first = null; // the server's default
  }

  /** The model of a mode. */
  of(intent) {
    const usual = this.defaults[DEFAULTS[intent] ?? intent];
    const wanted = [this.own[intent], usual, intent === "remove" ? AUTO : this.own.fill, this.first];
    return wanted.find((name) => this.#offers(name, intent)) ?? this.names?.[0] ?? this.first;
  }

  #offers(name, intent) {
    if (name === AUTO) return intent === "remove";
    return Boolean(name) && (this.names?.includes(name) ?? true);
  }
}
