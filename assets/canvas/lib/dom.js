// Elements and icons. Text is only ever inserted as text, never as markup.

import { t } from "./locale.js";

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
export const PATHS = {
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
  queue: "M4 5.500h12M4 10h12M4 14.500h7",
  rename: "M4 16h3l8.300-8.300-3-3L4 13zM10.800 6.200l3 3",
  rectangle: "M4 5.500h12v9H4z",
  ellipse: "M10 5c4 0 6.500 2.200 6.500 5s-2.500 5-6.500 5-6.500-2.200-6.500-5S6 5 10 5z",
  lasso: "M10 4.500c3.800 0 6.500 1.700 6.500 4.200S13.800 13 10 13s-6.500-1.800-6.500-4.300S6.200 4.500 10 4.500zM6.500 12.400c-1.300 1-1.200 3 .3 3.300M6.500 12.400c1.200-.4 2.200.5 1.700 1.600-.3.700-1 1.200-1.400 1.700",
  polygon: "M5 15.500 3.800 8 10 4l6.200 4.500-3 7z",
  wand: "M4 16 12.500 7.500M14.500 3.500v3M13 5h3M16.500 9v2.400M15.300 10.200h2.400M8 3.800v2M7 4.800h2",
  edge: "M4 13c0-5 2.500-8.500 6-8.500s6 3.500 6 8.500M4 16h.01M8 16h.01M12 16h.01M16 16h.01M7.500 12.500 10 9.500l2.500 3",
  picker: "M12 4.800l3.200 3.200M10.200 6.600l3.200 3.200-6.200 6.200H4v-3.200zM13.600 3.600a1.800 1.800 0 0 1 2.800 2.800l-1.600 1.600-2.800-2.800z",
  mask: "M4 4h12v12H4zM10 10m-3 0a3 3 0 1 0 6 0 3 3 0 1 0-6 0",
  alone: "M3 10c1.800-3.300 4.200-5 7-5s5.200 1.700 7 5c-1.800 3.300-4.200 5-7 5s-5.200-1.700-7-5zM10 10m-2.300 0a2.300 2.300 0 1 0 4.600 0 2.300 2.300 0 1 0-4.600 0",
  hidden: "M3 10c1.800-3.300 4.200-5 7-5s5.200 1.700 7 5c-1.800 3.300-4.200 5-7 5s-5.200-1.700-7-5zM4.500 16 15.500 4",
  layers: "M10 3.500 17 7.500l-7 4-7-4zM3.500 11l6.500 3.700 6.500-3.700M3.500 14l6.500 3.700 6.500-3.700",
  models: "M10 3.500 16 6.800v6.400L10 16.500 4 13.200V6.800zM4 6.800l6 3.300 6-3.300M10 10.100v6.400",
  pause: "M7.500 5v10M12.500 5v10",
  resume: "M7 4.800v10.400l8-5.200z",
  grip: "M7.500 5.500h.01M12.500 5.500h.01M7.500 10h.01M12.500 10h.01M7.500 14.500h.01M12.500 14.500h.01",
  before: "M10 4v12M4.500 5.500H8v9H4.500zM12 5.500h3.500v9H12z",
  help: "M7.500 7.600a2.500 2.500 0 1 1 3.600 2.200c-.8.400-1.100.9-1.100 1.700M10 14.800v.01",
  more: "M5 10h.01M10 10h.01M15 10h.01",
  up: "M10 15.500v-11M5.500 9 10 4.500 14.500 9",
  duplicate: "M7 7h9v9H7zM4 13V4h9",
  replay: "M5 5v4h4M5.300 9A5.500 5.500 0 1 1 4.500 12",
  blend: "M8 12m-4 0a4 4 0 1 0 8 0 4 4 0 1 0-8 0M12 8m-4 0a4 4 0 1 0 8 0 4 4 0 1 0-8 0",
  recipe: "M5.500 3.500h6l3 3v10h-9zM11.500 3.500v3h3M8 10h4M8 13h4",
  sliders: "M4 6h7M15 6h1M4 14h1M9 14h7M13 6m-1.800 0a1.800 1.800 0 1 0 3.600 0 1.800 1.800 0 1 0-3.600 0M7 14m-1.800 0a1.800 1.800 0 1 0 3.600 0 1.800 1.800 0 1 0-3.600 0",
  bell: "M5.500 13.500h9l-1.200-2V9a3.300 3.300 0 0 0-6.600 0v2.500zM8.800 16a1.300 1.300 0 0 0 2.400 0",
  star: "M10 3.300l2.100 4.300 4.700.7-3.400 3.300.8 4.700-4.200-2.200-4.200 2.200.8-4.700-3.400-3.300 4.700-.7z",
  from: "M5 16.500v-13M5 4.500h9.500l-2.500 3.200 2.500 3.300H5",
  fill: "M10 3.300c3.200 3.500 4.900 5.800 4.900 8.300a4.900 4.900 0 0 1-9.800 0c0-2.500 1.700-4.800 4.900-8.300z",
  remove: "M10 10m-6.500 0a6.500 6.500 0 1 0 13 0 6.500 6.500 0 1 0-13 0M7 10h6",
  refine: "M9 4.500l1.500 4 4 1.500-4 1.500-1.500 4-1.500-4-4-1.500 4-1.500zM15.500 3v3M14 4.500h3",
  expand: "M12 4h4v4M16 4l-4.500 4.500M8 16H4v-4M4 16l4.500-4.500",
  sketch: "M3.500 13.500c1.500-5.500 4-8.500 5.300-7.600 1.600 1.100-2.600 6.900-.8 7.900 1.500.8 3.400-5.300 5-4.500 1.300.7-.9 3.700.3 4.500.8.500 2-.3 3.200-1.600",
  adjust: "M10 10m-6.500 0a6.500 6.500 0 1 0 13 0 6.500 6.500 0 1 0-13 0M10 3.500v13M12.500 4.500v11M15 6.200v7.600",
  crop: "M6 3v11h11M3 6h11v11",
  paste: "M4 4h8.500v8.500H4zM7.500 15.500v1h9V8h-1M4 10.500l2.800-2.600 2.200 2 1.500-1.200 2 1.800",
  transform: "M5 5h10v10H5zM3.500 3.500h3v3h-3zM13.500 3.500h3v3h-3zM3.500 13.500h3v3h-3zM13.500 13.500h3v3h-3z",
  mirror: "M10 3.500v13M7.500 6 3.500 14.500h4zM12.500 6l4 8.500h-4z",
  link: "M8.500 11.500 11.500 8.500M9 6.500l1.800-1.800a3 3 0 0 1 4.300 4.300L13.300 10.800M6.700 9.200 4.900 11a3 3 0 0 0 4.300 4.300L11 13.500",
  kinds: "M4 4h5v5H4zM11 4h5v5h-5zM4 11h5v5H4zM11 11h5v5h-5z",
  account: "M10 7.300m-3 0a3 3 0 1 0 6 0 3 3 0 1 0-6 0M4 16.500c.6-3 2.900-4.500 6-4.500s5.400 1.500 6 4.500",
  check: "M4.500 10.500 8.500 14.500 15.500 6",
  close: "M5.500 5.500l9 9M14.500 5.500l-9 9",
};

