// How the player writes durations and makes elements.

import { number } from "../words.js";

export { language, say } from "../words.js";

/** Microseconds: one decimal up to 100, then none. */
export function microseconds(us) {
  return `${figure(us)} µs`;
}

/** The same without its unit, for a table that has it in its head. */
export function figure(us) {
  return number(us, us < 100 ? 1 : 0);
}

/** An element with this class and these children: elements or text. */
export function make(tag, className, ...children) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.append(...children);
  return element;
}
