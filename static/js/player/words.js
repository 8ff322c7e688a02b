// How the player writes durations.

import { number } from "../words.js";

export { language, make, say } from "../words.js";

/** Microseconds: one decimal up to 100, then none. */
export function microseconds(us) {
  return `${number(us, us < 100 ? 1 : 0)} µs`;
}
