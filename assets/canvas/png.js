// Masks as 8-bit grey PNG. Written by hand: a canvas would write four channels and round the values on the way.

const SIGNATURE = [137, 80, 78, 71, 13, 10, 26, 10];
const GREY = 0;
const UP = 2; // the row filter: each byte minus the one above it; equal rows become zeros

const CRC = new Uint32Array(256).map((_, n) => {
  for (let bit = 0; bit < 8; bit++) n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1;
  return n;
});

function crc32(bytes) {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = CRC[(crc ^ byte) & 255] ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}

function chunk(name, data) {
  const bytes = new Uint8Array(12 + data.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, data.length);
  for (let i = 0; i < 4; i++) bytes[4 + i] = name.charCodeAt(i);
  bytes.set(data, 8);
  view.setUint32(8 + data.length, crc32(bytes.subarray(4, 8 + data.length)));
  return bytes;
}

async function deflated(bytes) {
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** pixels: Uint8Array of width * height grey values, row by row. Returns a Blob of type image/png. */
export async function encodeGrey(pixels, width, height) {
  const header = new Uint8Array(13); // width, height, bit depth, colour type, compression, filter, interlace
  const view = new DataView(header.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  header[8] = 8;
  header[9] = GREY;
  const rows = new Uint8Array(height * (width + 1));
  for (let y = 0; y < height; y++) {
    const to = y * (width + 1);
    const from = y * width;
    rows[to] = UP;
    if (y === 0) rows.set(pixels.subarray(0, width), to + 1);
    else for (let x = 0; x < width; x++) rows[to + 1 + x] = pixels[from + x] - pixels[from + x - width];
  }
  const parts = [new Uint8Array(SIGNATURE), chunk("IHDR", header), chunk("IDAT", await deflated(rows)), chunk("IEND", [])];
  return new Blob(parts, { type: "image/png" });
}

/** The grey values of a PNG of that size, by the browser's own reader: Uint8Array(width * height). */
export async function decodeGrey(blob, width, height) {
  const image = await createImageBitmap(blob, { colorSpaceConversion: "none", premultiplyAlpha: "none" });
  const context = new OffscreenCanvas(width, height).getContext("2d");
  context.drawImage(image, 0, 0);
  const { data } = context.getImageData(0, 0, width, height);
  const grey = new Uint8Array(width * height);
  for (let i = 0; i < grey.length; i++) grey[i] = data[4 * i];
  return grey;
}
