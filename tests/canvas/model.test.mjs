// What the chosen model is asked: the user's, or what is usual with it; and how it becomes known.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Model } from "../../assets/canvas/app/model.js";
import { USUAL } from "../../assets/canvas/app/settings.js";

const FIELDS = { steps: { value: 20, min: 1, max: 100 }, guidance: { value: 2, min: 0, max: 30 }, sampler: { value: "dpmpp_2m" } };
const TOLD = {
  small: { usual: {}, samplers: ["dpmpp_2m", "ddim"], refines: true, unheeded: [] },
  photo: { usual: { steps: 25, guidance: 7.5 }, samplers: ["own", "dpmpp_2m"], refines: true, unheeded: ["negative_prompt"] },
  flow: { usual: { steps: 28 }, samplers: ["own"], refines: true, unheeded: ["guidance"] },
  plain: { usual: {}, samplers: [], refines: false, unheeded: ["steps", "guidance", "negative_prompt"] },
};

function modelOf(ask = async (name) => TOLD[name]) {
  const model = new Model(ask, () => {});
  model.fields = FIELDS;
  return model;
}

const asked = (model) => USUAL.map((name) => model.value(name));
const own = (model) => USUAL.filter((name) => model.isOwn(name));

/** A server that is slow: its answers are given by hand, by name. */
function slow() {
  const open = {};
  const ask = (name, signal) => new Promise((done, failed) => {
    open[name] = { done: () => done(TOLD[name]), failed: (why) => failed(new Error(why)) };
    signal.addEventListener("abort", () => failed(new Error("aborted")));
  });
  return { open, ask };
}

test("each model is asked what is usual with it", async () => {
  const model = modelOf();
  const usual = { small: [20, 2, "dpmpp_2m"], photo: [25, 7.5, "dpmpp_2m"], flow: [28, 2, "own"], plain: [20, 2, "dpmpp_2m"] };
  for (const name of [...Object.keys(usual), ...Object.keys(usual)]) {
    await model.choose(name);
    assert.deepEqual([asked(model), own(model)], [usual[name], []]);
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

test("choosing what is usual gives a setting back to the model", async () => {
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

test("a step's settings are the user's, but for what is usual", async () => {
  const model = modelOf();
  Object.assign(model.own, { steps: 25, guidance: 2, sampler: "dpmpp_2m" });
  await model.choose("photo");
  model.settle();
  assert.deepEqual(model.own, { guidance: 2 });
});

test("what a model can do nothing with is known", async () => {
  const model = modelOf();
  const deaf = ["steps", "guidance", "sampler", "negative_prompt"];
  for (const [name, not, able] of [["small", [], true], ["photo", ["negative_prompt"], true], ["plain", deaf, false]]) {
    await model.choose(name);
    assert.deepEqual(deaf.filter((each) => !model.heeds(each)), not);
    assert.deepEqual(["fill", "remove", "expand"].map((intent) => model.able(intent)), [true, true, true]);
    assert.deepEqual(["refine", "sketch"].map((intent) => model.able(intent)), [able, able]);
  }
});

test("while a model is read nothing is known of it; whoever chose another does not wait", async () => {
  const { open, ask } = slow();
  const model = modelOf(ask);
  const photo = model.choose("photo");
  assert.ok(model.reading && model.heeds("guidance") && model.able("refine"));
  assert.equal(model.choose("photo"), photo); // it is asked once
  const small = model.choose("small");
  await photo; // let go
  assert.ok(model.reading);
  open.photo.done();
  open.small.done();
  await small;
  assert.deepEqual([model.name, model.told], ["small", TOLD.small]);
});

test("why a model cannot be read is known, and it is asked again when it is chosen again", async () => {
  const { open, ask } = slow();
  const model = modelOf(ask);
  let coming = model.choose("photo");
  open.photo.failed("its file is gone");
  await coming;
  assert.deepEqual([model.trouble, model.told, model.reading], ["its file is gone", null, false]);
  coming = model.choose("photo");
  assert.ok(model.reading);
  open.photo.done();
  await coming;
  assert.deepEqual([model.trouble, model.value("steps")], ["", 25]);
});
