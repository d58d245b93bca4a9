import assert from "node:assert/strict";
import test from "node:test";

import { readFileSync } from "node:fs";
import { fileName } from "../../assets/canvas/lib/file-names.js";
import { setTexts } from "../../assets/canvas/lib/locale.js";

const read = (path) => JSON.parse(readFileSync(new URL(path, import.meta.url)));
setTexts(read("../../assets/canvas/locales/en.json"));

test("a name is what the server says", () => {
  for (const [text, name] of Object.entries(read("../data/file_names.json"))) assert.equal(fileName(text), name);
});

test("a long name fits a file system, whole letters only", () => {
  for (const text of ["é".repeat(300), "家".repeat(100), "😀".repeat(90)]) {
    const name = fileName(text);
    assert.ok(new TextEncoder().encode(name).length <= 200 && text.startsWith(name) && name.isWellFormed());
    assert.equal(fileName(name), name);
  }
});
