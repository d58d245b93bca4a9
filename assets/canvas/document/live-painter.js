// Has the newest wish painted, once it has stayed the same for a moment. What an earlier wish brings is out of date. No DOM.

export const PAUSE_MS = 150; // after the last change: within it, most people press the next key

export class LivePainter {
  /**
   * paint(request, signal): an async iterator of reports, see `Server.live`. show(picture): shows one. failed(error): nothing
   * comes of the wish. changed(): `run` is another.
   */
  constructor({ paint, show, failed, changed }) {
    Object.assign(this, { paint, show, failed, changed });
    this.key = null; // of the wish; null: there is none
    this.run = "idle"; // or "painting", "ready"
    this.timer = 0;
    this.controller = null; // of the request under way
  }

  /** wish: { key: another for another picture, request(): a promise of the request }, or null. The same again changes nothing. */
  want(wish) {
    const key = wish?.key ?? null;
    if (key === this.key) return;
    this.key = key;
    clearTimeout(this.timer);
    this.controller?.abort();
    this.controller = null;
    if (wish) this.timer = setTimeout(() => this.#paint(wish), PAUSE_MS);
    this.#turn(wish ? "painting" : "idle");
  }

  async #paint(wish) {
    const controller = new AbortController();
    this.controller = controller;
    const isCurrent = () => this.controller === controller;
    try {
      const request = await wish.request();
      for await (const { state, picture, error } of this.paint(request, controller.signal)) {
        if (!isCurrent()) return;
        if (state === "failed") throw new Error(error);
        if (picture) this.show(picture);
        if (state !== "painting") this.#turn(state === "ready" ? "ready" : "idle");
      }
    } catch (error) {
      if (!isCurrent()) return;
      this.#turn("idle");
      this.failed(error);
    }
  }

  #turn(run) {
    if (run === this.run) return;
    this.run = run;
    this.changed();
  }
}