const icons = new Map(); // name -> svg, to be copied: a long list has hundreds

export function icon(name) {
  if (!icons.has(name)) icons.set(name, drawIcon(PATHS[name]));
  return icons.get(name).cloneNode(true);
}

function drawIcon(d) {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  const path = document.createElementNS(space, "path");
  for (const [key, value] of Object.entries({ viewBox: "0 0 20 20", class: "icon", "aria-hidden": "true" })) svg.setAttribute(key, value);
  path.setAttribute("d", d);
  svg.append(path);
  return svg;
}

/** A button with an icon, a name for screen readers and a tip with the key of its command (see `labelKeys` in keys.js). */
export function iconButton(name, label, command, onclick, attributes = {}) {
  const tip = h("span", { class: "tip", "aria-hidden": "true" }, label, command && h("kbd", { hidden: true }));
  return h("button", { type: "button", class: "icon-button", "aria-label": label, "data-command": command, onclick, ...attributes }, icon(name), tip);
}

/** A small button with an icon alone; a title says its name in fewer words. */
export function smallButton(name, label, onclick, title = label) {
  return h("button", { type: "button", class: "icon-button small", "aria-label": label, title, onclick }, icon(name));
}

/** Puts a field in an element's place until Enter, Escape or a click elsewhere. save(text): the text has changed. */
export function editInPlace(element, text, { label, class: name, save }) {
  let done = false;
  const finish = (accept) => {
    if (done) return; // a field that is removed loses the focus too
    done = true;
    field.replaceWith(element);
    if (accept && field.value.trim() !== text) save(field.value.trim());
  };
  const field = h("input", {
    type: "text", class: name, maxlength: 200, "aria-label": label, onblur: () => finish(true),
    onkeydown: (event) => {
      event.stopPropagation();
      if (event.key === "Enter" || event.key === "Escape") finish(event.key === "Enter");
    },
  });
  field.value = text;
  element.replaceWith(field);
  field.focus();
  field.select();
}

