// What the canvas's modules import of each other.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";

const FOLDER = new URL("../../assets/canvas/", import.meta.url);
const files = readdirSync(FOLDER, { recursive: true }).filter((file) => file.endsWith(".js"));
const imports = new Map(files.map((file) => {
  const url = new URL(file, FOLDER);
  const paths = [...readFileSync(url, "utf8").matchAll(/from "(\.[^"]+)"/g)].map(([, path]) => new URL(path, url).href);
  return [url.href, paths];
}));
const name = (href) => href.slice(FOLDER.href.length);

test("every import names a module that is there", () => {
  for (const [file, paths] of imports) for (const path of paths) assert.ok(imports.has(path), `${name(file)} imports ${path}`);
});

test("no import goes round in a circle", () => {
  const done = new Set();
  const visit = (file, path) => {
    assert.ok(!path.includes(file), [...path, file].map(name).join(" -> "));
    if (done.has(file)) return;
    for (const next of imports.get(file)) visit(next, [...path, file]);
    done.add(file);
  };
  for (const file of imports.keys()) visit(file, []);
});

test("lib and net import nothing of the editor", () => {
  for (const [file, paths] of imports) {
    if (/^(lib|net)\//.test(name(file))) for (const path of paths) assert.match(name(path), /^(lib|net)\//, `${name(file)} imports ${name(path)}`);
  }
});

test("no module has more than 400 lines", () => {
  for (const file of files) assert.ok(readFileSync(new URL(file, FOLDER), "utf8").split("\n").length <= 401, file);
});
