// Gradio's dropdowns: a press, an arrow, Enter or space opens the list; Escape closes it, and so does whatever takes the focus
// away. By itself Gradio opens it with the focus, and once more at the Tab key that takes the focus on.

const FIELD = 'input[role="combobox"][aria-controls$="-options"]';
const OPENING = ["ArrowDown", "ArrowUp", "Enter", " "];
const LIST_KEYS = ["ArrowDown", "ArrowUp", "Home", "End", "Enter"]; // Gradio moves by these in an open list

const fieldOf = ({ target }) => (target instanceof Element && target.matches(FIELD) ? target : null);
const isOpen = (field) => field.getAttribute("aria-expanded") === "true";

/** Has the page's own rules decide for every dropdown when its list is open. */
export function ruleDropdowns() {
  let pressed = false; // whether the pointer was used last, and not a key
  let ours = false; // whether an event is one of `tell`
  /** Gradio opens a list at "focus" and closes it at "blur". */
  const tell = (field, type) => {
    ours = true;
    field.dispatchEvent(new FocusEvent(type));
    ours = false;
  };
  document.addEventListener("pointerdown", () => (pressed = true), true);
  document.addEventListener("focus", (event) => {
    if (fieldOf(event) && !ours && !pressed) event.stopPropagation();
  }, true);
  document.addEventListener("click", (event) => {
    const field = fieldOf(event);
    if (field && !field.disabled && document.activeElement === field && !isOpen(field)) tell(field, "focus");
  });
  document.addEventListener("keydown", (event) => {
    pressed = false;
    const field = fieldOf(event);
    if (!field || event.isComposing) return;
    const { key } = event;
    const modified = event.ctrlKey || event.metaKey || event.altKey;
    const open = isOpen(field);
    if (open && !modified && LIST_KEYS.includes(key)) return;
    event.stopPropagation(); // Gradio opens the list at any key
    if (key === "Escape" && open) tell(field, "blur");
    else if (!modified && !open && OPENING.includes(key)) tell(field, "focus");
    else if (modified || key === "Escape") {
      if (document.body.dispatchEvent(new KeyboardEvent("keydown", event))) return; // the editor's own keys
    } else return;
    event.preventDefault();
  }, true);
}