/**
 * Replaces the rows of a list, and leaves those in place that are in the list already; the control that has the focus has
 * it in the new row of the same data-key too. build(): the new rows. Returns false if the focus was on a control that is
 * not there any more.
 */
export function replaceRows(list, build) {
  const focused = list.contains(document.activeElement) ? document.activeElement : null;
  const key = focused?.closest("[data-key]")?.dataset.key;
  const rows = build(); // takes over controls of the old rows, maybe
  const stay = new Set(rows);
  for (const row of [...list.children]) if (!stay.has(row)) row.remove();
  let next = list.firstElementChild;
  for (const row of rows) {
    if (row === next) next = next.nextElementSibling;
    else list.insertBefore(row, next);
  }
  if (!focused || document.activeElement === focused) return true;
  const name = (control) => control.title || control.getAttribute("aria-label") || control.textContent;
  const controls = rows.filter((row) => row.dataset.key === key).flatMap((row) => [...row.querySelectorAll("button, a, input")]);
  const same = controls.find((control) => control === focused || name(control) === name(focused));
  same?.focus({ preventScroll: true });
  return Boolean(same);
}

/** A labelled slider: { element, input, show(value) }. format(value): the text beside it. */
export function slider(label, { min, max, step = 1, value = min, oninput, format = String }) {
  const input = h("input", { type: "range", min, max, step, "aria-label": label });
  const output = h("output", {});
  const show = (value) => {
    input.value = value;
    output.textContent = format(Number(value));
    input.setAttribute("aria-valuetext", output.textContent);
  };
  input.addEventListener("input", () => {
    show(input.value);
    oninput(Number(input.value));
  });
  show(value);
  return { element: h("label", { class: "slider" }, h("span", {}, label), input, output), input, show };
}

/** Opens a modal dialog with a title and a button to close it, which removes it. Returns { element, close }. */
export function dialog(title, ...children) {
  const closer = h("button", { type: "button", class: "icon-button", "aria-label": t("dialog.close"), onclick: () => element.close() }, icon("close"));
  const element = h("dialog", { "aria-label": title, class: "dialog" }, h("header", {}, h("h2", {}, title), closer), ...children);
  element.addEventListener("close", () => element.remove());
  element.addEventListener("click", (event) => event.target === element && element.close()); // on the backdrop
  document.querySelector(".palimpsest").append(element);
  element.showModal();
  return { element, close: () => element.close() };
}

/** Closes every dialog, menu and panel that lies over the page. */
export function closeOverlays() {
  for (const overlay of document.querySelectorAll("dialog[open], :popover-open")) {
    if (overlay instanceof HTMLDialogElement) overlay.close();
    else overlay.hidePopover();
  }
}
