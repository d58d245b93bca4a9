// What is said before a run about the model and this picture: which one removes and why, or that it paints no photographs.

import { modelName } from "./settings.js";
import { t } from "../lib/locale.js";

const OTHER = { drawing: "photograph", photograph: "drawing" };

/** Returns { sentence, label, press() }, or null where there is nothing to say. */
export function adviceFor({ doc, form, panels }) {
  const estimate = doc?.plan.estimate;
  if (!estimate) return null;
  const model = modelName(estimate.pipeline);
  if (estimate.why) {
    const other = OTHER[estimate.kind];
    return { sentence: t(`removal.${estimate.why}`, { model }), label: t(`removal.is_${other}`), press: () => doc.setKind(other) };
  }
  const draws = ["refine", "expand", "sketch"].includes(form.intent) || (form.intent === "fill" && form.values.prompt.trim());
  if (!draws || estimate.kind !== "photograph" || form.model.purpose !== "drawings") return null;
  return { sentence: t("model.flat"), label: t("model.get"), press: () => panels.side.open("models") };
}
