// The strip above the picture: the options of the current tool, and a menu for the whole mask.

import { FAINTEST } from "../app/mask-tint.js";
import { h, icon, iconButton, slider } from "../lib/dom.js";
import { ROUND } from "../viewport/tools.js";
import { t } from "../lib/locale.js";

export const SMALLEST = 2;
export const LARGEST = 1000; // brush diameter in picture pixels
const MOST_GROWTH = 64; // pixels, as the server takes them
const SMOOTHEST = 32; // pixels, as the server takes them
const ASPECTS = ["1:1", "5:4", "4:3", "3:2", "16:9", "4:5", "3:4", "2:3", "9:16"];

/** The slider's value, 0..1, is logarithmic: small brushes need finer steps. */
const toDiameter = (value) => Math.round(SMALLEST * (LARGEST / SMALLEST) ** value);
const toSlider = (diameter) => Math.log(diameter / SMALLEST) / Math.log(LARGEST / SMALLEST);

/** Whether a size has an aspect such as "16:9", to the pixel. */
function hasAspect([width, height], aspect) {
  const [across, down] = aspect.split(":").map(Number);
  return Math.abs(width * down - height * across) < Math.max(across, down);
}

const percent = (share) => `${Math.round(share * 100)}%`;

/**
 * actions: { size(diameter), hardness(share), tolerance(levels), contiguous(only), smoothing(pixels), colour(css),
 * setAspect(aspect or null), grow(pixels or null), getSelector(): where the model is to be had, name(words, subtract): selects by words, upright() }, and those of the mask: { change(operation): see `Server.changeMask`, all(), invert(),
 * clear(), recall(), transform(), masks(), loadMask(file), saveMask(), alone(), tint({ colour } or { opacity }) }.
 */
