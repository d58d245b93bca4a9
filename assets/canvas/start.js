// The start view: open a picture, pick a sample, or go on with a recent one.

import { h, icon } from "./dom.js";

const RECENT = "palimpsest-recent";
const KEPT = 6;

export function recentDocuments() {
  try {
    const list = JSON.parse(localStorage.getItem(RECENT)) ?? [];
    return list.filter(({ id, name }) => typeof id === "string" && typeof name === "string").slice(0, KEPT);
  } catch {
    return [];
  }
}

function keepRecent(list) {
  try {
    localStorage.setItem(RECENT, JSON.stringify(list.slice(0, KEPT)));
  } catch {
    // a browser that keeps nothing: the document's address still leads to it
  }
}

export function rememberDocument(id, name) {
  keepRecent([{ id, name }, ...recentDocuments().filter((one) => one.id !== id)]);
}

function forgetDocument(id) {
  keepRecent(recentDocuments().filter((one) => one.id !== id));
}

/** verbs: { openFile(file), openSample(name), openDocument(id) }. server: for lists and thumbnails. */
export function startView(server, verbs) {
  const input = h("input", {
    type: "file", accept: "image/*,.palimpsest", class: "file-input", "aria-hidden": "true", tabindex: -1, // the button stands for it
    onchange: () => {
      if (input.files[0]) verbs.openFile(input.files[0]);
      input.value = "";
    },
  });
  const button = h("button", { type: "button", class: "primary", onclick: () => input.click() }, icon("open"), "Open a picture");
  const samples = h("div", { class: "cards samples" });
  const recent = h("div", { class: "cards recent" });
  const sampleSection = h("section", { hidden: true }, h("h2", {}, "Start from a sample"), samples);
  const recentSection = h("section", { hidden: true }, h("h2", {}, "Recent"), recent);
  const element = h(
    "div",
    { class: "start" },
    h(
      "div",
      { class: "sheet" },
      h("h1", {}, "Palimpsest"),
      h("p", { class: "lead" }, "Paint over part of a picture. Say what belongs there."),
      h("div", { class: "drop" }, button, h("p", {}, "or drop one anywhere, or paste it"), input),
      recentSection,
      sampleSection,
    ),
  );

  const card = (label, source, onclick, onmissing) => {
    const image = h("img", { src: source, alt: "", loading: "lazy", draggable: "false", onerror: onmissing });
    return h("button", { type: "button", class: "card", onclick }, h("span", { class: "frame" }, image), h("span", { class: "label" }, label));
  };

  return {
    element,
    async refresh() {
      element.scrollTop = 0;
      recent.replaceChildren(
        ...recentDocuments().map(({ id, name }) => {
          const one = card(name, server.url(`documents/${encodeURIComponent(id)}/thumbnail`), () => verbs.openDocument(id), () => {
            forgetDocument(id);
            one.remove();
            recentSection.hidden = !recent.childElementCount;
          });
          return one;
        }),
      );
      recentSection.hidden = !recent.childElementCount;
      const list = await server.samples();
      samples.replaceChildren(
        ...list.map(({ name, title }) => card(title, server.url(`samples/${encodeURIComponent(name)}`), () => verbs.openSample(name))),
      );
      sampleSection.hidden = !list.length;
    },
  };
}

/** Pictures dropped on the page go to `open`, and pasted ones if `atStart()`; `over(true)` while one hovers. */
export function acceptDrops(open, over, atStart) {
  let depth = 0;
  const isFile = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
  const hover = (by) => (event) => {
    if (!isFile(event)) return;
    event.preventDefault();
    depth = Math.max(0, depth + by);
    over(depth > 0);
  };
  document.addEventListener("dragenter", hover(1));
  document.addEventListener("dragleave", hover(-1));
  document.addEventListener("dragover", (event) => isFile(event) && event.preventDefault());
  document.addEventListener("drop", (event) => {
    if (!isFile(event)) return;
    event.preventDefault();
    depth = 0;
    over(false);
    if (event.dataTransfer.files[0]) open(event.dataTransfer.files[0]);
  });
  document.addEventListener("paste", (event) => {
    const file = [...(event.clipboardData?.files ?? [])].find(({ type }) => type.startsWith("image/"));
    if (file && atStart()) open(file);
  });
}
