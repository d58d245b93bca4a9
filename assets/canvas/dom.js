// Elements and icons. Text only ever goes in as text, never as markup.

/** h("button", { class: "tool", onclick }, "text", child, ...): an element; on* are listeners, others attributes. */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

// drawn on a 20 x 20 grid, strokes of 1.5
const PATHS = {
  brush: "M12.6 4.2 16 7.6 9.4 14.2 5.8 10.8zM5.8 10.8c-2 .5-2.4 2.4-2.6 5 2.600-.2 5.700-.2 6.200-1.600",
  eraser: "M8.300 16.500 3.800 12a1.400 1.400 0 0 1 0-2l5.900-5.900a1.400 1.400 0 0 1 2 0l4.300 4.300a1.400 1.400 0 0 1 0 2l-6.100 6.100zM6.700 7.100l6.300 6.300M7.500 16.500h9",
  clear: "M4.500 6h11M8 6V4.500h4V6M6 6l.6 9.500h6.800L14 6M8.600 8.800l.2 4M11.400 8.800l-.2 4",
  recall: "M4 10a6 6 0 1 1 1.900 4.400M4 14.800v-3.400h3.400M10 7v3.300l2.200 1.300",
  undo: "M7.500 4.500 4 8l3.500 3.500M4.300 8h7.200a4.300 4.300 0 0 1 0 8.600H8",
  redo: "M12.500 4.500 16 8l-3.500 3.500M15.700 8H8.500a4.300 4.300 0 0 0 0 8.600H12",
  plus: "M10 4.500v11M4.500 10h11",
  minus: "M4.500 10h11",
  fit: "M4 7.500V4h3.500M12.500 4H16v3.500M16 12.500V16h-3.500M7.500 16H4v-3.500",
  download: "M10 3.800v8.400M6.500 9 10 12.500 13.500 9M4 15.800h12",
  open: "M3.500 15.500v-11h4.600l1.600 2h6.800v9z",
  history: "M6 4.500v11M6 10h4.500a3.500 3.500 0 0 0 3.500-3.500v-.5M6 4.500m-1.500 0a1.500 1.500 0 1 0 3 0 1.500 1.500 0 1 0-3 0M6 15.500m-1.500 0a1.500 1.500 0 1 0 3 0 1.500 1.500 0 1 0-3 0M14 4.500m-1.500 0a1.500 1.500 0 1 0 3 0 1.500 1.500 0 1 0-3 0",
  rename: "M4 16h3l8.300-8.300-3-3L4 13zM10.800 6.200l3 3",
  close: "M5.500 5.500l9 9M14.500 5.500l-9 9",
};

export function icon(name) {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  const path = document.createElementNS(space, "path");
  for (const [key, value] of Object.entries({ viewBox: "0 0 20 20", class: "icon", "aria-hidden": "true" })) svg.setAttribute(key, value);
  path.setAttribute("d", PATHS[name]);
  svg.append(path);
  return svg;
}

/** A button with an icon, a name for screen readers and a tip which tells the key. */
export function iconButton(name, label, key, onclick, attributes = {}) {
  const tip = h("span", { class: "tip", "aria-hidden": "true" }, label, ...(key ? [h("kbd", {}, key)] : []));
  return h("button", { type: "button", class: "icon-button", "aria-label": label, "aria-keyshortcuts": KEYS[key] ?? key, onclick, ...attributes }, icon(name), tip);
}

const KEYS = { "Ctrl Z": "Control+Z", "Ctrl ⇧ Z": "Control+Shift+Z" };
