// Draws a turned view: everything upright on a canvas of its own, and that turned as a whole, so that no seams show between
// tiles and the hatch of the mask stays on the picture.

export class Turned {
  constructor() {
    this.canvas = new OffscreenCanvas(1, 1);
  }

  /** Draws on `target`, a canvas of width x height, what paint(context, view, width, height) draws in the view without its turn. */
  draw(target, view, width, height, paint) {
    const upright = view.upright(width, height);
    if (this.canvas.width < upright.width || this.canvas.height < upright.height) {
      this.canvas.width = Math.max(this.canvas.width, upright.width);
      this.canvas.height = Math.max(this.canvas.height, upright.height);
    }
    const context = this.canvas.getContext("2d");
    context.clearRect(0, 0, upright.width, upright.height);
    paint(context, upright.view, upright.width, upright.height);
    target.save();
    target.transform(...upright.matrix);
    target.imageSmoothingEnabled = view.angle % 90 !== 0;
    target.imageSmoothingQuality = "high";
    target.drawImage(this.canvas, 0, 0, upright.width, upright.height, 0, 0, upright.width, upright.height);
    target.restore();
  }
}
