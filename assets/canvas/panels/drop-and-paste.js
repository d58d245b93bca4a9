// Takes pictures that are dropped on the page or pasted. Text goes into a field, or nowhere.

import { isField } from "../app/keys.js";
import { OWN } from "../lib/drag-out.js";
import { t } from "../lib/locale.js";

const LEAVE_MS = 600; // while something hovers, browsers send an event every 50 to 350 ms
const PICTURE = /^(image\/|application\/octet-stream$|$)/; // a system that does not know a kind of file gives it no type

/** The address of a dragged image, or link; of an image within a link, the image's. Null for neither. */
function addressOf(data) {
  const image = new DOMParser().parseFromString(data.getData("text/html"), "text/html").querySelector("img[src]");
  const link = data.getData("text/uri-list").split(/\r?\n/).find((line) => line && !line.startsWith("#"));
  return image?.getAttribute("src") || link || null;
}

/** The { files, folders: names } of a transfer, which can only be read during its event. */
function entriesOf(data) {
  const folders = [];
  const files = [];
  for (const item of data.items) {
    if (item.kind !== "file") continue;
    const entry = item.webkitGetAsEntry?.();
    const file = item.getAsFile();
    if (entry?.isDirectory) folders.push(entry.name);
    else if (file) files.push(file);
  }
  return { files, folders };
}

/**
 * Listens for pictures. take(file): a picture; resolves to "opened", "placed", or null for neither. load(address): the picture
 * that a link leads to, see `fetchPicture`. note(sentence, kind): tells what is wrong with it, or what came with it.
 * hover(hovers): whether something hovers that can be taken.
 */
export function acceptPictures({ take, load, note, hover }) {
  let leaveTimer = 0; // browsers do not always report that a drag is over, but events stop
  const has = ({ dataTransfer }, type) => Boolean(dataTransfer?.types.includes(type));
  const brings = (event) => !has(event, OWN) && (has(event, "Files") || has(event, "text/uri-list"));
  const isText = (event) => !brings(event) && !has(event, OWN) && isField(event.target); // for the field
  const busy = () => document.querySelector("dialog[open]") !== null;

  /** Takes the first file that may be a picture; the server decides. */
  async function takeFirst({ files, folders }) {
    const pictures = files.filter(({ type }) => PICTURE.test(type));
    if (pictures.length) {
      const done = await take(pictures[0]);
      if (done && files.length + folders.length > 1) note(t(`drop.first.${done}`, { name: pictures[0].name, n: files.length + folders.length }), "info");
    } else if (files.length) note(t("drop.no_picture", { name: files[0].name }), "error");
    else if (folders.length) note(t("drop.folder", { name: folders[0] }), "error");
  }

  const setHover = (hovers) => {
    clearTimeout(leaveTimer);
    hover(hovers);
    if (hovers) leaveTimer = setTimeout(() => hover(false), LEAVE_MS);
  };
  document.addEventListener("dragenter", (event) => brings(event) && event.preventDefault());
  document.addEventListener("dragleave", ({ relatedTarget }) => relatedTarget ?? setHover(false)); // null: it left the window
  document.addEventListener("dragover", (event) => {
    if (brings(event)) setHover(!busy());
    if (isText(event)) return;
    event.preventDefault(); // or the browser follows the link
    event.dataTransfer.dropEffect = !brings(event) || busy() ? "none" : event.dataTransfer.effectAllowed === "link" ? "link" : "copy";
  });
  document.addEventListener("drop", async (event) => {
    if (isText(event)) return;
    event.preventDefault();
    setHover(false);
    if (busy() || !brings(event)) return;
    const entries = entriesOf(event.dataTransfer);
    const address = addressOf(event.dataTransfer);
    if (entries.files.length || entries.folders.length || !address) {
      takeFirst(entries);
      return;
    }
    try {
      take(await load(address));
    } catch (error) {
      if (error.name !== "AbortError") note(error.message, "error");
    }
  });
  document.addEventListener("dragstart", (event) => {
    if (event.target.closest?.("a, img")) event.preventDefault(); // links and pictures are not for dragging; see lib/drag-out.js
  });
  document.addEventListener("paste", (event) => {
    const data = event.clipboardData;
    if (!data || busy()) return;
    if (isField(event.target) && data.getData("text/plain")) return; // office programs add a picture of the text
    const entries = entriesOf(data);
    if (!entries.files.length && !entries.folders.length) return;
    event.preventDefault();
    takeFirst(entries);
  });
}
