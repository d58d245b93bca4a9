// The page's small parts without a DOM: pending edits, the time left, bindings, packets, suggestions, words.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { Bindings, DEFAULTS, readable } from "../../assets/canvas/app/bindings.js";
import { Eta } from "../../assets/canvas/app/eta.js";
import { pack, unpack } from "../../assets/canvas/net/wire.js";
import { forgetPrompt, matchingPrompts, recentPrompts, rememberPrompt } from "../../assets/canvas/app/recent-prompts.js";
import { splitByKnown, suggestions } from "../../assets/canvas/app/suggest.js";
import { PATHS } from "../../assets/canvas/lib/dom.js";
import { pickLanguage, setTexts, t } from "../../assets/canvas/lib/locale.js";
import { groupJobs } from "../../assets/canvas/document/job-queue.js";
import { GROUPS } from "../../assets/canvas/panels/help.js";
import { TOOLS } from "../../assets/canvas/panels/toolbar.js";
import { outcome, PendingEdits } from "../../assets/canvas/document/pending-edits.js";

class Storage extends Map {
  getItem(key) {
    return this.get(key) ?? null;
  }
  setItem(key, value) {
    this.set(key, value);
  }
}

const run = (revision, parent, edit, more = {}) => ({ revision, parent, edit, group: `${parent} fill`, mask: [0, 0, 9, 9], prompt: "a cat", pipeline: "noise", index: 0, ...more });

test("variations are one edit in the queue, in its order", () => {
  const groups = groupJobs([run("a", "root", "1"), run("b", "root", "2"), run("c", "a", "3", { prompt: "a dog" })]);
  assert.deepEqual(groups.map(({ revisions }) => revisions), [["a", "b"], ["c"]]);
  assert.deepEqual(groups[0].edits, ["1", "2"]);
});

test("a pending edit is followed though its job moves, and ends when none of its jobs is pending", () => {
  const edits = new PendingEdits();
  const edit = edits.add([{ edit: "1", revision: "a" }, { edit: "2", revision: "b" }], null, null);
  assert.deepEqual(edits.update([run("x", "p", "1"), run("b", "p", "2")]), []);
  assert.deepEqual(edits.revisions, ["x", "b"]);
  assert.ok(edits.has("2"));
  assert.deepEqual(edits.update([run("b", "p", "2")]), []);
  assert.deepEqual(edits.update([]), [edit]);
  edits.remove(edit);
  assert.ok(!edits.has("1"));
});

test("an edit is done if any of its jobs is, and waits while any waits", () => {
  assert.equal(outcome([{ status: "cancelled" }, { status: "done" }]).status, "done");
  assert.equal(outcome([{ status: "cancelled" }, { status: "waiting" }]).status, "waiting");
  assert.equal(outcome([{ status: "cancelled" }, { status: "failed", error: "no" }]).error, "no");
  assert.equal(outcome([]), null);
});

test("the time left follows earlier jobs, and this one once it is measured", () => {
  let now = 0;
  const storage = new Storage();
  const eta = new Eta(storage, () => now);
  assert.equal(eta.seconds("noise", 20), null);
  for (let index = 0; index <= 10; index++, now += 100) eta.update({ revision: "a", pipeline: "noise", index });
  assert.equal(eta.seconds("noise", 20), 2);
  eta.finish();
  assert.equal(new Eta(storage).seconds("noise", 10), 1);
  assert.equal(eta.seconds("other", 10), null);
});

test("a job that ends before two of its steps were seen is measured too", () => {
  for (const seen of [[], [7]]) {
    let now = 0;
    const eta = new Eta(new Storage(), () => now);
    eta.start("noise", 20);
    now += 300;
    for (const index of seen) eta.update({ revision: "a", pipeline: "noise", index });
    now += 100;
    eta.finish();
    assert.equal(eta.seconds("noise", 10), 0.2);
  }
});

test("no two commands share a key at first, and a key that is given away is lost", () => {
  const chords = Object.values(DEFAULTS).flat();
  assert.equal(new Set(chords).size, chords.length);
  const storage = new Storage();
  const bindings = new Bindings(storage);
  assert.equal(bindings.command(["b"]), "brush");
  assert.equal(bindings.bind("eraser", "b"), "brush");
  assert.equal(bindings.command(["b"]), "eraser");
  assert.equal(bindings.command(["e"]), null);
  assert.deepEqual(bindings.chords("brush"), []);
  assert.equal(new Bindings(storage).command(["b"]), "eraser");
  assert.equal(bindings.bind("lasso", "b"), "eraser");
  assert.equal(bindings.command(["b"]), "lasso");
  assert.equal(bindings.command(["e"]), "eraser");
  bindings.reset();
  assert.equal(bindings.command(["b"]), "brush");
  storage.setItem("palimpsest-keys", '{"brush": 5, "fly": "f"}');
  assert.equal(new Bindings(storage).command(["b"]), "brush");
});

test("every command is in the list of shortcuts once, so that its key can be seen and changed", () => {
  assert.deepEqual(Object.values(GROUPS).flat().sort(), Object.keys(DEFAULTS).sort());
});

test("chords are readable", () => {
  assert.equal(readable("Ctrl+Shift+z"), "Ctrl ⇧ Z");
  assert.equal(readable("+"), "+");
  assert.equal(readable("Ctrl++"), "Ctrl +");
});

