// The same read 20 times through every approach: the median by part, and an interval for the median.

import { make, microseconds, number, say, short } from "../shared/words.js";
import { withLogins } from "../shared/approaches.js";
import { ask } from "./actions.js";
import { bar, interval, scale } from "./bar.js";
import { PARTS, costOf, withoutHashing } from "./cost.js";
import { verdictOf } from "./finding.js";

export const TIMES = 20;
const LOW = 5, HIGH = 14; // the 6th and 15th of 20: between them is the median with a probability of 95.9 %

let hashings = []; // µs of each log-in
let reads = []; // the median of each approach, µs

/** Send the reads, one to each approach in turn, so that what else the machine does hits all alike. */
export async function repeat(member, progress) {
  const costs = new Map(withLogins.filter((approach) => member.login(approach).now !== null).map((approach) => [approach, []]));
  for (let round = 1; round <= TIMES; round += 1) {
    progress(round);
    for (const [approach, measured] of costs) {
      const exchanges = await ask(member, approach, "GET", "profile");
      if (verdictOf(exchanges) === "let_in") measured.push(costOf(approach, exchanges.at(-1).answer));
    }
  }
  reads = [...costs].filter(([, measured]) => measured.length === TIMES).map(([approach, measured]) => show(approach, measured));
  scale(document.querySelector("[data-repeated]"));
  showHashing();
}

export function hear(cost) {
  if (cost.us.hash > 0) hashings.push(cost.us.hash);
  showHashing();
}

/** Draw empty bars: what will come. */
export function clearRepeated() {
  [hashings, reads] = [[], []];
  for (const approach of withLogins) rowOf(approach).querySelector("[data-median]").replaceChildren(make("span", "soft", say("repeat.none")));
  for (const place of document.querySelectorAll("[data-repeated] [data-bar]")) place.replaceChildren();
  showHashing();
}

function show(approach, measured) {
  const totals = measured.map(withoutHashing).sort((one, other) => one - other);
  const us = Object.fromEntries(PARTS.map((part) => [part, median(measured.map((cost) => cost.us[part]))]));
  const row = rowOf(approach);
  row.querySelector("[data-bar]").replaceChildren(bar(us), interval(totals[LOW], totals[HIGH]));
  const told = say("repeat.interval", { low: number(totals[LOW]), high: microseconds(totals[HIGH]) });
  row.querySelector("[data-median]").replaceChildren(make("strong", "", microseconds(median(totals))), ` ${told}`);
  row.dataset.us = JSON.stringify({ median: median(totals), low: totals[LOW], high: totals[HIGH] });
  return median(totals);
}

function showHashing() {
  const us = median(hashings);
  const place = document.querySelector("[data-hashing]");
  if (us === undefined) place.textContent = say("repeat.no_hashing");
  else if (reads.length === 0) place.textContent = say("repeat.hashing", { us: microseconds(us) });
  else place.textContent = say("repeat.hashing_and_reads", { us: microseconds(us), times: short(us / Math.max(...reads)) });
}

function rowOf(approach) {
  return document.querySelector(`[data-repeated] [data-approach="${approach}"]`);
}

/** undefined for no values. */
function median(values) {
  const sorted = [...values].sort((one, other) => one - other);
  const middle = sorted.length / 2;
  return Number.isInteger(middle) ? (middle === 0 ? undefined : (sorted[middle - 1] + sorted[middle]) / 2) : sorted[Math.floor(middle)];
}
