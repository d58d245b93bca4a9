// Live mode without a page: when the newest target is painted, and what comes too late.
import assert from "node:assert/strict";
import { test } from "node:test";

import { LivePainter, PAUSE_MS } from "../../assets/canvas/document/live-painter.js";
import { pack, packets } from "../../assets/canvas/net/wire.js";

const settled = () => new Promise((resolve) => setImmediate(resolve));

/** A stream of reports that the test feeds. */
class Feed {
  constructor(request, signal) {
    Object.assign(this, { request, signal, waiting: [] });
  }

  async give(report) {
    this.waiting.shift()({ value: { picture: null, error: "", ...report }, done: false });
    await settled();
  }

  async end(error = null) {
    const { resolve, reject } = this.waiting.shift();
    if (error) reject(error);
    else resolve({ done: true });
    await settled();
  }

  [Symbol.asyncIterator]() {
    return {
      next: () => new Promise((resolve, reject) => this.waiting.push(Object.assign(resolve, { resolve, reject }))),
      return: async () => ({ done: true }),
    };
  }
}

/** A painter whose time and answers the test has. */
function scripted(context) {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const script = { feeds: [], shown: [], errors: [], runs: [] };
  script.painter = new LivePainter({
    paint: (request, signal) => {
      const feed = new Feed(request, signal);
      script.feeds.push(feed);
      return feed;
    },
    show: (picture) => script.shown.push(picture),
    failed: (error) => script.errors.push(error.message),
    changed: () => script.runs.push(script.painter.run),
  });
  script.want = (key) => script.painter.want({ key, request: async () => `request ${key}` });
  script.pass = async (ms) => {
    context.mock.timers.tick(ms);
    await settled();
  };
  return script;
}

test("only what stays wanted for a moment is asked for", async (context) => {
  const { feeds, pass, runs, want } = scripted(context);
  for (const key of ["r", "re", "red"]) {
    want(key);
    await pass(PAUSE_MS - 1);
  }
  assert.equal(feeds.length, 0);
  await pass(1);
  assert.deepEqual(feeds.map(({ request }) => request), ["request red"]);
  want("red"); // refreshed, but the same
  await pass(PAUSE_MS);
  assert.equal(feeds.length, 1);
  assert.ok(!feeds[0].signal.aborted);
  assert.deepEqual(runs, ["painting"]);
});

test("each picture is shown, and the last one makes it ready", async (context) => {
  const { feeds, painter, pass, runs, shown, want } = scripted(context);
  want("a");
  await pass(PAUSE_MS);
  await feeds[0].give({ state: "painting", picture: "blurred" });
  await feeds[0].give({ state: "painting" });
  assert.equal(painter.run, "painting");
  await feeds[0].give({ state: "ready", picture: "sharp" });
  await feeds[0].end();
  assert.deepEqual([shown, runs], [["blurred", "sharp"], ["painting", "ready"]]);
});

test("a newer target aborts the older one, and what that brings is not shown", async (context) => {
  const { errors, feeds, painter, pass, shown, want } = scripted(context);
  want("a");
  await pass(PAUSE_MS);
  want("b");
  assert.ok(feeds[0].signal.aborted);
  await feeds[0].give({ state: "ready", picture: "late" });
  assert.equal(painter.run, "painting");
  await pass(PAUSE_MS);
  await feeds[1].give({ state: "ready", picture: "b" });
  assert.deepEqual([shown, errors, painter.run], [["b"], [], "ready"]);
});

test("no target ends all, also what has not begun", async (context) => {
  const { errors, feeds, painter, pass, want } = scripted(context);
  want("a");
  painter.want(null);
  await pass(PAUSE_MS);
  assert.equal(feeds.length, 0);
  want("a"); // wanted again, it is asked for again
  await pass(PAUSE_MS);
  painter.want(null);
  assert.ok(feeds[0].signal.aborted);
  await feeds[0].end(new Error("aborted"));
  assert.deepEqual([errors, painter.run], [[], "idle"]);
});

test("what fails is said, and asked for again only when something changes", async (context) => {
  const { errors, feeds, painter, pass, want } = scripted(context);
  want("a");
  await pass(PAUSE_MS);
  await feeds[0].give({ state: "failed", error: "It is too large." });
  want("a");
  await pass(PAUSE_MS);
  assert.deepEqual([errors, feeds.length, painter.run], [["It is too large."], 1, "idle"]);
  want("b");
  await pass(PAUSE_MS);
  await feeds[1].end(new Error("It is away."));
  assert.deepEqual(errors, ["It is too large.", "It is away."]);
  want("c");
  await pass(PAUSE_MS);
  await feeds[2].give({ state: "dropped" }); // another tab paints the document
  await feeds[2].end();
  assert.deepEqual([errors.length, painter.run], [2, "idle"]);
});

test("packets are read however they are cut", async () => {
  const file = Uint8Array.from([10, 1, 10, 123, 255]);
  const sent = [
    pack({ state: "painting" }, { picture: null }),
    pack({ state: "painting", step: 1 }, { picture: { box: [1, 2, 3, 4], png: new Blob([file]) } }),
    pack({ state: "ready" }, { picture: { box: [0, 0, 1, 1], png: new Blob([file.subarray(1)]) } }),
  ];
  const bytes = new Uint8Array(await new Blob(sent).arrayBuffer());
  for (const size of [1, 2, 7, bytes.length]) {
    const stream = new ReadableStream({
      start(controller) {
        for (let at = 0; at < bytes.length; at += size) controller.enqueue(bytes.slice(at, at + size));
        controller.close();
      },
    });
    const read = [];
    for await (const { picture, ...head } of packets(stream, "picture")) {
      read.push([head, picture && [picture.box, ...new Uint8Array(await picture.png.arrayBuffer())]]);
    }
    assert.deepEqual(read, [
      [{ state: "painting" }, null],
      [{ state: "painting", step: 1 }, [[1, 2, 3, 4], ...file]],
      [{ state: "ready" }, [[0, 0, 1, 1], ...file.subarray(1)]],
    ]);
  }
});
