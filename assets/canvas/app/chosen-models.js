// Which model each mode uses: the one that the user chose there, else the server's default. No DOM.

export const AUTO = "auto"; // in Remove: the picture decides
const SHARED = { expand: "fill", sketch: "refine" }; // modes that share another's default

export class ChosenModels {
  constructor() {
    this.own = {}; // mode -> the model that the user chose there
    this.defaults = {}; // "fill", "remove", "refine" -> the server's; that of "remove" is "" where the picture decides
    this.names = null; // of the models to choose from; null: not known yet
    this.first = null; // the server's default
  }

  /** The model of a mode. A mode for which nobody chose one has Fill's. */
  of(intent) {
    const { fill, remove, refine } = this.defaults;
    const apart = { remove: remove || AUTO, refine: refine === fill ? null : refine }[SHARED[intent] ?? intent]; // not as Fill's
    const wanted = [this.own[intent], apart, this.own.fill, fill, this.first];
    return wanted.find((name) => this.#offers(name, intent)) ?? this.names?.[0] ?? this.first;
  }

  #offers(name, intent) {
    if (name === AUTO) return intent === "remove";
    return Boolean(name) && (this.names?.includes(name) ?? true);
  }
}
