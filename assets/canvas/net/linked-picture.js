// Fetches the picture that a dropped link leads to. The page does it, not the server, which nobody may send to an address;
// so it depends on the other page's server, which says whether others may read its pictures (CORS).

import { t } from "../lib/locale.js";

/** The picture file that a data: URL holds, or null. */
function fileOfData(url) {
  const [, type, base64, body] = /^data:([^;,]*)[^,]*?(;base64)?,(.*)$/s.exec(url) ?? [];
  if (!type?.startsWith("image/")) return null;
  const bytes = base64 ? Uint8Array.from(atob(body), (character) => character.charCodeAt(0)) : new TextEncoder().encode(decodeURIComponent(body));
  return new File([bytes], `${t("start.untitled")}.${type.slice(6).replace(/\+.*/, "")}`, { type });
}

/** The name of an address, for people; its file, for a picture's. */
function nameOf({ pathname, hostname }) {
  const last = pathname.split("/").pop();
  try {
    return decodeURIComponent(last) || hostname;
  } catch {
    return last; // it is not encoded in UTF-8
  }
}

/** Where a link leads, for people: its host, "" for none. */
export function hostOf(address) {
  return URL.canParse(address) ? new URL(address).hostname : "";
}

/** Loads the picture at an address: a File. Throws an Error with a sentence if this page may not read it, or it is none. */
export async function fetchPicture(address, signal) {
  let response;
  try {
    const data = fileOfData(address);
    if (data) return data;
    const url = new URL(address);
    if (url.protocol !== "https:" && url.origin !== location.origin) throw new Error("the page's policy allows no other");
    response = await fetch(url, { signal, credentials: url.origin === location.origin ? "same-origin" : "omit", referrerPolicy: "no-referrer" });
    if (!response.ok) throw new Error(response.statusText);
    const blob = await response.blob();
    if (blob.type.startsWith("image/")) return new File([blob], nameOf(url), { type: blob.type });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Error(t("drop.link"), { cause: error });
  }
  throw new Error(t("drop.link_page"));
}
