// The bar that tells which step of the history is amended, which later steps are replayed then, and how long that takes.

import { duration } from "../app/eta.js";
import { serverOf } from "../app/model.js";
import { h } from "../lib/dom.js";
import { title } from "./history-rows.js";
import { t } from "../lib/locale.js";

/** Says to which servers steps send parts of the picture; "" if all run here. */
function sends(steps) {
  const hosts = new Set(steps.map(({ pipeline }) => serverOf(pipeline)).filter(Boolean));
  return [...hosts].map((host) => ` ${t("status.sends_part", { host })}`).join("");
}

/** Says how many later steps are replayed. seconds: that this takes, null if unknown. */
export function replaySentence(later, seconds) {
  return t(later.length > 1 ? "amend.many" : "amend.one", { n: later.length, time: seconds ? t("amend.time", { time: duration(seconds) }) : "" }) + sends(later);
}

/** Says how many steps a model must repeat. runs: [{ pipeline, steps }]. seconds: as above. */
export function repeatSentence(runs, seconds) {
  return t(runs.length > 1 ? "layers.many" : "layers.one", { n: runs.length, time: seconds ? t("amend.time", { time: duration(seconds) }) : "" }) + sends(runs);
}

/** step: see `StepAmendment`. estimate: see `EditPlan`. */
function sentence(amended, estimate, eta) {
  const { step, of, later } = amended;
  if (!later) return title(amended); // the server is still asked for the rest
  const seconds = estimate && eta.secondsFor([estimate, ...later]);
  const start = t("amend.on", { step, of, title: title(amended) });
  if (!later.length) return seconds ? `${start} ${t("amend.alone", { time: duration(seconds) })}` : start;
  return `${start} ${replaySentence(later, seconds)}`;
}

/** eta: Eta. stop(): amend no step after all. */
export function amendBar(eta, stop) {
  const text = h("p", {});
  const button = h("button", { type: "button", class: "text-button", onclick: stop }, t("amend.stop"));
  const element = h("div", { class: "amending", role: "status", hidden: true }, text, button);
  return {
    element,
    /** step: that is amended, or null. estimate: of the edit that replaces it, or null. */
    show(step, estimate) {
      element.hidden = !step;
      if (step) text.textContent = sentence(step, estimate, eta);
    },
  };
}
