// Shapes as rows of the pixels whose centres lie within, in plane coordinates. No DOM.

/** Whole pixels [from, to) whose centres lie between left and right, or null. */
function pixels(left, right) {
  const from = Math.ceil(left - 0.5);
  const to = Math.floor(right - 0.5) + 1;
  return from < to ? [from, to] : null;
}

function around(points, margin = 0) {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const [x, y] of points) {
    left = Math.min(left, x - margin);
    top = Math.min(top, y - margin);
    right = Math.max(right, x + margin);
    bottom = Math.max(bottom, y + margin);
  }
  const [x, y] = [Math.floor(left), Math.floor(top)];
  return [x, y, Math.ceil(right) - x + 1, Math.ceil(bottom) - y + 1];
}

/** The shape of a stroke. Every shape is { box, spans(y) }: the box around it, and its pixels on a row as a list of [from, to). */
export function stroke(x0, y0, x1, y1, radius) {
  const spans = (y) => {
    const at = y + 0.5;
    let left = Infinity;
    let right = -Infinity;
    const reach = (x) => {
      left = Math.min(left, x);
      right = Math.max(right, x);
    };
    for (const [cx, cy] of [[x0, y0], [x1, y1]]) {
      const half = radius * radius - (at - cy) * (at - cy);
      if (half >= 0) {
        reach(cx - Math.sqrt(half));
        reach(cx + Math.sqrt(half));
      }
    }
    // the rectangle between the two discs: where its four edges cross this row
    const length = Math.hypot(x1 - x0, y1 - y0);
    if (length > 0) {
      const nx = (-(y1 - y0) / length) * radius;
      const ny = ((x1 - x0) / length) * radius;
      const corners = [[x0 + nx, y0 + ny], [x1 + nx, y1 + ny], [x1 - nx, y1 - ny], [x0 - nx, y0 - ny]];
      corners.forEach(([ax, ay], i) => {
        const [bx, by] = corners[(i + 1) % 4];
        if (ay !== by && Math.min(ay, by) <= at && at <= Math.max(ay, by)) reach(ax + ((at - ay) / (by - ay)) * (bx - ax));
      });
    }
    const span = left > right ? null : pixels(left, right);
    return span ? [span] : [];
  };
  return { box: around([[x0, y0], [x1, y1]], radius), spans };
}

/** The distance of the centre of pixel (x, y) from a segment. */
export function distance(x0, y0, x1, y1, x, y) {
  const [dx, dy, px, py] = [x1 - x0, y1 - y0, x + 0.5 - x0, y + 0.5 - y0];
  const length = dx * dx + dy * dy;
  const along = length ? Math.min(1, Math.max(0, (px * dx + py * dy) / length)) : 0;
  return Math.hypot(px - along * dx, py - along * dy);
}

/** The rectangle with corners at two points. */
export function rectangle([ax, ay], [bx, by]) {
  const span = pixels(Math.min(ax, bx), Math.max(ax, bx));
  const rows = pixels(Math.min(ay, by), Math.max(ay, by));
  return { box: around([[ax, ay], [bx, by]]), spans: (y) => (span && rows && y >= rows[0] && y < rows[1] ? [span] : []) };
}

/** The ellipse within that rectangle. */
export function ellipse([ax, ay], [bx, by]) {
  const [cx, cy, rx, ry] = [(ax + bx) / 2, (ay + by) / 2, Math.abs(bx - ax) / 2, Math.abs(by - ay) / 2];
  const spans = (y) => {
    const up = (y + 0.5 - cy) / ry;
    if (!(Math.abs(up) <= 1)) return [];
    const half = rx * Math.sqrt(1 - up * up);
    const span = pixels(cx - half, cx + half);
    return span ? [span] : [];
  };
  return { box: around([[ax, ay], [bx, by]]), spans };
}

/** The closed path through `points`, filled by the even-odd rule. */
export function polygon(points) {
  const spans = (y) => {
    const at = y + 0.5;
    const crossings = [];
    points.forEach(([ax, ay], i) => {
      const [bx, by] = points[(i + 1) % points.length];
      if (ay <= at !== by <= at) crossings.push(ax + ((at - ay) / (by - ay)) * (bx - ax));
    });
    crossings.sort((a, b) => a - b);
    const result = [];
    for (let i = 0; i + 1 < crossings.length; i += 2) {
      const span = pixels(crossings[i], crossings[i + 1]);
      if (span) result.push(span);
    }
    return result;
  };
  return { box: around(points), spans };
}
