import assert from "node:assert/strict";
import { test } from "node:test";
import { FAINTEST, loadTint, saveTint } from "../../assets/canvas/app/mask-tint.js";
import { initialForm, modelName, restore, saveSettings } from "../../assets/canvas/app/settings.js";

const FIELDS = [
  { name: "prompt", value: "" },
  { name: "pipeline", value: "glide-mini", choices: ["glide-mini", "classical"] },
  { name: "steps", value: 20, min: 1, max: 100 },
  { name: "new_seed", value: true },
];

function storage(text = null) {
  const it = { getItem: () => it.text, setItem: (_, value) => (it.text = value), text };
  return it;
}

test("what was kept comes back in the form's order", () => {
  const kept = storage();
  saveSettings({ new_seed: false, steps: 50, pipeline: "classical", prompt: "a cat" }, { steps: 50 }, { remove: "classical" }, kept);
  assert.deepEqual(restore(FIELDS, {}, kept), [undefined, "glide-mini", 50, false]);
  assert.deepEqual([initialForm.own, initialForm.models], [{ steps: 50 }, { remove: "classical" }]);
});

test("what is written belongs to its document", () => {
  const kept = storage();
  saveSettings({ prompt: "a cat", negative_prompt: "a dog", pipeline: "classical" }, {}, {}, kept);
  assert.ok(!kept.text.includes("a cat") && !kept.text.includes("a dog"));
  assert.equal(restore(FIELDS, {}, storage(JSON.stringify({ prompt: "a cat" })))[0], undefined);
});

test("what is usual with a model is not kept for another", () => {
  const kept = storage();
  saveSettings({ new_seed: false, steps: 50, pipeline: "classical", prompt: "a cat" }, {}, {}, kept);
  assert.deepEqual(restore(FIELDS, {}, kept), [undefined, "glide-mini", 20, false]);
  assert.deepEqual(initialForm.own, {});
});

test("a sampler of the user's waits for the model that knows it", () => {
  const kept = storage();
  saveSettings({ sampler: "own" }, { sampler: "own" }, {}, kept);
  assert.deepEqual(restore([{ name: "sampler", value: "dpmpp_2m", choices: ["dpmpp_2m"] }], {}, kept), ["dpmpp_2m"]);
  assert.deepEqual(initialForm.own, { sampler: "own" });
});

test("what does not fit any more gives way to its default", () => {
  const wrong = storage(JSON.stringify({ prompt: 7, pipeline: "gone", own: { steps: 5000, prompt: "no" }, new_seed: "yes" }));
  assert.deepEqual(restore(FIELDS, {}, wrong), [undefined, "glide-mini", 20, true]);
  assert.deepEqual(initialForm.own, {});
  for (const text of [null, "null", "{", "[]"]) assert.deepEqual(restore(FIELDS, {}, storage(text)), [undefined, "glide-mini", 20, true]);
});

test("the one model that an earlier version kept for all modes is Fill's", () => {
  restore(FIELDS, {}, storage(JSON.stringify({ pipeline: "classical" })));
  assert.deepEqual(initialForm.models, { fill: "classical" });
  for (const models of [7, null, [3], { remove: 5 }]) {
    restore(FIELDS, {}, storage(JSON.stringify({ models })));
    assert.deepEqual(initialForm.models, {});
  }
});

test("a model is shown by the name it was given", () => {
  restore(FIELDS, { "hf:me/photo": "photo" }, storage());
  assert.deepEqual(["hf:me/photo", "classical"].map(modelName), ["photo", "classical"]);
});

test("the masks' colour and opacity come back, and what does not fit gives way to the default", () => {
  const kept = storage();
  const usual = loadTint(kept);
  const tint = { colour: "#ff8800", opacity: FAINTEST };
  saveTint(tint, kept);
  assert.deepEqual(loadTint(kept), tint);
  for (const text of ["nothing", "[]", '{"colour": "red", "opacity": 0}', '{"colour": 5, "opacity": "1"}', '{"opacity": 2}']) {
    assert.deepEqual(loadTint(storage(text)), usual, text);
  }
  assert.deepEqual(loadTint(storage('{"colour": "#123456", "opacity": null}')), { ...usual, colour: "#123456" });
});
