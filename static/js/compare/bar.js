// A bar of microseconds by part. The bars of one row, or of one list, have one scale.

import { make } from "../shared/words.js";
import { PARTS } from "./cost.js";

export function bar(us) {
  const segments = PARTS.filter((part) => us[part] > 0).map((part) => segment(part, us[part]));
  const drawn = make("span", "stack", ...segments);
  drawn.setAttribute("aria-hidden", "true"); // the numbers are beside it
  drawn.dataset.us = String(PARTS.reduce((total, part) => total + us[part], 0));
  return drawn;
}

/** The interval of a bar's length, which is drawn over it. */
export function interval(low, high) {
  const drawn = make("span", "interval", make("i"), make("i")); // its two ends
  drawn.setAttribute("aria-hidden", "true");
  Object.assign(drawn.dataset, { from: String(low), us: String(high) });
  return drawn;
}

/** Give the longest bar or interval inside an element the whole width. */
export function scale(element) {
  const drawn = [...element.querySelectorAll(".stack, .interval")];
  const longest = Math.max(...drawn.map((each) => Number(each.dataset.us)));
  const percent = (us) => `${(100 * us) / longest}%`;
  for (const { style, dataset } of drawn) {
    const from = Number(dataset.from ?? 0);
    [style.insetInlineStart, style.width] = [percent(from), percent(Number(dataset.us) - from)];
  }
}

function segment(part, us) {
  const drawn = make("span", "");
  drawn.dataset.part = part;
  drawn.style.flexGrow = String(us);
  return drawn;
}
