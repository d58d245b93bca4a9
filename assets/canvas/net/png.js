// Masks as 8-bit grey PNG, sketches as RGBA, encoded by hand: a canvas would write four channels, and would round the
// colours of transparent pixels.

const SIGNATURE = [137, 80, 78, 71, 13, 10, 26, 10];
const COLOUR_TYPES = { 1: 0, 4: 6 }; // by the bytes of a pixel: grey, RGBA
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

async function deflate(bytes) {
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** Encodes width * height pixels of `depth` bytes (1: grey, 4: RGBA), row by row. Returns a Blob of type image/png. */
async function encode(bytes, width, height, depth) {
  const header = new Uint8Array(13); // width, height, bits of a channel, colour type, compression, filter, interlace
  const view = new DataView(header.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  header[8] = 8;
  header[9] = COLOUR_TYPES[depth];
  const line = width * depth;
  const rows = new Uint8Array(height * (line + 1));
  for (let y = 0; y < height; y++) {
    const to = y * (line + 1);
    const from = y * line;
    rows[to] = UP;
    if (y === 0) rows.set(bytes.subarray(0, line), to + 1);
    else for (let x = 0; x < line; x++) rows[to + 1 + x] = bytes[from + x] - bytes[from + x - line];
  }
  const parts = [new Uint8Array(SIGNATURE), chunk("IHDR", header), chunk("IDAT", await deflate(rows)), chunk("IEND", [])];
  return new Blob(parts, { type: "image/png" });
}

/** Encodes a mask, a Uint8Array(width * height). */
export const encodeGrey = (values, width, height) => encode(values, width, height, 1);

/** Encodes a sketch, a Uint32Array(width * height) with red in the lowest byte, as canvases store colours. */
export const encodeColours = (colours, width, height) => encode(new Uint8Array(colours.buffer), width, height, 4);

async function decode(blob, width, height) {
  const image = await createImageBitmap(blob, { colorSpaceConversion: "none", premultiplyAlpha: "none" });
  const context = new OffscreenCanvas(width, height).getContext("2d");
  context.drawImage(image, 0, 0);
  return context.getImageData(0, 0, width, height).data;
}

/** Decodes a mask of this size with the browser's own decoder: Uint8Array(width * height). */
export async function decodeGrey(blob, width, height) {
  const data = await decode(blob, width, height);
  const grey = new Uint8Array(width * height);
  for (let i = 0; i < grey.length; i++) grey[i] = data[4 * i];
  return grey;
}

/** Decodes a sketch: Uint32Array(width * height), exact where it is opaque or empty. */
export async function decodeColours(blob, width, height) {
  return new Uint32Array((await decode(blob, width, height)).buffer);
}
