import assert from "node:assert/strict";
import { test } from "node:test";
import { Unreachable } from "../../assets/canvas/net/responses.js";
import { Outbox } from "../../assets/canvas/study/outbox.js";
import { Rating, UNDONE } from "../../assets/canvas/study/rating.js";

const comparisons = ["realism", "realism", "match", "match"].map((question) => ({ question }));
const rating = (answered = [], unsent = []) => new Rating({ comparisons, answered }, unsent);

/** What a browser's storage is. */
class Kept extends Map {
  get length() {
    return this.size;
  }
  key(index) {
    return [...this.keys()][index];
  }
  getItem(key) {
    return this.get(key) ?? null;
  }
  setItem(key, text) {
    this.set(key, text);
  }
  removeItem(key) {
    this.delete(key);
  }
}

test("one comparison comes after the other until all are answered", () => {
  const it = rating();
  assert.deepEqual(it.questions, ["realism", "match"]);
  const entries = [];
  while (it.current !== null) entries.push(it.answer("left", 812.4));
  assert.deepEqual(entries.map(({ comparison }) => comparison), [0, 1, 2, 3]);
  assert.ok(entries.every(({ token, milliseconds }) => /^[0-9a-f]{32}$/.test(token) && milliseconds === 812));
  assert.equal(new Set(entries.map(({ token }) => token)).size, 4);
});

test("a reload goes on where one was, with what the server has not got yet", () => {
  assert.equal(rating([0, 1]).current, 2);
  assert.equal(rating([0, 1], [{ comparison: 2, choice: "tie" }]).current, 3);
  assert.equal(rating([0, 1], [{ comparison: 1, choice: UNDONE }]).current, 1);
  assert.equal(rating([0], [{ comparison: 1, choice: "left" }, { comparison: 1, choice: UNDONE }]).current, 1);
});

test("the last answer can be taken back, and no other", () => {
  const it = rating([0, 1]);
  assert.ok(it.canUndo);
  const entry = it.undo();
  assert.deepEqual([entry.comparison, entry.choice, it.current, it.canUndo], [1, UNDONE, 1, false]);
  it.answer("right", 900);
  assert.ok(it.canUndo && !rating().canUndo);
});

test("an answer is sent again until the server has it, in its place", async () => {
  const [sent, reports, storage] = [[], [], new Kept()];
  let down = 2;
  const post = async (entry) => {
    if (down-- > 0) throw new Unreachable("away");
    sent.push(entry);
  };
  const outbox = new Outbox("box-", post, (error) => reports.push(error?.message ?? null), { storage, pause: async () => {} });
  const first = outbox.add({ token: "a", comparison: 0, choice: "left", milliseconds: 800 });
  outbox.add({ token: "b", comparison: 1, choice: "tie", milliseconds: 900 });
  assert.equal(storage.size, 2);
  await first;
  assert.deepEqual(sent, [{ token: "a", comparison: 0, choice: "left", milliseconds: 800 }, { token: "b", comparison: 1, choice: "tie", milliseconds: 900 }]);
  assert.deepEqual(reports, ["away", "away", null, null]);
  assert.deepEqual([storage.size, outbox.entries.length], [0, 0]);
});

test("what another visit could not send is there, in its order, and nobody else's", async () => {
  const storage = new Kept();
  const never = new Promise(() => {});
  const before = new Outbox("box-", () => never, () => {}, { storage });
  for (const token of ["z", "y", "x"]) before.add({ token, choice: "left" });
  new Outbox("other-", () => never, () => {}, { storage }).add({ token: "w" });
  const sent = [];
  const now = new Outbox("box-", async ({ token }) => sent.push(token), () => {}, { storage });
  await now.flush();
  assert.deepEqual(sent, ["z", "y", "x"]);
  assert.deepEqual([...storage.keys()], ["other-w"]);
});

test("what the server refuses for good is not sent for ever", async () => {
  const [reports, storage] = [[], new Kept()];
  const refuse = async () => {
    throw new Error("The study is closed.");
  };
  await new Outbox("box-", refuse, (error) => reports.push(error.message), { storage }).add({ token: "a" });
  assert.deepEqual([reports, storage.size], [["The study is closed."], 0]);
});

test("where a browser stores nothing, answers are sent all the same", async () => {
  const sent = [];
  await new Outbox("box-", async ({ token }) => sent.push(token), () => {}, { storage: {} }).add({ token: "a" });
  assert.deepEqual(sent, ["a"]);
});
