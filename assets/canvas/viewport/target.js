// What the tools act on: the open document's draft, by the intent a mask or a sketch, and the frame.

import { Layer } from "../draft/layer.js";
import { t } from "../lib/locale.js";

/** editor: Editor. See `makeTools` for what it returns. */
export function targetOf(editor) {
  const key = (verb) => editor.bindings.label(verb);
  const value = (away) => (away ? 0 : editor.sketching ? editor.ink : 255);
  /** A stroke as a mask of its own, whatever is painted: the rough selection which the server makes a fine one of. */
  const selection = (segments, away) => {
    if (!editor.doc?.draft) return;
    const rough = new Layer(editor.doc.draft.box);
    rough.begin();
    for (const segment of segments) rough.segment(...segment, 255);
    rough.end();
    const box = rough.bounds();
    if (box) editor.doc.masks.select({ tool: "edge" }, away, { box, values: rough.crop(box) });
  };
  return {
    settings: editor.tool,
    stroke: {
      begin: () => editor.doc?.draftEditor.begin(editor.layer),
      segment: (...line) => {
        const [away, radius] = [line.pop(), line.pop()];
        editor.doc?.draftEditor.stroke(...line, radius, value(away), editor.sketching ? 1 : editor.tool.hardness);
      },
      end: () => editor.doc?.draftEditor.end(),
      drop: () => editor.doc?.draftEditor.drop(),
    },
    fill: (shape, away) => editor.doc?.draftEditor.fill(shape, value(away), editor.layer),
    show: (path) => editor.viewport.guides.show("shape", path),
    begun: (open) => editor.notifications.status(open ? t("status.polygon", { close: key("finish"), back: key("back"), drop: key("drop") }) : ""),
    scale: () => editor.viewport.view.scale / editor.viewport.ratio,
    wand: (x, y, away) => editor.doc?.masks.select({ tool: "wand", x, y, tolerance: editor.tool.tolerance }, away),
    edge: selection,
    pick: (x, y) => editor.set("colour", `#${editor.viewport.colourAt(x, y).map((n) => n.toString(16).padStart(2, "0")).join("")}`),
    frame: () => editor.doc?.frame.box ?? editor.doc?.picture.box,
    setFrame: (box) => editor.doc?.frame.set(box),
  };
}
