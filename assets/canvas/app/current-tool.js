// The tool in hand: which one it is, its settings, and what it acts on.

import { Layer } from "../draft/layer.js";
import { makeTools } from "../viewport/tools.js";
import { LARGEST, SMALLEST } from "../panels/tool-options.js";
import { TOOLS } from "../panels/toolbar.js";
import { t } from "../lib/locale.js";

export class CurrentTool {
  /** editor: the Editor whose document the tool acts on. */
  constructor(editor) {
    this.editor = editor;
    this.name = "brush"; // as the user chose it; see `active`
    this.diameter = 48; // of the brush, in picture pixels
    this.hardness = 1;
    this.tolerance = 24;
    this.contiguous = true; // whether the wand selects only what is connected
    this.smoothing = 0; // of the wand's outline, in picture pixels
    this.colour = "#c8553d";
    this.forgetStrokes();
  }

  /** Another picture is open: no straight line begins where the last stroke ended. */
  forgetStrokes() {
    this.tools = makeTools(this.#target());
  }

  /** The name of the tool in use: the box of what floats over the picture, the frame when the picture is expanded, else the chosen one if the intent has it. */
  get active() {
    if (this.editor.floating.open) return "transform";
    if (this.editor.form.intent === "expand") return "frame";
    return this.available.includes(this.name) ? this.name : "brush";
  }

  /** What `Pointer` needs of the tool in use: the hand, for who may only look. */
  get handle() {
    if (this.editor.doc?.mayEdit === false) return { name: "hand", tool: { grip: () => false }, radius: 0, resize() {} };
    const name = this.active;
    const kind = name === "edge" ? this.editor.objects.tool : name;
    return { name: kind, tool: name === "transform" ? this.editor.floating.box : this.tools[kind], radius: this.diameter / 2, resize: (diameter) => this.resize(diameter) };
  }

  /** The names of the tools that the intent has. */
  get available() {
    const { intent, sketching } = this.editor.form;
    if (intent === "expand") return [];
    const excluded = sketching ? ["wand", "edge"] : ["picker"];
    return TOOLS.filter((name) => !excluded.includes(name));
  }

  /** The layer that strokes go to. */
  get layer() {
    const draft = this.editor.doc?.draft;
    return this.editor.form.sketching ? draft?.sketch : draft?.mask;
  }

  /** The sketch's colour as a canvas stores it: red in the lowest byte, opaque. */
  get #ink() {
    const [red, green, blue] = [1, 3, 5].map((at) => Number.parseInt(this.colour.slice(at, at + 2), 16));
    return ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0;
  }

  choose(name) {
    this.editor.pointer.drop();
    if (name !== this.name) this.editor.objects.finish();
    this.name = name;
    if (name === "edge") this.editor.objects.recheck();
    else this.editor.refresh();
  }

  /** setting: "diameter", "hardness", "tolerance", "contiguous", "smoothing" or "colour". */
  set(setting, value) {
    this[setting] = value;
    this.editor.refresh();
  }

  resize(diameter) {
    this.set("diameter", Math.min(LARGEST, Math.max(SMALLEST, Math.round(diameter))));
  }

  /** What the tools act on; see `makeTools`. */
  #target() {
    const { editor } = this;
    const key = (command) => editor.bindings.label(command);
    const value = (subtract) => (subtract ? 0 : editor.form.sketching ? this.#ink : 255);
    return {
      settings: this,
      stroke: {
        begin: () => editor.doc?.draftEditor.begin(this.layer),
        segment: (x0, y0, x1, y1, radius, subtract) =>
          editor.doc?.draftEditor.stroke(x0, y0, x1, y1, radius, value(subtract), editor.form.sketching ? 1 : this.hardness),
        end: () => editor.doc?.draftEditor.end(),
        drop: () => editor.doc?.draftEditor.drop(),
      },
      fill: (shape, subtract) => editor.doc?.draftEditor.fill(shape, value(subtract), this.layer),
      show: (path) => editor.viewport.guides.show("shape", path),
      begun: (open) => editor.notifications.status(open ? t("status.polygon", { close: key("finish"), back: key("back"), drop: key("drop") }) : ""),
      scale: () => editor.viewport.view.scale / editor.viewport.ratio,
      wand: (x, y, subtract) => editor.doc?.masks.select({ tool: "wand", x, y, tolerance: this.tolerance, contiguous: this.contiguous, smoothing: this.smoothing }, subtract),
      edge: (segments, subtract) => this.#selectEdge(segments, subtract),
      object: (what, subtract) => editor.objects.press({ ...what, subtract }),
      look: (point, subtract) => (point ? editor.objects.look(point, subtract) : editor.objects.leave()),
      pick: (x, y) => this.set("colour", `#${editor.viewport.colourAt(x, y).map((n) => n.toString(16).padStart(2, "0")).join("")}`),
      frame: () => editor.doc?.frame.box ?? editor.doc?.picture.box,
      setFrame: (box) => editor.doc?.frame.set(box),
    };
  }

  /** Sends a stroke as a rough mask, which the server refines along the picture's edges. */
  #selectEdge(segments, subtract) {
    const { doc } = this.editor;
    if (!doc?.draft) return;
    const rough = new Layer(doc.draft.box);
    rough.begin();
    for (const segment of segments) rough.segment(...segment, 255);
    rough.end();
    const box = rough.bounds();
    if (box) doc.masks.select({ tool: "edge" }, subtract, { box, values: rough.crop(box) });
  }
}
