// Drags out of the page: a file lands on the desktop or in another program.

import { h } from "./dom.js";

export const OWN = "application/x-palimpsest"; // marks a drag of this page, which does not open it again

/** An element that carries a file when it is dragged. child: what it shows. file(): { name, type, url }. */
export function dragOut(attributes, child, file) {
  // the element itself is dragged: with an image, browsers add the image's own, smaller file
  return h("span", {
    ...attributes, draggable: "true",
    ondragstart: ({ dataTransfer }) => {
      const { name, type, url } = file();
      dataTransfer.effectAllowed = "copy";
      dataTransfer.setData("DownloadURL", `${type}:${name}:${url}`);
      dataTransfer.setData("text/uri-list", url);
      dataTransfer.setData(OWN, "");
    },
  }, child);
}
