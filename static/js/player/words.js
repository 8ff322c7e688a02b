// The player's format of durations.

import { number } from "../words.js";

export { language, make, say } from "../words.js";

/** Microseconds: one decimal up to 100, then none. */
export function microseconds(us) {
  return `${figure(us)} µs`;
}

/** The same without the unit, for tables with the unit in the head. */
export function figure(us) {
  return number(us, us < 100 ? 1 : 0);
}
