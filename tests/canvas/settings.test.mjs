import assert from "node:assert/strict";
import { test } from "node:test";
import { remember, restore } from "../../assets/canvas/settings.js";

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
  remember({ new_seed: false, steps: 50, pipeline: "classical", prompt: "a cat" }, kept);
  assert.deepEqual(restore(FIELDS, kept), ["a cat", "classical", 50, false]);
});

test("what does not fit any more gives way to its default", () => {
  const wrong = storage(JSON.stringify({ prompt: 7, pipeline: "gone", steps: 5000, new_seed: "yes" }));
  assert.deepEqual(restore(FIELDS, wrong), ["", "glide-mini", 20, true]);
  for (const text of [null, "null", "{", "[]"]) assert.deepEqual(restore(FIELDS, storage(text)), ["", "glide-mini", 20, true]);
});
