import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { setTexts } from "../../assets/canvas/lib/locale.js";
import { Unreachable } from "../../assets/canvas/net/responses.js";
import { Outbox } from "../../assets/canvas/study/outbox.js";
import { PairLoader } from "../../assets/canvas/study/pair-loader.js";
import { Rating, UNDONE } from "../../assets/canvas/study/rating.js";
import { Closed, Refused, StudyServer } from "../../assets/canvas/study/server.js";

setTexts(JSON.parse(readFileSync(new URL("../../assets/canvas/locales/en.json", import.meta.url))));

const comparisons = ["realism", "realism", "match", "match"].map((question) => ({ question }));
const rating = (answered = [], unsent = []) => new Rating({ comparisons, answered, milliseconds: [700, 2 ** 31 - 1] }, unsent);

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

test("an answer after a month is one that the server takes", () => {
  const it = rating();
  assert.deepEqual([it.least, it.answer("left", 30 * 86_400_000).milliseconds], [700, 2 ** 31 - 1]);
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
    throw new Refused("The study is full.");
  };
  await new Outbox("box-", refuse, (error) => reports.push(error.message), { storage }).add({ token: "a" });
  assert.deepEqual([reports, storage.size], [["The study is full."], 0]);
});

test("where a browser stores nothing, answers are sent all the same", async () => {
  const sent = [];
  await new Outbox("box-", async ({ token }) => sent.push(token), () => {}, { storage: {} }).add({ token: "a" });
  assert.deepEqual(sent, ["a"]);
});

/** A server that gives these responses, one after another: a status and a body, or an error in the place of one. */
function served(...responses) {
  globalThis.location = { href: "http://palimpsest.test/palimpsest/study/token" };
  globalThis.fetch = async () => {
    const [status, body] = responses.shift();
    if (status === "away") throw new TypeError("Failed to fetch");
    if (body instanceof Error) return new Response(new ReadableStream({ start: (stream) => stream.error(body) }), { status });
    return new Response(body, { status });
  };
  return new StudyServer("token", "rater");
}

const said = JSON.stringify({ error: "No." });

test("an answer is given up only where the study's server itself refuses it", async () => {
  const other = [401, 403, 404, 405, 408, 413, 421, 425, 429, 500, 502, 503, 504, 507].map((status) => [status, said]);
  const foreign = [[400, "<h1>Bad Request</h1>"], [409, "{}"], [404, ""], [200, "<h1>Sign in to this network</h1>"], ["away"], [200, new Error("reset")], [500, new Error("reset")]];
  const reports = [];
  const outbox = (...responses) => {
    const [server, storage] = [served(...responses), new Kept()];
    return new Outbox("box-", (entry) => server.post(entry), (error) => reports.push(error), { storage, pause: async () => {} });
  };
  await outbox(...other, ...foreign, [200, "{}"]).add({ token: "a" });
  assert.equal(reports.length, other.length + foreign.length + 1);
  assert.ok(reports.slice(0, -1).every((error) => error instanceof Unreachable && error.message.endsWith("are sent again.")));
  assert.ok(reports[0].message.startsWith("No. Your answers are kept"));
  assert.equal(reports.at(-1), null);
  for (const [status, kind, sentence] of [[400, Refused, "No."], [409, Closed, "This study is closed"]]) {
    const box = outbox([status, said]);
    await box.add({ token: "b" });
    assert.ok(reports.at(-1) instanceof kind && reports.at(-1).message === sentence);
    assert.deepEqual(box.entries, []);
  }
});

test("an answer waits through an error that nobody foresaw", async () => {
  let down = 2;
  const post = async () => {
    if (down-- > 0) throw new TypeError("unforeseen");
  };
  const [reports, storage] = [[], new Kept()];
  await new Outbox("box-", post, (error) => reports.push(error?.message ?? null), { storage, pause: async () => {} }).add({ token: "a" });
  assert.deepEqual(reports, ["unforeseen", "unforeseen", null]);
});

test("what one sees is asked for again where the connection breaks in a body, and its addresses are released", async (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  await assert.rejects(served([200, new Error("reset")]).state(), Unreachable);
  await assert.rejects(served([200, "{"]).state(), Unreachable);
  assert.deepEqual(await served([200, "[1]"]).state(), [1]);
  let damaged = 1;
  globalThis.Image = class {
    async decode() {
      if (damaged-- > 0) throw new DOMException("damaged", "EncodingError");
    }
  };
  const open = new Set();
  context.mock.method(URL, "createObjectURL", (blob) => (open.add(`blob:${blob.size}`), `blob:${blob.size}`));
  context.mock.method(URL, "revokeObjectURL", (url) => open.delete(url));
  const reports = [];
  const report = (error) => {
    reports.push(error?.message ?? null);
    if (error) setImmediate(() => context.mock.timers.tick(1000));
  };
  const image = await served([200, new Error("reset")], [200, "1"], [404, said], [200, "12"]).picture("token", report);
  assert.equal(image.src, "blob:2");
  assert.equal(open.size, 0);
  assert.deepEqual(reports.map((message) => message?.slice(0, 10) ?? null), ["The server", "The server", "No. Your a", null]);
  await assert.rejects(served([400, said]).picture("token", () => {}), Refused);
});

test("pictures are loaded once, again after a failure, and let go behind the last that can be undone", async () => {
  const asked = [];
  let fails = false;
  const loader = new PairLoader(async (token) => {
    asked.push(token);
    if (fails) throw new Error("gone");
    return token.toUpperCase();
  });
  for (let number = 0; number < 40; number++) {
    loader.release(number - 1);
    assert.deepEqual(await loader.load(number, [`a${number}`, `b${number}`]), [`A${number}`, `B${number}`]);
    await loader.load(number + 1, [`a${number + 1}`, `b${number + 1}`]);
    assert.ok(loader.pairs.size <= 3);
  }
  assert.equal(new Set(asked).size, asked.length);
  fails = true;
  await assert.rejects(loader.load(50, ["x", "y"]));
  fails = false;
  assert.deepEqual(await loader.load(50, ["x", "y"]), ["X", "Y"]);
});
