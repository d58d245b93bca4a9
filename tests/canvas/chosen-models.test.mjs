// Which model each mode uses.
import assert from "node:assert/strict";
import { test } from "node:test";
import { AUTO, ChosenModels } from "../../assets/canvas/app/chosen-models.js";
import { loadKind, saveKind } from "../../assets/canvas/document/picture-kind.js";

const MODES = ["fill", "remove", "refine", "expand", "sketch"];

function chosen(own = {}, defaults = {}) {
  return Object.assign(new ChosenModels(), { own, defaults, names: ["small", "photo", "patches"], first: "small" });
}

const all = (models) => MODES.map((mode) => models.of(mode));

test("Remove lets the picture decide, and every other mode follows Fill until it has its own", () => {
  assert.deepEqual(all(chosen()), ["small", AUTO, "small", "small", "small"]);
  assert.deepEqual(all(chosen({ fill: "photo" })), ["photo", AUTO, "photo", "photo", "photo"]);
  assert.deepEqual(all(chosen({ fill: "photo", remove: "patches", sketch: "small" })), ["photo", "patches", "photo", "photo", "small"]);
});

test("the operator's default counts until the user chooses in that mode", () => {
  const defaults = { fill: "photo", remove: "patches", refine: "small" };
  assert.deepEqual(all(chosen({}, defaults)), ["photo", "patches", "small", "photo", "small"]);
  assert.deepEqual(all(chosen({ fill: "patches", remove: AUTO }, defaults)), ["patches", AUTO, "small", "patches", "small"]);
  const alike = { fill: "photo", remove: "", refine: "photo" }; // Refine has none of its own, and follows Fill
  assert.deepEqual(all(chosen({ fill: "small" }, alike)), ["small", AUTO, "small", "small", "small"]);
});

test("a model that is gone gives way, and comes back when it does", () => {
  const models = chosen({ fill: "photo", remove: "patches" });
  models.names = ["small"];
  assert.deepEqual(all(models), ["small", AUTO, "small", "small", "small"]);
  models.names = ["other"];
  assert.deepEqual(models.of("fill"), "other");
  models.names = ["small", "photo", "patches"];
  assert.deepEqual(models.of("fill"), "photo");
  assert.equal(chosen({ fill: AUTO }).of("fill"), "small"); // the picture decides in Remove alone
});

test("what the user says of a picture is remembered by document, and what is not a kind is not", () => {
  const kept = { getItem: () => kept.text, setItem: (_, value) => (kept.text = value), text: null };
  assert.equal(loadKind("a", kept), null);
  saveKind("a", "drawing", kept);
  saveKind("b", "photograph", kept);
  saveKind("a", "photograph", kept);
  assert.deepEqual(["a", "b", "c"].map((id) => loadKind(id, kept)), ["photograph", "photograph", null]);
  for (const text of ["nothing", "7", '[["a", "cat"], 5]']) assert.equal(loadKind("a", { ...kept, getItem: () => text }), null);
  for (let n = 0; n < 300; n++) saveKind(`${n}`, "drawing", kept);
  assert.equal(JSON.parse(kept.text).length, 200);
});