test("a packet comes apart as it was put together", async () => {
  const png = new Blob([new Uint8Array([1, 2, 10, 3])]);
  const other = new Blob([new Uint8Array([10, 10])]);
  const back = await unpack(pack({ prompt: "a\ncät" }, { mask: { box: [1, 2, 3, 4], png }, sketch: null, region: { box: [0, 0, 1, 1], png: other } }), ["mask", "sketch", "region"]);
  assert.equal(back.prompt, "a\ncät");
  assert.deepEqual(back.mask.box, [1, 2, 3, 4]);
  assert.deepEqual([...new Uint8Array(await back.mask.png.arrayBuffer())], [1, 2, 10, 3]);
  assert.equal(back.sketch, null);
  assert.deepEqual([...new Uint8Array(await back.region.png.arrayBuffer())], [10, 10]);
});

test("recent prompts are listed once each, the newest first, at most 200, and forgotten one by one", () => {
  const storage = new Storage();
  for (const prompt of ["a red couch", " ", "a lamp", " a red couch "]) rememberPrompt(prompt, storage);
  assert.deepEqual(recentPrompts(storage), ["a red couch", "a lamp"]);
  for (let i = 0; i < 250; i++) rememberPrompt(`a cat ${i % 225}`, storage);
  const kept = recentPrompts(storage);
  assert.equal(kept.length, 200);
  assert.equal(new Set(kept).size, 200);
  assert.deepEqual(kept.slice(0, 2), ["a cat 24", "a cat 23"]);
  forgetPrompt("a cat 24", storage);
  assert.deepEqual(recentPrompts(storage), kept.slice(1));
});

test("a search finds the prompts that hold all its words, in their order", () => {
  const prompts = ["a red couch", "a couch, green", "A RED lamp", "a reddish cat"];
  assert.deepEqual(matchingPrompts(prompts, ""), prompts);
  assert.deepEqual(matchingPrompts(prompts, " couch  red"), ["a red couch"]);
  assert.deepEqual(matchingPrompts(prompts, "red"), ["a red couch", "A RED lamp", "a reddish cat"]);
  assert.deepEqual(matchingPrompts(prompts, "zebra"), []);
});

test("words that the model knows are offered, and strange ones marked", () => {
  assert.deepEqual(suggestions("", ["lamp"]), []);
  assert.deepEqual(suggestions("a green La", ["cat", "ladder", "lamp"]).map(({ text }) => text), ["a green ladder", "a green lamp"]);
  assert.deepEqual(suggestions("a lam", null), []);
  assert.deepEqual(suggestions("a robot", ["robot", "robots"]), []); // a whole word needs no more
  assert.deepEqual(splitByKnown("a Zebra, red", ["zebra"]), [["a", false], [" ", false], ["Zebra", true], [", ", false], ["red", false]]);
});

test("every language says all that English does, with the same values in it", () => {
  const folder = new URL("../../assets/canvas/locales/", import.meta.url);
  const all = Object.fromEntries(readdirSync(folder).map((file) => [file.split(".")[0], JSON.parse(readFileSync(new URL(file, folder)))]));
  const values = (text) => [...text.matchAll(/\{\w+\}/g)].map(([one]) => one).sort().join();
  for (const [language, words] of Object.entries(all)) {
    assert.deepEqual(Object.keys(words).sort(), Object.keys(all.en).sort(), language);
    for (const key of Object.keys(words)) assert.equal(values(words[key]), values(all.en[key]), `${language} ${key}`);
  }
});

test("every key the modules ask for has words, and no words are left over", () => {
  const folder = new URL("../../assets/canvas/", import.meta.url);
  const words = Object.keys(JSON.parse(readFileSync(new URL("locales/en.json", folder)))).filter((key) => !/^(form|sign_in)_/.test(key)); // which the server itself says
  const code = readdirSync(folder, { recursive: true }).filter((file) => file.endsWith(".js")).map((file) => readFileSync(new URL(file, folder), "utf8")).join("\n");
  const asked = new Set([...code.matchAll(/"([a-z]+\.[a-z_.]+)"/g)].map(([, key]) => key));
  const families = [...code.matchAll(/`([a-z.]+)\.\$\{/g)].map(([, family]) => `${family}.`);
  for (const key of words) assert.ok(asked.has(key) || families.some((family) => key.startsWith(family)), `${key} is said nowhere`);
  const kinds = new Set(words.map((key) => key.split(".")[0]));
  for (const key of asked) if (kinds.has(key.split(".")[0]) && !key.endsWith(".js")) assert.ok(words.includes(key), `${key} has no words`);
});

test("a reader hears a language there is, English else", () => {
  assert.equal(pickLanguage(["de-AT", "en"]), "de");
  assert.equal(pickLanguage(["fr", "zh-TW"]), "zh");
  assert.equal(pickLanguage(["fr"]), "en");
  setTexts({ hello: "Hello {name}" });
  assert.equal(t("hello", { name: "you" }), "Hello you");
  assert.equal(t("nothing"), "nothing");
});

test("every tool has an icon, a key and a name, and stands in the list of shortcuts", () => {
  const texts = JSON.parse(readFileSync(new URL("../../assets/canvas/locales/en.json", import.meta.url), "utf-8"));
  for (const tool of TOOLS) {
    assert.ok(PATHS[tool], `${tool} has no icon in lib/dom.js`);
    assert.ok(DEFAULTS[tool]?.length, `${tool} has no key in app/bindings.js`);
    assert.ok(texts[`command.${tool}`], `${tool} has no name in locales/en.json`);
    assert.ok(GROUPS.tools.includes(tool), `${tool} is not in the list of shortcuts`);
  }
});
