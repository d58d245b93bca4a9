import assert from "node:assert/strict";
import { test } from "node:test";
import { BUSY_MS, Follower, IDLE_MS, LOST_MS, Previews } from "../../assets/canvas/document/polling.js";

/** A promise with its handles outside. */
function deferred() {
  const it = {};
  it.promise = new Promise((resolve, reject) => Object.assign(it, { resolve, reject }));
  return it;
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

/** A follower whose answers and sleeps the test gives. */
function scripted() {
  const script = { asked: [], shown: [], errors: [], slept: [] };
  script.follower = new Follower({
    load: () => {
      const one = deferred();
      script.asked.push(one);
      return one.promise;
    },
    show: (state) => {
      script.shown.push(state.name);
      return state.busy;
    },
    lost: (error) => script.errors.push(error.message),
    sleep: (ms) => {
      const one = { ms, ...deferred() };
      script.slept.push(one);
      return one.promise;
    },
  });
  return script;
}

test("it asks quickly while something runs, slowly when nothing does, and goes on after a failure", async () => {
  const { follower, asked, shown, errors, slept } = scripted();
  follower.start();
  asked[0].resolve({ name: "a", busy: true });
  await settled();
  assert.equal(slept[0].ms, BUSY_MS);
  slept[0].resolve();
  await settled();
  asked[1].resolve({ name: "b", busy: false });
  await settled();
  assert.equal(slept[1].ms, IDLE_MS);
  slept[1].resolve();
  await settled();
  asked[2].reject(new Error("gone"));
  await settled();
  assert.equal(slept[2].ms, LOST_MS);
  slept[2].resolve();
  await settled();
  asked[3].resolve({ name: "c", busy: false });
  await settled();
  assert.deepEqual(shown, ["a", "b", "c"]);
  assert.deepEqual(errors, ["gone"]);
  follower.stop();
});

test("an answer asked for before a command answered is not shown", async () => {
  const { follower, asked, shown, slept } = scripted();
  follower.start();
  const command = deferred();
  const done = follower.after(command.promise);
  command.resolve({ name: "undone", busy: false });
  await done;
  asked[0].resolve({ name: "stale", busy: false });
  await settled();
  assert.deepEqual(shown, ["undone"]);
  assert.equal(slept.length, 0); // it asks again at once
  asked[1].resolve({ name: "fresh", busy: false });
  await settled();
  assert.deepEqual(shown, ["undone", "fresh"]);
  follower.stop();
});

test("a command that fails tells its caller, and the follower goes on", async () => {
  const { follower, asked, shown } = scripted();
  follower.start();
  await assert.rejects(follower.after(Promise.reject(new Error("no"))), /no/);
  asked[0].resolve({ name: "stale", busy: false });
  await settled();
  asked[1].resolve({ name: "now", busy: false });
  await settled();
  assert.deepEqual(shown, ["now"]);
  follower.stop();
});

test("after stop nothing is shown and nothing asked", async () => {
  const { follower, asked, shown } = scripted();
  follower.start();
  follower.stop();
  asked[0].resolve({ name: "late", busy: true });
  await settled();
  assert.deepEqual(shown, []);
  assert.equal(asked.length, 1);
});

test("nobody looks: a run is followed to its end, then nothing is asked until somebody does", async () => {
  const { follower, asked, slept } = scripted();
  follower.start();
  asked[0].resolve({ name: "a", busy: true });
  await settled();
  follower.resting = true;
  slept[0].resolve();
  await settled();
  assert.equal(asked.length, 2);
  asked[1].resolve({ name: "b", busy: false });
  await settled();
  slept[1].resolve();
  await settled();
  assert.equal(asked.length, 2);
  follower.rest(false);
  await settled();
  assert.equal(asked.length, 3);
  follower.stop();
});

test("previews load one at a time, the newest wins, and a run that ended shows nothing", async () => {
  const loads = [];
  const shown = [];
  const previews = new Previews({
    load: (revision, serial) => {
      const one = deferred();
      loads.push({ revision, serial, ...one });
      return one.promise;
    },
    show: (revision, bitmap, serial) => shown.push([revision, serial]),
  });
  previews.want("r", 1);
  previews.want("r", 2);
  previews.want("r", 5);
  assert.equal(loads.length, 1);
  loads[0].resolve("one");
  await settled();
  assert.deepEqual(loads.map(({ serial }) => serial), [1, 5]);
  loads[1].reject(new Error("404")); // it happens when a run ends
  await settled();
  previews.want("r", 4); // late
  await settled();
  assert.equal(loads.length, 2);
  previews.want("r", 6);
  previews.forget();
  loads[2].resolve("six");
  await settled();
  assert.deepEqual(shown, [["r", 1]]);
});
