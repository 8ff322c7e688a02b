// How the player writes durations.

import { number } from "../words.js";

export { language, make, say } from "../words.js";

/** Microseconds: one decimal up to 100, then none. */
export function microseconds(us) {
  return `${figure(us)} µs`;
}

/** The same without its unit, for a table that has it in its head. */
export function figure(us) {
  return number(us, us < 100 ? 1 : 0);
}
