// The keyboard: one table from keys to verbs. Keys typed into a field stay there, except the two that always work.

const isField = (element) => element?.closest?.("input:not([type=range]), textarea, select, [contenteditable], [role=listbox]");

/** "Ctrl+Shift+z": modifiers, then the key; letters small. */
export function chord(event) {
  const shift = event.shiftKey && (event.key.length > 1 || /[a-z]/i.test(event.key)); // "+" may need Shift to be typed
  const parts = [];
  if (event.ctrlKey || event.metaKey) parts.push("Ctrl");
  if (event.altKey) parts.push("Alt");
  if (shift) parts.push("Shift");
  parts.push(event.key.length === 1 ? event.key.toLowerCase() : event.key);
  return parts.join("+");
}

/**
 * verbs: { chord: () => void }. always: chords that work in text fields too. hand(down): the space bar.
 * active(): whether the editor is on screen.
 */
export function listen(verbs, always, hand, active) {
  document.addEventListener("keydown", (event) => {
    if (!active() || event.defaultPrevented || event.isComposing) return;
    const name = chord(event);
    if (isField(event.target) && !always.includes(name)) return;
    if (name === " ") {
      if (event.target.closest?.("button, [role=button], summary")) return; // there it presses
      event.preventDefault();
      hand(true);
    } else if (verbs[name]) {
      event.preventDefault();
      verbs[name]();
    }
  });
  document.addEventListener("keyup", (event) => event.key === " " && hand(false));
  window.addEventListener("blur", () => hand(false));
}
