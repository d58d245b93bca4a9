// Sends a document's requests: shows the state each answers with, reports what fails, and repeats what must arrive.

import { LOST_MS } from "./polling.js";
import { SignedOut, Unreachable } from "../net/responses.js";
import { t } from "../lib/locale.js";

export class Requests {
  /** follower: Follower of the document's state. */
  constructor(follower, notifications) {
    Object.assign(this, { follower, notifications });
    this.closed = false;
    this.stop = null; // ends the attempts of `retry`
  }

  get retrying() {
    return this.stop !== null;
  }

  /** Waits for a command's response and says `status` then. False when it failed, which is reported. */
  async run(response, status = "") {
    try {
      await this.follower.after(response);
      if (status) this.notifications.status(status);
      return true;
    } catch (error) {
      this.report(error, "command");
      return false;
    }
  }

  report(error, topic) {
    if (!(error instanceof Unreachable)) this.notifications.note(error.message, topic);
    else if (topic === "command") this.notifications.status(t("status.not_done")); // nothing repeats it
    else this.notifications.away(error);
  }

  /**
   * Sends until the server is reached: the same edit of the same revision is one job, however often it arrives. Not while
   * nobody is signed in: the sign-in page takes the place of this one, and with it of what is on its way.
   */
  async retry(send) {
    let stopped = false;
    for (;;) {
      try {
        return await this.follower.after(send());
      } catch (error) {
        if (stopped || this.closed || !(error instanceof Unreachable)) throw error;
        this.notifications.away(error);
        if (error instanceof SignedOut) throw error;
        await new Promise((resolve) => {
          setTimeout(resolve, LOST_MS);
          this.stop = () => resolve((stopped = true));
        });
        if (stopped) throw error;
      } finally {
        this.stop = null;
      }
    }
  }
}
