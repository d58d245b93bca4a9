// The study's server: what a person is shown, its pictures, and where answers go.

import { t } from "../lib/locale.js";
import { Unreachable } from "../net/responses.js";

const PAUSE = 1000; // ms between two attempts to get a picture

export class Closed extends Error {}

async function ask(address, options) {
  let response;
  try {
    response = await fetch(address, { cache: "no-store", ...options });
  } catch {
    throw new Unreachable(t("study.offline"));
  }
  if (response.ok) return response;
  const { error } = await response.json().catch(() => ({}));
  if (response.status === 409) throw new Closed(t("study.closed"));
  if (response.status >= 500) throw new Unreachable(error ?? t("study.offline")); // the answer is to be sent again
  throw new Error(error ?? t("note.refused", { status: response.status }));
}

export class StudyServer {
  /** study: its token, the last part of the page's address. rater: the person's. */
  constructor(study, rater) {
    this.address = (path = "") => new URL(`${study}/${rater}${path}`, location.href);
  }

  async state() {
    return (await ask(this.address())).json();
  }

  async post(answer) {
    await ask(this.address("/answers"), { method: "POST", body: JSON.stringify(answer) });
  }

  /** Loads a picture until it is there; report(error) says why it is not yet, null when it is. Returns an <img>, decoded. */
  async picture(token, report) {
    for (;;) {
      try {
        const image = new Image();
        image.src = URL.createObjectURL(await (await ask(this.address(`/pictures/${token}`))).blob());
        await image.decode();
        URL.revokeObjectURL(image.src);
        report(null);
        return image;
      } catch (error) {
        report(error);
        if (!(error instanceof Unreachable)) throw error;
        await new Promise((resolve) => setTimeout(resolve, PAUSE));
      }
    }
  }
}
