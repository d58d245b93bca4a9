// The commands of keys and buttons, by their names in bindings.js.

import { copyFrom } from "./clipboard.js";
import { choosePicture } from "../panels/start.js";
import { TOOLS } from "../panels/toolbar.js";
import { isField } from "./keys.js";
import { exportDialog } from "../panels/export-dialog.js";
import { savedMasksDialog } from "../panels/saved-masks.js";
import { INTENTS } from "./edit-form.js";
import { zoomStop } from "../viewport/view.js";

const PAN = 80; // CSS pixels that an arrow key moves the picture
const GROWTH = 8; // pixels by which the keys grow and shrink a mask
const TURN = 15; // degrees by which the keys turn the view

/** Commands that work while something floats over the picture; others would change what lies beneath it. */
const BESIDE_FLOATING = [
  "finish", "drop", "undo", "cancel", "fit", "actual", "closer", "farther", "left", "right", "up", "down", "clockwise", "anticlockwise", "upright", "flip",
  "prompt", "settings", "history", "queue", "models", "panels", "fill", "remove", "refine", "expand", "sketch", "place", "open", "home", "help", "rename", "export",
];

/** Commands of who may only look; others would change what is not seen then, and is the document's as soon as it may be edited. */
const LOOKING = [
  "drop", "fit", "actual", "closer", "farther", "left", "right", "up", "down", "clockwise", "anticlockwise", "upright", "flip", "before", "split", "difference",
  "settings", "history", "layers", "queue", "models", "panels", "menu", "copy", "open", "home", "help", "export",
];

/** editor: Editor. Returns { name: () => void }. */
export function makeCommands(editor) {
  const commands = allCommands(editor);
  const mayRun = (name) => (editor.doc?.mayEdit === false ? LOOKING.includes(name) : BESIDE_FLOATING.includes(name) || !editor.floating.comesFirst());
  const guarded = (name, run) => (...values) => (mayRun(name) ? run(...values) : null);
  return Object.fromEntries(Object.entries(commands).map(([name, run]) => [name, guarded(name, run)]));
}

/** Closes the polygon, or leaves the selected object as it is; false if none has begun. */
const finishShape = ({ objects, pointer }) => (pointer.closeShape() === false ? objects.finish() : null);

function allCommands(editor) {
  const doc = () => editor.doc;
  const field = (selector) => document.querySelector(selector);
  const pan = (x, y) => () => editor.viewport.pan(x * PAN * editor.viewport.ratio, y * PAN * editor.viewport.ratio);
  const turn = (degrees) => () => editor.viewport.turn(editor.viewport.view.angle + degrees);
  const zoom = (direction) => () => editor.viewport.zoom(zoomStop(editor.viewport.view.scale, direction));
  const intents = Object.fromEntries(INTENTS.map((intent) => [intent, () => editor.form.intend(intent)]));
  return {
    ...Object.fromEntries(TOOLS.map((name) => [name, () => editor.tool.choose(name)])),
    ...intents,
    smaller: () => editor.tool.resize(editor.tool.diameter / 1.15 - 1), larger: () => editor.tool.resize(editor.tool.diameter * 1.15 + 1),
    softer: () => editor.tool.set("hardness", Math.max(0, editor.tool.hardness - 0.1)), harder: () => editor.tool.set("hardness", Math.min(1, editor.tool.hardness + 0.1)),
    finish: () => (editor.floating.open ? void editor.floating.accept() : finishShape(editor)),
    back: () => (editor.pointer.dropCorner() === false ? editor.objects.back() : null),
    all: () => doc()?.draftEditor.all(), clear: () => doc()?.draftEditor.clear(editor.tool.layer), invert: () => doc()?.draftEditor.invert(), recall: () => doc()?.masks.recall(),
    grow: () => doc()?.masks.change({ do: "grow", by: GROWTH }), shrink: () => doc()?.masks.change({ do: "shrink", by: GROWTH }),
    masks: () => doc()?.draft && savedMasksDialog(doc()), transform: () => editor.floating.transformMask(),
    holes: () => doc()?.masks.change({ do: "holes" }), alone: () => editor.viewport.showAlone(!editor.viewport.alone),
    delete: () => (editor.pointer.dropCorner() === false ? void editor.generation.removeMasked() : null),
    copy: () => (getSelection().isCollapsed ? void (doc()?.picture.revision && copyFrom(doc())) : false), menu: () => editor.openMenu(),
    generate: () => field("#generate")?.click(), live: () => editor.live.toggle(), again: () => editor.generation.again(), drop: () => editor.escape(),
    cancel: () => (doc()?.busy ? void doc().queue.cancel() : false),
    undo: () => editor.floating.drop() || doc()?.undo(), redo: () => doc()?.redo(),
    before: (again) => again || editor.compareWithBefore("whole"), split: () => editor.compareWithBefore(editor.compare.mode === "split" ? null : "split"),
    difference: () => editor.compareWithBefore(editor.compare.mode === "difference" ? null : "difference"),
    fit: () => editor.viewport.fit(), actual: () => editor.viewport.zoom(1), closer: zoom(1), farther: zoom(-1),
    clockwise: turn(TURN), anticlockwise: turn(-TURN), upright: () => editor.viewport.straighten(), flip: () => editor.viewport.flip(),
    left: pan(1, 0), right: pan(-1, 0), up: pan(0, 1), down: pan(0, -1),
    prompts: () => (isField(document.activeElement) && !document.activeElement.closest("#prompt-row") ? false : void (editor.showPanels(), editor.form.recent.toggle())),
    prompt: () => (editor.showPanels(), field("#prompt :is(input, textarea)")?.focus()), settings: () => editor.togglePanel("settings"),
    history: () => editor.togglePanel("history"), layers: () => editor.togglePanel("layers"), queue: () => editor.togglePanel("queue"), models: () => editor.togglePanel("models"), panels: () => editor.hidePanels(),
    open: () => editor.panels.start.chooseFile(), place: () => doc()?.draft && choosePicture((file) => editor.floating.place(file)), home: () => editor.home(), help: () => editor.help(), rename: (name) => doc()?.rename(name),
    export: () => doc() && exportDialog(editor.server, doc(), (sentence) => editor.notifications.note(sentence, "export", "info")),
  };
}