export function optionStrip(actions) {
  const size = slider(t("strip.size"), { min: 0, max: 1, step: 0.01, oninput: (value) => actions.size(toDiameter(value)), format: (value) => String(toDiameter(value)) });
  const hardness = slider(t("strip.hardness"), { min: 0, max: 1, step: 0.05, value: 1, oninput: actions.hardness, format: percent });
  const tolerance = slider(t("strip.tolerance"), { min: 0, max: 128, value: 24, oninput: actions.tolerance });
  const contiguous = h("input", { type: "checkbox", checked: true, onchange: () => actions.contiguous(contiguous.checked) });
  const smoothing = slider(t("strip.smoothing"), { min: 0, max: SMOOTHEST, oninput: actions.smoothing, format: (value) => `${value} px` });
  const colour = h("input", { type: "color", "aria-label": t("strip.colour"), oninput: () => actions.colour(colour.value) });
  const aspects = ASPECTS.map((aspect) => h("button", { type: "button", class: "chip", onclick: () => actions.setAspect(aspect) }, aspect));
  const extent = h("output", { class: "extent" });
  const reset = h("button", { type: "button", class: "chip", onclick: () => actions.setAspect(null) }, t("strip.reset"));
  const objectState = h("span", { role: "status" });
  const getSelector = h("button", { type: "button", class: "chip", onclick: actions.getSelector }, t("strip.get_selector"));
  const say = (event) => {
    if (event.key !== "Enter" || event.isComposing || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    if (words.value.trim()) actions.name(words.value, event.altKey);
  };
  const words = h("input", { type: "text", autocomplete: "off", "aria-label": t("strip.words"), placeholder: t("strip.words"), title: t("strip.words_help"), onkeydown: say });
  const growth = slider(t("strip.grow"), { min: 0, max: MOST_GROWTH, oninput: actions.grow, format: (value) => `${value} px` });
  const automatic = h("button", { type: "button", class: "chip", title: t("strip.automatic_help"), onclick: () => actions.grow(null) }, t("strip.automatic"));
  const parts = {
    grow: h("span", { class: "growth" }, growth.element, automatic),
    size: size.element, hardness: hardness.element, tolerance: tolerance.element,
    contiguous: h("label", { class: "check" }, contiguous, t("strip.contiguous")), smoothing: smoothing.element,
    objects: h("span", { class: "objects" }, objectState, getSelector), words, colour: h("label", { class: "swatch" }, colour),
    frame: h("span", { class: "aspects", role: "group", "aria-label": t("strip.shape") }, h("span", { "aria-hidden": "true" }, t("strip.shape")), ...aspects, extent, reset),
  };

  const file = h("input", {
    type: "file", accept: "image/png,image/*", class: "file-input", "aria-hidden": "true", tabindex: -1,
    onchange: () => {
      if (file.files[0]) actions.loadMask(file.files[0]);
      file.value = "";
    },
  });
  const by = h("input", { type: "number", min: 1, max: 256, value: 8, "aria-label": t("strip.by") });
  const item = (command, onclick, needsMask = true) => {
    const key = h("kbd", { hidden: true });
    const press = () => {
      menu.hidePopover();
      onclick();
    };
    return h("button", { type: "button", "aria-label": t(`mask.${command}`), "data-command": command, "data-needs": needsMask, onclick: press }, t(`mask.${command}`), key);
  };
  const tint = h("input", { type: "color", "aria-label": t("strip.mask_colour"), oninput: () => actions.tint({ colour: tint.value }) });
  const opacity = slider(t("strip.mask_opacity"), { min: FAINTEST, max: 1, step: 0.01, oninput: (value) => actions.tint({ opacity: value }), format: percent });
  const pixels = () => Math.min(256, Math.max(1, Math.round(Number(by.value)) || 8));
  const menu = h(
    "div",
    { class: "menu", popover: "auto", id: "mask-menu" },
    h("label", { class: "by" }, t("strip.by"), by, "px"),
    h("div", { role: "group", "aria-label": t("strip.mask") },
    ...["grow", "shrink", "soften"].map((operation) => item(operation, () => actions.change({ do: operation, by: pixels() }))),
    item("holes", () => actions.change({ do: "holes" })), item("transform", actions.transform),
    h("hr"),
    item("all", actions.all, false), item("invert", actions.invert, false), item("clear", actions.clear), item("recall", actions.recall, false),
    h("hr"),
    item("masks", actions.masks, false), item("load", () => file.click(), false), item("save", actions.saveMask)),
    h("hr"),
    h("div", { class: "tint" }, h("label", { class: "swatch" }, tint), opacity.element),
  );
  const alone = iconButton("alone", t("command.alone"), "alone", actions.alone);
  const turned = h("button", { type: "button", class: "chip turned", onclick: actions.upright });
  const opener = h("button", { type: "button", class: "text-button", popovertarget: "mask-menu" }, icon("mask"), t("strip.mask"));
  menu.addEventListener("toggle", ({ newState }) => {
    if (newState !== "open") return;
    const { left, bottom } = opener.getBoundingClientRect();
    Object.assign(menu.style, { left: `${Math.min(left, innerWidth - menu.offsetWidth - 8)}px`, top: `${bottom + 6}px` });
  });
  const wholeMask = h("span", { class: "whole-mask" }, h("span", { class: "rule" }), opener, alone);
  const element = h("div", { class: "strip", role: "toolbar", "aria-label": t("strip.label") }, ...Object.values(parts), wholeMask, turned, menu, file);

  return {
    element,
    /**
     * state: { tool, objects: see `ObjectSelection.state`, byWords: whether words select, sketching, diameter, hardness, tolerance, contiguous, smoothing, colour, frame: [width, height] or null, reframed: whether that is another than the picture's,
     * grow: pixels, null if automatic, undefined if nothing grows, masked, canRecall, alone, tint, angle: of the view, flipped }.
     */
    show(state) {
      const visible = {
        size: ROUND.includes(state.tool), hardness: ROUND.includes(state.tool) && state.tool !== "edge" && !state.sketching,
        tolerance: state.tool === "wand", contiguous: state.tool === "wand", smoothing: state.tool === "wand", colour: state.sketching, frame: state.tool === "frame",
        grow: state.grow !== undefined, objects: state.objects !== "", words: state.byWords,
      };
      objectState.textContent = state.objects ? t(`objects.${state.objects}`) : "";
      getSelector.hidden = state.objects !== "none";
      for (const [name, part] of Object.entries(parts)) part.hidden = !visible[name];
      size.show(toSlider(state.diameter));
      hardness.show(state.hardness);
      tolerance.show(state.tolerance);
      contiguous.checked = state.contiguous;
      smoothing.show(state.smoothing);
      colour.value = state.colour;
      if (state.grow !== undefined) {
        if (state.grow !== null) growth.show(state.grow);
        growth.element.toggleAttribute("data-automatic", state.grow === null);
        growth.input.setAttribute("aria-valuetext", state.grow === null ? t("strip.automatic") : `${state.grow} px`);
        automatic.setAttribute("aria-pressed", String(state.grow === null));
      }
      extent.textContent = state.frame ? `${state.frame.join(" × ")} px` : "";
      aspects.forEach((chip, i) => chip.setAttribute("aria-pressed", String(Boolean(state.frame) && hasAspect(state.frame, ASPECTS[i]))));
      reset.disabled = !state.reframed;
      alone.setAttribute("aria-pressed", String(state.alone));
      tint.value = state.tint.colour;
      opacity.show(state.tint.opacity);
      turned.hidden = !state.angle && !state.flipped;
      turned.textContent = t(state.flipped ? (state.angle ? "strip.turned_and_flipped" : "strip.flipped") : "strip.turned", { angle: String(state.angle).replace("-", "−") });
      wholeMask.hidden = state.tool === "frame";
      wholeMask.firstChild.hidden = !Object.values(visible).some(Boolean);
      for (const button of menu.querySelectorAll("button")) button.disabled = button.dataset.needs === "true" && !state.masked;
      menu.querySelector('[data-command="recall"]').disabled = !state.canRecall;
    },
  };
}
