// Lines over the picture: the shape that is being drawn, the windows that the model reads, the frame, the box that transforms.

const SPACE = "http://www.w3.org/2000/svg";

function svg(tag, attributes = {}, ...children) {
  const element = document.createElementNS(SPACE, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

export const rect = ([x, y, width, height]) => `M${x} ${y}h${width}v${height}h${-width}z`;

export class Guides {
  constructor(root) {
    this.lines = Object.fromEntries(["window", "frame", "look", "shape", "inside", "beside", "box", "handles"].map((name) => [name, svg("g", { class: `guide ${name}` })]));
    this.group = svg("g", {}, ...Object.values(this.lines));
    this.element = svg("svg", { class: "guides", "aria-hidden": "true" }, this.group);
    root.append(this.element);
  }

  /** Follows the viewport's view. ratio: device pixels for one CSS pixel. */
  place(view, ratio) {
    this.group.setAttribute("transform", `matrix(${view.matrix.map((n) => n / ratio).join(" ")})`);
  }

  /** Shows lines. name: one of `lines`. path: an SVG path in plane coordinates, a box, or null for none. */
  show(name, path) {
    const d = Array.isArray(path) ? rect(path) : path;
    const lines = d ? ["under", "over"].map((kind) => svg("path", { d, class: kind, "vector-effect": "non-scaling-stroke" })) : [];
    this.lines[name].replaceChildren(...lines);
  }
}
