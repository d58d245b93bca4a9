// The study's server: what a person is shown, its pictures, and where answers go.

import { t } from "../lib/locale.js";
import { Unreachable } from "../net/responses.js";

const PAUSE = 1000; // ms between two attempts to get a picture
const [REFUSED, ENDED] = [400, 409];

/** The study takes no more answers. */
export class Closed extends Error {}
/** The server says, in words of its own, that what it was sent is wrong: to send it again is of no use. */
export class Refused extends Error {}

const json = (response) => response.json();

/**
 * Returns what read(response) makes of the body. A connection may break in there, and what answers may be a proxy or
 * another server on the same port: whatever is no answer of the study's is Unreachable, and asked for again.
 */
async function ask(address, read, options) {
  let response, error;
  try {
    response = await fetch(address, { cache: "no-store", ...options });
    if (response.ok) return await read(response);
    ({ error } = await response.json());
  } catch {
    throw new Unreachable(t("study.offline"));
  }
  if (error && response.status === ENDED) throw new Closed(t("study.closed"));
  if (error && response.status === REFUSED) throw new Refused(error);
  throw new Unreachable(error ? t("study.kept", { error }) : t("study.offline"));
}

async function decoded(response) {
  const image = new Image();
  image.src = URL.createObjectURL(await response.blob());
  try {
    await image.decode();
  } finally {
    URL.revokeObjectURL(image.src);
  }
  return image;
}

export class StudyServer {
  /** study: its token, the last part of the page's address. rater: the person's. */
  constructor(study, rater) {
    this.address = (path = "") => new URL(`${study}/${rater}${path}`, location.href);
  }

  async state() {
    return ask(this.address(), json);
  }

  async post(answer) {
    await ask(this.address("/answers"), json, { method: "POST", body: JSON.stringify(answer) });
  }

  /** Loads a picture until it is there; report(error) says why it is not yet, null when it is. Returns an <img>, decoded. */
  async picture(token, report) {
    for (;;) {
      try {
        const image = await ask(this.address(`/pictures/${token}`), decoded);
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
