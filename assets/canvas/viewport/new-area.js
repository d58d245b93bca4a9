// What a frame will change of the picture: the area that it adds, as a checkerboard, and the part that it cuts off, shaded.

import { intersect } from "../lib/boxes.js";

const SQUARE = 8; // CSS pixels
const [LIGHT, DARK, SHADE] = ["#f2f2f4", "#cdced6", "rgba(10, 12, 20, 0.55)"];

/** Fills the frame with a checkerboard, which the picture is drawn over then. ratio: device pixels for one CSS pixel. */
export function drawNewArea(context, view, frame, ratio) {
  const side = Math.round(SQUARE * ratio);
  const canvas = new OffscreenCanvas(2 * side, 2 * side);
  const ink = canvas.getContext("2d");
  ink.fillStyle = LIGHT;
  ink.fillRect(0, 0, 2 * side, 2 * side);
  ink.fillStyle = DARK;
  ink.fillRect(0, 0, side, side);
  ink.fillRect(side, side, side, side);
  context.fillStyle = context.createPattern(canvas, "repeat");
  context.fillRect(...view.viewportRect(frame));
}

/** Shades what of the picture, at `box`, lies beyond the frame. */
export function shadeCutOff(context, view, frame, box) {
  context.beginPath();
  context.rect(...view.viewportRect(box));
  context.rect(...view.viewportRect(intersect(frame, box) ?? [box[0], box[1], 0, 0]));
  context.fillStyle = SHADE;
  context.fill("evenodd");
}
