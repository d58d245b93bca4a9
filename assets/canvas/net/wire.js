// Packets: a line of JSON and the PNG files that it describes, in one body, to the server and back.

/** Packs JSON and pictures. head: the rest of the JSON. pictures: { name: { box, png: Blob } or null }, in the server's order. */
export function pack(head, pictures) {
  const line = { ...head };
  const files = [];
  for (const [name, picture] of Object.entries(pictures)) {
    line[name] = picture && { box: picture.box, bytes: picture.png.size };
    if (picture) files.push(picture.png);
  }
  return new Blob([JSON.stringify(line), "\n", ...files], { type: "application/octet-stream" });
}

/** Yields the JSON of packets that arrive one after another, each with { box, png } or null for `name`. stream: of bytes. */
export async function* packets(stream, name) {
  let rest = new Uint8Array(0);
  for await (const bytes of chunks(stream)) {
    rest = joined(rest, bytes);
    for (let line = rest.indexOf(10); line >= 0; line = rest.indexOf(10)) {
      const head = JSON.parse(new TextDecoder().decode(rest.subarray(0, line)));
      const end = line + 1 + (head[name]?.bytes ?? 0);
      if (rest.length < end) break; // the rest of the file is still to come
      if (head[name]) head[name] = { box: head[name].box, png: new Blob([rest.subarray(line + 1, end)]) };
      yield head;
      rest = rest.subarray(end);
    }
  }
}

/** A stream's chunks; not every browser can iterate over a stream itself. */
async function* chunks(stream) {
  const reader = stream.getReader();
  for (let { done, value } = await reader.read(); !done; { done, value } = await reader.read()) yield value;
}

function joined(first, second) {
  const both = new Uint8Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}

/** Unpacks the JSON of a response, with { box, png }, a list of those, or null for each of `names` in their order. */
export async function unpack(blob, names) {
  const bytes = new Uint8Array(await blob.arrayBuffer());
  const line = bytes.indexOf(10);
  const head = JSON.parse(new TextDecoder().decode(bytes.subarray(0, line)));
  let at = line + 1;
  for (const name of names) {
    if (!head[name]) continue;
    const files = [head[name]].flat().map(({ box, bytes: size }) => {
      at += size;
      return { box, png: blob.slice(at - size, at, "image/png") };
    });
    head[name] = Array.isArray(head[name]) ? files : files[0];
  }
  return head;
}
