// Has the newest target painted, once it has stayed the same for a moment. What an earlier target brings is out of date. No DOM.

export const PAUSE_MS = 150; // after the last change: within it, most people press the next key

export class LivePainter {
  /**
   * paint(request, signal): an async iterator of reports, see `Server.live`. show(picture): shows one. failed(error): nothing
   * comes of the target. changed(): `run` is another.
   */
  constructor({ paint, show, failed, changed }) {
    Object.assign(this, { paint, show, failed, changed });
    this.key = null; // of the target; null: there is none
    this.run = "idle"; // or "painting", "ready"
    this.timer = 0;
    this.controller = null; // of the request under way
  }

  /** target: { key: another for another picture, request(): a promise of the request }, or null. The same again changes nothing. */
  want(target) {
    const key = target?.key ?? null;
    if (key === this.key) return;
    this.key = key;
    clearTimeout(this.timer);
    this.controller?.abort();
    this.controller = null;
    if (target) this.timer = setTimeout(() => this.#paint(target), PAUSE_MS);
    this.#turn(target ? "painting" : "idle");
  }

  async #paint(target) {
    const controller = new AbortController();
    this.controller = controller;
    const isCurrent = () => this.controller === controller;
    try {
      const request = await target.request();
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
