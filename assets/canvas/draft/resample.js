// Moves, scales, rotates and mirrors pixels: by area where they shrink, bicubic (Catmull & Rom 1974) where they do not, their
// edges smooth. What only moves by whole pixels, is mirrored or turned by right angles, keeps every value. No DOM.
//
// Pixels are { values: Uint8Array, width, height, channels: 1 or 4 }, row by row; four channels are RGBA with straight alpha.

/**
 * What the pixels are on a box of the plane: Uint8Array(width * height * channels), 0 where they do not reach.
 *
 * matrix: from their coordinates to the plane, as the six numbers of CSS's matrix.
 */
export function resample(pixels, matrix, box) {
  const [a, b, c, d, e, f] = matrix;
  const across = Math.hypot(a, b); // plane pixels for one of these
  const down = Math.hypot(c, d);
  const small = shrunk(pixels, Math.max(1, Math.round(pixels.width * Math.min(1, across))), Math.max(1, Math.round(pixels.height * Math.min(1, down))));
  const [sx, sy] = [pixels.width / small.width, pixels.height / small.height];
  return warped(small, [a * sx, b * sx, c * sy, d * sy, e, f], box);
}

/** The share of each source pixel in each of `count` pixels that cover `length` of them: [[first, weight, weight, ...], ...]. */
function shares(length, count) {
  return Array.from({ length: count }, (_, i) => {
    const [from, to] = [(i * length) / count, ((i + 1) * length) / count];
    const first = Math.floor(from + 1e-9);
    const last = Math.min(length, Math.ceil(to - 1e-9));
    const weights = Array.from({ length: last - first }, (_, k) => (Math.min(to, first + k + 1) - Math.max(from, first + k)) / (to - from));
    return [first, ...weights];
  });
}

/** The pixels at a smaller size: each the mean of those that it covers, colours by their alpha. */
function shrunk(pixels, width, height) {
  const { values, channels } = pixels;
  if (width === pixels.width && height === pixels.height) return pixels;
  const columns = shares(pixels.width, width);
  const rows = shares(pixels.height, height);
  const out = new Uint8Array(width * height * channels);
  const sum = new Float32Array(width * channels); // of one row; colours weighted by alpha
  rows.forEach(([top, ...lines], row) => {
    sum.fill(0);
    lines.forEach((line, k) => {
      const start = (top + k) * pixels.width;
      for (let x = 0; x < width; x++) {
        const shares = columns[x];
        for (let i = 1; i < shares.length; i++) {
          const at = (start + shares[0] + i - 1) * channels;
          const weight = line * shares[i];
          if (channels === 1) sum[x] += weight * values[at];
          else {
            const alpha = (weight * values[at + 3]) / 255;
            for (let channel = 0; channel < 3; channel++) sum[4 * x + channel] += alpha * values[at + channel];
            sum[4 * x + 3] += 255 * alpha;
          }
        }
      }
    });
    for (let x = 0; x < width; x++) put(out, (row * width + x) * channels, sum, channels * x, channels, 1);
  });
  return { values: out, width, height, channels };
}

/** Writes a sum of colours weighted by alpha as straight alpha. share: of the pixel that is covered. */
function put(out, at, sum, from, channels, share) {
  if (channels === 1) {
    out[at] = Math.min(255, Math.max(0, Math.round(share * sum[from])));
    return;
  }
  const alpha = sum[from + 3];
  const byte = Math.min(255, Math.max(0, Math.round(share * alpha)));
  if (!byte) return;
  for (let channel = 0; channel < 3; channel++) out[at + channel] = Math.min(255, Math.max(0, Math.round((255 * sum[from + channel]) / alpha)));
  out[at + 3] = byte;
}

/** Weights of the four pixels around a point that lies `t` behind the second. */
function cubic(t, weights) {
  weights[0] = ((-0.5 * t + 1) * t - 0.5) * t;
  weights[1] = (1.5 * t - 2.5) * t * t + 1;
  weights[2] = ((-1.5 * t + 2) * t + 0.5) * t;
  weights[3] = (0.5 * t - 0.5) * t * t;
}

const snap = (value) => (Math.abs(value - Math.round(value)) < 1e-6 ? Math.round(value) : value);

function warped({ values, width, height, channels }, [a, b, c, d, e, f], [left, top, boxWidth, boxHeight]) {
  const out = new Uint8Array(boxWidth * boxHeight * channels);
  const determinant = a * d - b * c;
  const across = Math.hypot(a, b);
  const down = Math.hypot(c, d);
  const [along, above] = [new Float64Array(4), new Float64Array(4)];
  const sum = new Float64Array(channels);
  const reach = (value, length, scale) => Math.min(1, Math.max(0, Math.min(value, length - value) * scale + 0.5)); // the edges' smoothness
  for (let y = 0; y < boxHeight; y++) {
    for (let x = 0; x < boxWidth; x++) {
      const [px, py] = [left + x + 0.5 - e, top + y + 0.5 - f];
      const u = snap((d * px - c * py) / determinant - 0.5); // in pixels from the middle of the first
      const v = snap((a * py - b * px) / determinant - 0.5);
      const share = reach(u + 0.5, width, across) * reach(v + 0.5, height, down);
      if (share <= 0) continue;
      const [column, row] = [Math.floor(u), Math.floor(v)];
      cubic(u - column, along);
      cubic(v - row, above);
      sum.fill(0);
      for (let j = 0; j < 4; j++) {
        if (!above[j]) continue;
        const line = Math.min(height - 1, Math.max(0, row + j - 1)) * width;
        for (let i = 0; i < 4; i++) {
          const weight = above[j] * along[i];
          if (!weight) continue;
          const at = (line + Math.min(width - 1, Math.max(0, column + i - 1))) * channels;
          if (channels === 1) sum[0] += weight * values[at];
          else {
            const alpha = (weight * values[at + 3]) / 255;
            sum[0] += alpha * values[at];
            sum[1] += alpha * values[at + 1];
            sum[2] += alpha * values[at + 2];
            sum[3] += 255 * alpha;
          }
        }
      }
      put(out, (y * boxWidth + x) * channels, sum, 0, channels, share);
    }
  }
  return out;
}

/** Lays colours over others (Porter & Duff 1984), both Uint8Array of RGBA with straight alpha, of one size. Returns the same. */
export function over(above, below) {
  const out = below.slice();
  for (let at = 0; at < out.length; at += 4) {
    const alpha = above[at + 3];
    if (!alpha) continue;
    const kept = (below[at + 3] * (255 - alpha)) / 255;
    for (let channel = 0; channel < 3; channel++) out[at + channel] = Math.round((above[at + channel] * alpha + below[at + channel] * kept) / (alpha + kept));
    out[at + 3] = Math.round(alpha + kept);
  }
  return out;
}
