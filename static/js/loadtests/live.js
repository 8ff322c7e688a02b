// The measurements so far: a line for each arm, a dot for each window, an axis with zero.

import { make, microseconds, number, say } from "../shared/words.js";

const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 900;
const ROW = 26;
const LEFT = 230;
const RIGHT = 40;
const TICKS = 5;

/** Draw [{arm, approach, p50_us}], and list each arm's median. Return whether there was anything to draw. */
export function drawLive(svg, list, points) {
  const measured = points.filter(({ p50_us }) => p50_us !== null && p50_us !== undefined);
  if (measured.length === 0) return false;
  const arms = [...new Set(measured.map(({ arm }) => arm))].sort((one, other) => one.localeCompare(other, "en", { numeric: true }));
  list.replaceChildren(...arms.map((arm) => make("li", "", `${arm}: ${microseconds(median(ofArm(arm, measured)))}`)));
  const longest = Math.max(...measured.map(({ p50_us }) => p50_us)) * 1.05;
  const at = (us) => LEFT + (us / longest) * (WIDTH - LEFT - RIGHT);
  svg.setAttribute("viewBox", `0 0 ${WIDTH} ${ROW * (arms.length + 2)}`);
  svg.replaceChildren(...arms.flatMap((arm, row) => drawArm(arm, measured, ROW * (row + 0.8), at)), ...drawAxis(longest, ROW * (arms.length + 0.4), at));
  return true;
}

function ofArm(arm, measured) {
  return measured.filter((point) => point.arm === arm).map(({ p50_us }) => p50_us);
}

function drawArm(arm, measured, y, at) {
  const mine = measured.filter((point) => point.arm === arm);
  const group = element("g", { "data-approach": mine[0].approach });
  const middle = at(median(ofArm(arm, measured)));
  group.append(text(arm, { x: LEFT - 12, y: y + 4, "text-anchor": "end" }));
  group.append(...mine.map(({ p50_us }) => element("circle", { cx: at(p50_us), cy: y, r: 5 })));
  group.append(element("path", { d: `M${middle} ${y - 9}V${y + 9}`, class: "middle" }));
  return [group];
}

function drawAxis(longest, y, at) {
  const step = roundStep(longest / TICKS);
  const steps = Array.from({ length: Math.floor(longest / step) + 1 }, (_, count) => step * count);
  const marks = steps.map((us) => text(number(us), { x: at(us), y: y + 18, "text-anchor": "middle" }));
  const name = text(say("median_axis"), { x: at(0), y: y + 36, class: "axis-name" });
  return [element("path", { d: `M${at(0)} ${y}H${at(longest)}`, class: "axis" }), ...marks, name];
}

/** The smallest of 1, 2, 5, 10, 20, 50 … that is not below `least`. */
function roundStep(least) {
  const power = 10 ** Math.floor(Math.log10(least));
  return power * [1, 2, 5, 10].find((factor) => factor * power >= least);
}

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return (sorted[Math.ceil(middle) - 1] + sorted[Math.floor(middle)]) / 2;
}

function text(said, attributes) {
  const made = element("text", attributes);
  made.textContent = said;
  return made;
}

function element(name, attributes) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}
