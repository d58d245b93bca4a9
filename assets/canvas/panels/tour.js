// The tour of the first steps: four cards, each beside what it explains. Shown once, and again when the user asks for it.

import { h } from "../lib/dom.js";
import { t } from "../lib/locale.js";

const STORED = "palimpsest-tour";
const STEPS = [[".palette", "paint"], ["#prompt", "say"], ["#generate", "generate"], [".top-bar .middle", "refine"]];

function wasShown() {
  try {
    return localStorage.getItem(STORED) !== null;
  } catch {
    return true; // a browser that stores nothing would show it every time
  }
}

/** root: the element to put it in. again: shows it even if it was shown before. */
export function tour(root, again = false) {
  if (wasShown() && !again) return;
  root.querySelector(".tour")?.remove();
  let at = 0;
  const words = h("p", {});
  const count = h("span", { class: "count" });
  const next = h("button", { type: "button", class: "primary", onclick: () => go(at + 1) });
  const skip = h("button", { type: "button", class: "secondary", onclick: () => end() }, t("tour.skip"));
  const card = h("div", {
    class: "tour", role: "dialog", "aria-label": t("tour.title"),
    onkeydown: (event) => {
      if (event.key !== "Escape") return;
      event.stopPropagation();
      end();
    },
  }, words, h("footer", {}, count, skip, next));
  const follow = () => place();

  function place() {
    const element = document.querySelector(STEPS[at][0]);
    const target = (element?.closest("#dock") ?? element)?.getBoundingClientRect(); // a card may not cover any part of the dock
    if (!target) return;
    const { offsetWidth: width, offsetHeight: height } = card;
    const beside = target.height > target.width; // of a tall element, else above or below
    const left = beside ? target.right + 14 : target.left + target.width / 2 - width / 2;
    const top = beside ? target.top + 8 : target.top > innerHeight / 2 ? target.top - height - 18 : target.bottom + 14;
    card.style.left = `${Math.max(8, Math.min(left, innerWidth - width - 8))}px`;
    card.style.top = `${Math.max(8, Math.min(top, innerHeight - height - 8))}px`;
  }

  function go(step) {
    if (step >= STEPS.length) {
      end();
      return;
    }
    at = step;
    words.textContent = t(`tour.${STEPS[at][1]}`);
    count.textContent = `${at + 1}/${STEPS.length}`;
    next.textContent = at + 1 < STEPS.length ? t("tour.next") : t("tour.done");
    place();
    next.focus({ preventScroll: true });
  }

  function end() {
    card.remove();
    removeEventListener("resize", follow);
    root.querySelector(".viewport")?.focus({ preventScroll: true });
  }

  root.append(card);
  addEventListener("resize", follow);
  try {
    localStorage.setItem(STORED, "1");
  } catch {
    // it counts as shown for this visit
  }
  go(0);
}
