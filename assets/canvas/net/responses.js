// The server's responses: what is wrong in them as an error with a sentence, and their pictures.

import { t } from "../lib/locale.js";

const AWAY = [502, 503, 504]; // what a proxy answers for a server that does not

export class Unreachable extends Error {}
/** Nobody is signed in here any more. Until somebody is, the server is no more use than one that is away. */
export class SignedOut extends Unreachable {}
export class Missing extends Error {}

/** Waits for a response; throws an error with a sentence unless it is a success. */
export async function check(request) {
  let response;
  try {
    response = await request;
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Unreachable(t("note.unreachable"));
  }
  if (response.ok) return response;
  if (response.status === 401) throw new SignedOut(t("note.signed_out"));
  const body = await response.json().catch(() => ({}));
  if (AWAY.includes(response.status) && !body.error) throw new Unreachable(t("note.unreachable"));
  const sentence = body.error || t("note.refused", { status: `${response.status} ${response.statusText}` });
  throw new (response.status === 404 ? Missing : Error)(sentence);
}

export const decodeBitmap = (blob) => createImageBitmap(blob, { colorSpaceConversion: "none", premultiplyAlpha: "none" });

/** A response's picture, null if it has none. */
export async function loadBitmap(request) {
  const response = await check(request);
  return response.status === 204 ? null : decodeBitmap(await response.blob());
}

/** A response's preview and where it lies: { bitmap, box }. */
export async function boxedBitmap(response) {
  const box = response.headers.get("Palimpsest-Box").split(",").map(Number);
  return { bitmap: await decodeBitmap(await response.blob()), box };
}
