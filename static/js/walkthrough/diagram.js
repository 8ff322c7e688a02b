// The sequence diagram: a column for each participant, an arrow for each message, growing downwards.

import { say } from "../shared/words.js";
import { travel } from "./motion.js";
import { columnsOf, exchangesOf, rowsOf } from "./sequence.js";

const SVG = "http://www.w3.org/2000/svg";
const ROW = 26;
const HEAD = 26;
const MARGIN = 58;
const LETTER = 6.7; // the width of a character in the labels' font, at the size in player.css
const NARROWEST = 320;
const USUAL_TYPE_PX = 18; // the root font size for these numbers; a larger font makes a larger drawing

/** Draw the walk up to a step, with the newest exchange highlighted. `isFresh`: it is new, so animate its messages. */
export function drawDiagram(place, walk, current, isFresh) {
  const { steps, credentials } = walk.story;
  const exchanges = exchangesOf(steps, walk.results, current);
  const columns = columnsOf(Object.keys(credentials), exchanges);
  const rows = exchanges.flatMap((exchange) => rowsOf(exchange, walk.start.values));
  const scale = Math.max(1, parseFloat(getComputedStyle(document.documentElement).fontSize) / USUAL_TYPE_PX);
  const frame = { columns, width: Math.max(place.clientWidth / scale, NARROWEST), height: ROW * (Math.max(rows.length, 1) + 0.5) };
  const head = svgOf(frame.width, HEAD, scale, { class: "head", "aria-hidden": "true" });
  const svg = svgOf(frame.width, frame.height, scale, { role: "img", "aria-label": rows.map(({ text }) => text).join("; ") || say("not_yet") });
  columns.forEach((name, index) => drawColumn(head, svg, name, index, frame));
  const arrows = rows.map((row, index) => drawRow(svg, row, frame, ROW * (index + 0.8)));
  place.replaceChildren(head, svg);
  place.scrollTop = place.scrollHeight;
  if (isFresh) travel(svg, arrows.filter((arrow) => arrow?.isNew));
}

function svgOf(width, height, scale, attributes) {
  return element("svg", { viewBox: `0 0 ${width} ${height}`, width: width * scale, height: height * scale, ...attributes });
}

function drawColumn(head, svg, name, index, { columns, width, height }) {
  const at = x(index, columns, width);
  const [first, last] = [index === 0, index === columns.length - 1];
  const label = head.appendChild(element("text", { x: first ? 8 : last ? width - 4 : at, y: 17, class: "actor" }));
  label.setAttribute("text-anchor", first ? "start" : last ? "end" : "middle");
  label.textContent = say(`actor.${name}`);
  svg.append(element("path", { d: `M${at} 0V${height}`, class: "life" }));
}

/** Draw a row. Return its arrow, if it has one: {from, to, y, isNew}. */
function drawRow(svg, { from, to, text, kind, isNew, numbers, isTold }, { columns, width }, y) {
  const group = svg.appendChild(element("g", { class: `row ${kind}${isNew ? " new" : ""}${isTold ? " told" : ""}` }));
  const start = x(columns.indexOf(from), columns, width);
  const end = to === undefined ? start : x(columns.indexOf(to), columns, width);
  if (start === end) group.append(element("circle", { cx: start, cy: y - 4, r: 4, class: "dot" }));
  else group.append(element("path", { d: arrow(start, end, y), class: "arrow" }));
  group.append(labelOf(text, numbers, Math.min(start, end), width, y));
  return start === end ? null : { from: start, to: end, y, isNew };
}

function labelOf(text, numbers, from, width, y) {
  const at = from + 10;
  const prefix = numbers.length > 0 ? `${numbers.join(",")} ` : "";
  const letters = Math.floor((width - at) / LETTER) - prefix.length;
  const label = element("text", { x: at, y: y - 6, class: "what" });
  const number = label.appendChild(element("tspan", { class: "number" }));
  number.textContent = prefix;
  label.append(text.length > letters ? `${text.slice(0, letters - 1)}…` : text);
  return label;
}

function arrow(start, end, y) {
  const back = end > start ? -7 : 7;
  return `M${start} ${y}H${end}M${end + back} ${y - 4}L${end} ${y}L${end + back} ${y + 4}`;
}

function x(index, columns, width) {
  return MARGIN + (index * (width - 2 * MARGIN)) / Math.max(columns.length - 1, 1);
}

function element(name, attributes) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}
