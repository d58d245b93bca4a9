import assert from "node:assert/strict";
import { test } from "node:test";
import * as zlib from "node:zlib";
import { encodeGrey } from "../../assets/canvas/net/png.js";

function chunks(bytes) {
  const found = [];
  for (let at = 8; at < bytes.length; ) {
    const length = bytes.readUInt32BE(at);
    found.push({ name: bytes.toString("latin1", at + 4, at + 8), data: bytes.subarray(at + 8, at + 8 + length), at });
    at += 12 + length;
  }
  return found;
}

test("every grey value comes back, by the PNG specification's own rules", async () => {
  const [width, height] = [37, 21];
  const pixels = Uint8Array.from({ length: width * height }, (_, i) => (i * 97 + ((i * i) >> 3)) & 255);
  const blob = await encodeGrey(pixels, width, height);
  assert.equal(blob.type, "image/png");
  const bytes = Buffer.from(await blob.arrayBuffer());
  assert.deepEqual([...bytes.subarray(0, 8)], [137, 80, 78, 71, 13, 10, 26, 10]);
  const parts = chunks(bytes);
  assert.deepEqual(parts.map(({ name }) => name), ["IHDR", "IDAT", "IEND"]);
  assert.deepEqual([...parts[0].data], [0, 0, 0, width, 0, 0, 0, height, 8, 0, 0, 0, 0]);
  if (zlib.crc32) {
    for (const { at, data } of parts) {
      assert.equal(bytes.readUInt32BE(at + 8 + data.length), zlib.crc32(bytes.subarray(at + 4, at + 8 + data.length)));
    }
  }
  const rows = zlib.inflateSync(parts[1].data);
  const back = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    assert.equal(rows[y * (width + 1)], 2);
    for (let x = 0; x < width; x++) {
      back[y * width + x] = rows[y * (width + 1) + 1 + x] + (y ? back[(y - 1) * width + x] : 0);
    }
  }
  assert.deepEqual(back, pixels);
});

test("a round mask of 200 pixels is small", async () => {
  const pixels = new Uint8Array(200 * 200);
  for (let y = 0; y < 200; y++) for (let x = 0; x < 200; x++) pixels[y * 200 + x] = Math.hypot(x - 100, y - 100) < 100 ? 255 : 0;
  const blob = await encodeGrey(pixels, 200, 200);
  assert.ok(blob.size < 2000, `${blob.size} bytes`);
});
