// Pictures that are dropped on the page or pasted. Text stays text: a field takes it, elsewhere it does nothing.

import { isField } from "../app/keys.js";
import { t } from "../lib/locale.js";

const LEFT_MS = 600; // browsers say every 50 to 350 ms that something hovers
const PICTURE = /^(image\/|application\/octet-stream$|$)/; // many kinds of file have no type where they are not known

/** The file a data: URL holds, or null. */
function fileOfData(url) {
  const [, type, base64, body] = /^data:([^;,]*)[^,]*?(;base64)?,(.*)$/s.exec(url) ?? [];
  if (!type?.startsWith("image/")) return null;
  const bytes = base64 ? Uint8Array.from(atob(body), (one) => one.charCodeAt(0)) : new TextEncoder().encode(decodeURIComponent(body));
  return new File([bytes], `${t("start.untitled")}.${type.slice(6).replace(/\+.*/, "")}`, { type });
}

/** The picture an address leads to, where this page may read it; an Error with a sentence if it may not. */
async function fileOf(address) {
  try {
    const data = fileOfData(address);
    if (data) return data;
    const url = new URL(address);
    if (url.origin === location.origin && url.protocol !== "blob:") {
      const blob = await (await fetch(url)).blob();
      const name = decodeURIComponent(url.pathname.split("/").pop());
      if (blob.type.startsWith("image/")) return new File([blob], name, { type: blob.type });
    }
  } catch {
    // it is no picture that can be read
  }
  throw new Error(t("drop.link"));
}

/** What a drag of an image or a link points at: an image within a link is meant, not the link. null: neither. */
function addressOf(data) {
  const image = new DOMParser().parseFromString(data.getData("text/html"), "text/html").querySelector("img[src]");
  const listed = data.getData("text/uri-list").split(/\r?\n/).find((line) => line && !line.startsWith("#"));
  return image?.getAttribute("src") || listed || null;
}

/** { files, folders: names } of a transfer; must be read before the event is over. */
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
 * open(file): a picture came. note(sentence, kind): what is wrong with it, or what came with it. hover(true) while something
 * that can be opened hovers.
 */
export function acceptPictures({ open, note, hover }) {
  let left = 0; // timer: that a drag is given up is not always said, but while it hovers it keeps coming
  const has = ({ dataTransfer }, type) => Boolean(dataTransfer?.types.includes(type));
  const brings = (event) => has(event, "Files") || has(event, "text/uri-list");
  const busy = () => document.querySelector("dialog[open]") !== null;

  /** Open the first that may be a picture; the server has the last word. */
  async function take({ files, folders }) {
    const pictures = files.filter(({ type }) => PICTURE.test(type));
    if (pictures.length) {
      const opened = await open(pictures[0]);
      if (opened && files.length + folders.length > 1) note(t("drop.first", { name: pictures[0].name, n: files.length + folders.length }), "info");
    } else if (files.length) note(t("drop.no_picture", { name: files[0].name }), "error");
    else if (folders.length) note(t("drop.folder", { name: folders[0] }), "error");
  }

  const setHover = (hovers) => {
    clearTimeout(left);
    hover(hovers);
    if (hovers) left = setTimeout(() => hover(false), LEFT_MS);
  };
  document.addEventListener("dragenter", (event) => brings(event) && event.preventDefault());
  document.addEventListener("dragleave", ({ relatedTarget }) => relatedTarget ?? setHover(false)); // out of the window
  document.addEventListener("dragover", (event) => {
    if (brings(event)) setHover(!busy());
    if (!brings(event) && isField(event.target)) return; // text, for the field
    event.preventDefault(); // or the browser goes where it leads
    event.dataTransfer.dropEffect = !brings(event) || busy() ? "none" : event.dataTransfer.effectAllowed === "link" ? "link" : "copy";
  });
  document.addEventListener("drop", async (event) => {
    if (!brings(event) && isField(event.target)) return;
    event.preventDefault();
    setHover(false);
    if (busy() || !brings(event)) return;
    const entries = entriesOf(event.dataTransfer);
    const address = addressOf(event.dataTransfer);
    if (entries.files.length || entries.folders.length || !address) {
      take(entries);
      return;
    }
    try {
      open(await fileOf(address));
    } catch (error) {
      note(error.message, "error");
    }
  });
  document.addEventListener("dragstart", (event) => {
    if (event.target.closest?.("a, img")) event.preventDefault(); // its own links and pictures lead nowhere
  });
  document.addEventListener("paste", (event) => {
    const data = event.clipboardData;
    if (!data || busy()) return;
    if (isField(event.target) && data.getData("text/plain")) return; // office programs put a picture of the text beside it
    const entries = entriesOf(data);
    if (!entries.files.length && !entries.folders.length) return;
    event.preventDefault();
    take(entries);
  });
}
