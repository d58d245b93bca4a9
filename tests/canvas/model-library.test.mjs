// The list of models: what the server says last is what holds, each end of a download is said once, and a server that is away is asked again.
import assert from "node:assert/strict";
import { test } from "node:test";
import { ModelLibrary } from "../../assets/canvas/app/model-library.js";
import { Unreachable } from "../../assets/canvas/net/responses.js";

const model = (name, offered = true) => ({ name, title: name.toUpperCase(), offered });
const state = (downloads = [], installed = [model("mini")], defaults = {}) => ({ downloads, installed, defaults });
const download = (name, is) => ({ model: name, name: is === "done" ? `hf:${name}` : "", state: is });

/** A library whose server answers what is put into `answers` in turn, the last again and again; `tick` is its clock. */
function library(...answers) {
  const said = { choices: [], ended: [], failed: [], succeeded: 0, changed: 0, asked: 0, selectors: 0 };
  const timers = [];
  const next = async () => {
    said.asked += 1;
    const answer = answers.length > 1 ? answers.shift() : answers[0];
    if (answer instanceof Error) throw answer;
    return answer;
  };
  const server = { models: next, changeModels: next };
  const on = {
    changed: () => (said.changed += 1), selectors: () => (said.selectors += 1), choices: (models) => said.choices.push(models.map(([, name]) => name).join()),
    ended: ({ model, state }, its) => said.ended.push([model, state, its?.name]), failed: (sentence) => said.failed.push(sentence), succeeded: () => (said.succeeded += 1),
  };
  const made = new ModelLibrary(server, on, (ms, work) => timers.push(work));
  const tick = async () => {
    for (const work of timers.splice(0)) await work();
    await new Promise(setImmediate);
  };
  return { library: made, said, tick, timers };
}

test("a download is followed to its end, which is said once", async () => {
  const come = [model("mini"), model("hf:a/b")];
  const { library: list, said, tick, timers } = library(
    state(), state([download("a/b", "queued")]), state([download("a/b", "running")]), state([download("a/b", "running")]), state([download("a/b", "done")], come),
  );
  await list.load();
  assert.equal(timers.length, 0); // nothing runs: nothing is asked
  await list.act("download", {});
  while (timers.length) {
    assert.equal(timers.length, 1);
    assert.equal(list.running, 1);
    await tick();
  }
  assert.deepEqual(said.ended, [["a/b", "done", "hf:a/b"]]);
  assert.deepEqual(said.choices, ["mini", "mini,hf:a/b"]); // each list once
  await list.load();
  assert.equal(said.ended.length, 1);
});

test("a failure is said, again after another try, and what ended before the page was there is not", async () => {
  const { library: list, said, tick } = library(
    state([download("a/b", "failed"), download("old/one", "done")]), state([download("a/b", "queued"), download("old/one", "done")]), state([download("a/b", "failed")]),
  );
  await list.load();
  assert.deepEqual(said.ended, []);
  await list.act("download", {});
  await tick();
  assert.deepEqual(said.ended, [["a/b", "failed", undefined]]);
});

test("a server that is away is asked until it answers; a refusal is said and changes nothing", async () => {
  const { library: list, said, tick, timers } = library(
    state([download("a/b", "running")]), new Unreachable("away"), new Unreachable("away"), state([download("a/b", "paused")]), new Error("The licence is another."),
  );
  await list.load();
  await tick();
  assert.equal(list.error, "away");
  assert.equal(list.state.downloads[0].state, "running"); // what was known stays on screen
  await tick();
  await tick();
  assert.equal(list.error, "");
  assert.equal(list.state.downloads[0].state, "paused");
  assert.equal(timers.length, 0);
  assert.equal(await list.act("download", {}), null);
  assert.deepEqual(said.failed, ["The licence is another."]);
  assert.equal(list.state.downloads[0].state, "paused");
});

test("an answer that was asked for before a change is out of date", async () => {
  let answer;
  const old = new Promise((done) => (answer = done));
  const server = { models: () => old, changeModels: async () => state([], [model("new")]) };
  const list = new ModelLibrary(server, { changed() {}, choices() {}, ended() {}, failed() {}, succeeded() {} }, () => {});
  const loading = list.load();
  await list.act("add", {});
  answer(state([], [model("old")]));
  await loading;
  assert.equal(list.state.installed[0].name, "new");
});

test("defaults that change are offered to the form", async () => {
  const { library: list, said } = library(state(), state([], [model("mini")], { fill: "mini" }), state([], [model("mini")], { fill: "mini" }));
  for (let i = 0; i < 3; i++) await list.load();
  assert.equal(said.choices.length, 2);
});

test("only models that an edit can be made with are offered", async () => {
  const { library: list, said } = library(state([], [model("mini"), model("sam", false), model("lama")]));
  await list.load();
  assert.deepEqual(said.choices, ["mini,lama"]);
});

test("it is said when an object selector has come or gone", async () => {
  const select = { ...model("sam", false), use: "select" };
  const { library: list, said } = library(state(), state([], [model("mini"), select]), state([], [model("mini"), select]), state());
  const counts = [];
  for (let i = 0; i < 4; i++) {
    await list.load();
    counts.push(said.selectors);
  }
  assert.deepEqual(counts, [0, 1, 1, 2]);
});
