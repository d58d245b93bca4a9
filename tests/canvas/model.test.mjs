// What the chosen model is asked: the user's, or its defaults; and how it becomes known.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Model } from "../../assets/canvas/app/model.js";
import { MODEL_DEFAULTS } from "../../assets/canvas/app/settings.js";

const FIELDS = { steps: { value: 20, min: 1, max: 100 }, guidance: { value: 2, min: 0, max: 30 }, sampler: { value: "dpmpp_2m" } };
const INFO = {
  small: { defaults: {}, samplers: ["dpmpp_2m", "ddim"], supports_strength: true, unsupported: [] },
  photo: { defaults: { steps: 25, guidance: 7.5 }, samplers: ["own", "dpmpp_2m"], supports_strength: true, unsupported: ["negative_prompt"] },
  flow: { defaults: { steps: 28 }, samplers: ["own"], supports_strength: true, unsupported: ["guidance"] },
  plain: { defaults: {}, samplers: [], supports_strength: false, unsupported: ["steps", "guidance", "negative_prompt"] },
};

function modelOf(ask = async (name) => INFO[name]) {
  const model = new Model(ask, () => {});
  model.fields = FIELDS;
  return model;
}

const asked = (model) => MODEL_DEFAULTS.map((name) => model.value(name));
const own = (model) => MODEL_DEFAULTS.filter((name) => model.isOwn(name));

/** A server that is slow: its answers are given by hand, by name. */
function slow() {
  const open = {};
  const ask = (name, signal) => new Promise((done, failed) => {
    open[name] = { done: () => done(INFO[name]), failed: (why) => failed(new Error(why)) };
    signal.addEventListener("abort", () => failed(new Error("aborted")));
  });
  return { open, ask };
}

test("each model is asked its defaults", async () => {
  const model = modelOf();
  const defaults = { small: [20, 2, "dpmpp_2m"], photo: [25, 7.5, "dpmpp_2m"], flow: [28, 2, "own"], plain: [20, 2, "dpmpp_2m"] };
  for (const name of [...Object.keys(defaults), ...Object.keys(defaults)]) {
    await model.choose(name);
    assert.deepEqual([asked(model), own(model)], [defaults[name], []]);
  }
});

test("what the user set stays with every model, and comes back where one knows it not", async () => {
  const model = modelOf();
  await model.choose("small");
  model.set("steps", 25);
  model.set("sampler", "ddim");
  for (const [name, values, his] of [
    ["photo", [25, 7.5, "dpmpp_2m"], []], // 25 is usual there
    ["flow", [25, 2, "own"], ["steps"]],
    ["small", [25, 2, "ddim"], ["steps", "sampler"]],
  ]) {
    await model.choose(name);
    assert.deepEqual([asked(model), own(model)], [values, his]);
  }
});

test("choosing a default gives a setting back to the model", async () => {
  const model = modelOf();
  await model.choose("photo");
  model.set("guidance", 3);
  assert.deepEqual(own(model), ["guidance"]);
  model.set("guidance", "7.5");
  assert.deepEqual(model.own, {});
  await model.choose("small");
  assert.equal(model.value("guidance"), 2);
});

test("a number that is typed is held to what the form allows", () => {
  const model = modelOf();
  model.set("steps", 500);
  assert.equal(model.value("steps"), 100);
  model.set("steps", null); // an emptied field
  assert.equal(model.value("steps"), 1);
});

test("a step's settings are the user's, but for a default", async () => {
  const model = modelOf();
  Object.assign(model.own, { steps: 25, guidance: 2, sampler: "dpmpp_2m" });
  await model.choose("photo");
  model.dropDefaults();
  assert.deepEqual(model.own, { guidance: 2 });
});

test("what a model can do nothing with is known", async () => {
  const model = modelOf();
  const deaf = ["steps", "guidance", "sampler", "negative_prompt"];
  for (const [name, not, able] of [["small", [], true], ["photo", ["negative_prompt"], true], ["plain", deaf, false]]) {
    await model.choose(name);
    assert.deepEqual(deaf.filter((each) => !model.supports(each)), not);
    assert.deepEqual(["fill", "remove", "expand"].map((intent) => model.supportsIntent(intent)), [true, true, true]);
    assert.deepEqual(["refine", "sketch"].map((intent) => model.supportsIntent(intent)), [able, able]);
  }
});

test("while a model is read nothing is known of it; whoever chose another does not wait", async () => {
  const { open, ask } = slow();
  const model = modelOf(ask);
  const photo = model.choose("photo");
  assert.ok(model.loading && model.supports("guidance") && model.supportsIntent("refine"));
  assert.equal(model.choose("photo"), photo); // it is asked once
  const small = model.choose("small");
  await photo; // let go
  assert.ok(model.loading);
  open.photo.done();
  open.small.done();
  await small;
  assert.deepEqual([model.name, model.info], ["small", INFO.small]);
});

test("why a model cannot be read is known, and it is asked again when it is chosen again", async () => {
  const { open, ask } = slow();
  const model = modelOf(ask);
  let coming = model.choose("photo");
  open.photo.failed("its file is gone");
  await coming;
  assert.deepEqual([model.error, model.info, model.loading], ["its file is gone", null, false]);
  coming = model.choose("photo");
  assert.ok(model.loading);
  open.photo.done();
  await coming;
  assert.deepEqual([model.error, model.value("steps")], ["", 25]);
});
