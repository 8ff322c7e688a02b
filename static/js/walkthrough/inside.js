// The server's steps, and its sums by part (Server-Timing).

import { figure, make, say } from "../shared/words.js";
import { short } from "./sequence.js";

const PARTS = ["store", "verify", "db", "app"];
const LEAST_SHARE = 2; // percent; a shorter bar looks like a stray dot

/** Draw the server's steps of each answer. `lookAt`: the steps to highlight. */
export function drawInside(place, lookAt, answers) {
  const beginnings = lookAt.filter((line) => line.startsWith("inside ")).map((line) => line.slice("inside ".length));
  place.replaceChildren(...answers.flatMap((answer) => insideOf(answer, beginnings)));
}

function insideOf({ node, trace, timing }, beginnings) {
  const longest = Math.max(...trace.map(({ duration_us }) => duration_us));
  const steps = trace.map((taken) => stepOf(taken, longest, beginnings));
  const list = steps.length > 0 ? make("ol", "inside-steps", ...steps) : make("p", "small nothing", say("line.nothing"));
  return [make("div", "summary", make("h3", "", say("inside_of", { node })), totals(timing)), list];
}

function stepOf({ part, what, duration_us }, longest, beginnings) {
  const isTelling = beginnings.some((beginning) => what.startsWith(beginning));
  const share = (100 * duration_us) / longest;
  const bar = make("span", "share");
  bar.style.setProperty("--share", `${share < LEAST_SHARE ? 0 : share}%`);
  const name = make("span", "what", ...(isTelling ? [make("span", "pointer", "▸ ")] : []), short(what), bar);
  const row = make("li", isTelling ? "telling" : "", make("span", "part", say(`part.${part}`)), name, make("span", "us", figure(duration_us)));
  row.dataset.part = part;
  return row;
}

function totals(timing) {
  const taken = partsOf(timing);
  const pair = (name, us) => make("div", "", make("dt", "", say(`part.${name}`)), make("dd", "", figure(us)));
  return make("dl", "totals", ...taken.map(([name, us]) => pair(name, us)), pair("total", totalOf(timing)));
}

/** What all parts of an answer took together, in µs. */
export function totalOf(timing) {
  return partsOf(timing).reduce((sum, [, us]) => sum + us, 0);
}

/** What each part took, in µs. */
export function partsOf(timing) {
  const taken = Object.fromEntries(timing.split(", ").map((part) => part.split(";dur=")).map(([name, ms]) => [name, 1000 * Number(ms)]));
  return PARTS.filter((name) => name in taken).map((name) => [name, taken[name]]);
}
