// How the player writes durations and makes elements.

import { number } from "../words.js";

export { language, say } from "../words.js";

/** Microseconds: one decimal up to 100, then none. */
export function microseconds(us) {
  return `${number(us, us < 100 ? 1 : 0)} µs`;
}

/** An element with this class and these children: elements or text. */
export function make(tag, className, ...children) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.append(...children);
  return element;
}
