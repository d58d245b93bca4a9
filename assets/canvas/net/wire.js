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
