// The side panel: settings, history and queue as tabs, beside the picture or, where the window is narrow, as a sheet below
// it. It can be resized; the browser remembers its tab and sizes.

import { h, icon } from "../lib/dom.js";
import { loadJson, saveJson } from "../lib/storage.js";
import { t } from "../lib/locale.js";

const STORED = "palimpsest-panel";
const WIDE = 1280; // CSS pixels of the window from which on it is open at the first visit
const SHEET = matchMedia("(max-width: 860px) and (min-height: 601px)"); // canvas.css lays it out by the same condition
const SIZES = { width: { least: 260, most: 520 }, height: { least: 200, most: 640 } }; // CSS pixels
const ICONS = { settings: "sliders" }; // of the tabs that are not called as theirs
const KEY_STEP = 20; // CSS pixels by which an arrow key resizes it

/**
 * bodies: { name: element } of the tabs in their order; null for one that is elsewhere in the page, with this name as its id.
 * changed(): another tab is open, or none.
 */
export function sidePanel(bodies, changed) {
  const names = Object.keys(bodies);
  const stored = loadJson(STORED, {});
  const state = { tab: null, width: 320, height: 340 };
  for (const name of Object.keys(SIZES)) if (Number.isFinite(stored[name])) state[name] = stored[name];
  const tab = (name) =>
    h(
      "button",
      { type: "button", role: "tab", id: `tab-${name}`, "aria-controls": bodies[name] ? `panel-${name}` : name, title: t(`command.${name}`), onclick: () => open(name), onkeydown: move },
      icon(ICONS[name] ?? name), h("span", {}, t(`command.${name}`)),
    );
  const tabs = Object.fromEntries(names.map((name) => [name, tab(name)]));
  const edge = h("div", { class: "panel-edge", role: "separator", tabindex: 0, "aria-label": t("panel.resize"), onpointerdown: drag, onkeydown: nudge });
  const closer = h("button", { type: "button", class: "icon-button small", "aria-label": t("panel.close"), title: t("panel.close"), onclick: () => open(null) }, icon("close"));
  const element = h(
    "aside",
    { class: "side-panel", "aria-label": t("panel.label"), hidden: true },
    edge, h("header", {}, h("div", { role: "tablist", "aria-label": t("panel.label") }, ...Object.values(tabs)), closer),
    ...names.filter((name) => bodies[name]).map((name) => h("div", { class: "panel-body", id: `panel-${name}`, role: "tabpanel", "aria-labelledby": `tab-${name}` }, bodies[name])),
  );

  /** Arrow keys lead from tab to tab. */
  function move(event) {
    const step = { ArrowRight: 1, ArrowLeft: -1, Home: -Infinity, End: Infinity }[event.key];
    if (!step) return;
    event.preventDefault();
    const at = names.indexOf(state.tab) + step;
    open(names[Number.isFinite(at) ? (at + names.length) % names.length : step > 0 ? names.length - 1 : 0]);
    tabs[state.tab].focus();
  }

  const side = () => (SHEET.matches ? "height" : "width");

  function resize(pixels) {
    const { least, most } = SIZES[side()];
    state[side()] = Math.round(Math.min(most, Math.max(least, pixels)));
    show();
    saveJson(STORED, state);
  }

  function drag(event) {
    event.preventDefault();
    edge.setPointerCapture(event.pointerId);
    edge.onpointermove = ({ clientX, clientY }) => resize(SHEET.matches ? innerHeight - clientY : innerWidth - clientX);
    edge.onlostpointercapture = () => (edge.onpointermove = null);
  }

  function nudge(event) {
    const larger = { ArrowLeft: 1, ArrowUp: 1, ArrowRight: -1, ArrowDown: -1 }[event.key];
    if (!larger) return;
    event.preventDefault();
    resize(state[side()] + larger * KEY_STEP);
  }

  function show() {
    const root = document.documentElement;
    element.hidden = !state.tab;
    if (state.tab) root.dataset.panel = state.tab;
    else delete root.dataset.panel;
    root.style.setProperty("--panel-width", `${state.width}px`);
    root.style.setProperty("--panel-height", `${state.height}px`);
    for (const name of names) {
      const selected = name === state.tab;
      tabs[name].setAttribute("aria-selected", String(selected));
      tabs[name].tabIndex = selected ? 0 : -1;
      if (bodies[name]) bodies[name].parentElement.hidden = !selected;
    }
    const { least, most } = SIZES[side()];
    for (const [key, value] of Object.entries({ orientation: SHEET.matches ? "horizontal" : "vertical", valuemin: least, valuemax: most, valuenow: state[side()] })) {
      edge.setAttribute(`aria-${key}`, value);
    }
  }

  /** Opens a tab; null: closes the panel. */
  function open(name) {
    if (name === state.tab) return;
    state.tab = name;
    show();
    saveJson(STORED, state);
    changed();
  }

  const first = innerWidth >= WIDE ? names[0] : null;
  state.tab = stored.tab === null || names.includes(stored.tab) ? stored.tab : first;
  SHEET.addEventListener("change", show);
  show();
  return {
    element,
    open,
    /** The open tab, or null. */
    get tab() {
      return state.tab;
    },
    /** Closes it where it is a sheet, which takes the picture's room. Returns whether it was open there. */
    uncover() {
      const covers = SHEET.matches && state.tab !== null;
      if (covers) open(null);
      return covers;
    },
    toggle(name) {
      open(state.tab === name ? null : name);
    },
  };
}
