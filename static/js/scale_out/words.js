// This page's format of sizes, times and outcomes.

import { language, number } from "../shared/words.js";

export { make, number, say, words } from "../shared/words.js";

export function mebibytes(bytes) {
  return bytes === null ? "–" : `${number(bytes / 2 ** 20, bytes < 2 ** 24 ? 1 : 0)} MiB`;
}

export function clock(epochSeconds) {
  return epochSeconds === null ? "–" : new Date(epochSeconds * 1000).toLocaleTimeString(language);
}

export const sign = { known: "✓", refused: "✕", broken: "◷", changed: "◷" };
