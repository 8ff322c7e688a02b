// The sequence diagram: a column for each participant, an arrow for each message of the newest exchange. Older exchanges
// are one line each, and the oldest are counted, so that what happens now is in view.

import { say } from "../shared/words.js";
import { headsOf } from "./heads.js";
import { badge, GAP, layOut } from "./layout.js";
import { travel } from "./motion.js";
import { columnsIn, columnsOf, exchangesOf, rowsOf } from "./sequence.js";

const SVG = "http://www.w3.org/2000/svg";
const NARROW_REM = 34; // below it only the columns of the newest exchange are drawn
const PAST = 2; // older exchanges that are shown
const MOST_LINES = 3; // of a label
// On the stage the first of these that fits: the size of a letter, the older exchanges, the most lines of a label, and
// whether rows are merged.
const STAGED = [[1.6, 2, 3], [1.4, 2, 3], [1.25, 2, 3], [1.25, 1, 2], [1.1, 1, 2], [1.1, 0, 2], [1, 0, 2], [1, 0, 2, true], [1, 0, 1, true]].map(
  ([scale, past, most, isMerged = false]) => ({ scale, past, most, isMerged }),
);
const STRETCH = [0.3, 4]; // of the gaps between rows on the stage: the least and the most

/** Draw the walk up to a step. `isFresh`: it has just been done, so animate its messages. */
export function drawDiagram(place, walk, current, { isFresh, isStaged }) {
  const scene = sceneOf(walk, current, place);
  const least = (isStaged ? place.clientHeight : parseFloat(scene.style.minHeight)) - 2 * parseFloat(scene.style.paddingTop);
  const layout = isStaged ? filling(scene, least) : laidOut(scene, { scale: 1, past: PAST, most: MOST_LINES, isMerged: false });
  const svg = drawn({ ...layout, height: Math.max(layout.height, Math.floor(least)) });
  place.replaceChildren(svg);
  if (isFresh) travel(svg, layout.rows.filter(({ isNew, x1, x2 }) => isNew && x1 !== x2));
}

function sceneOf(walk, current, place) {
  const [style, { values }] = [getComputedStyle(place), walk.before(current)];
  const exchanges = exchangesOf(walk.story.steps, walk.results, current);
  const columns = columnsOf(Object.keys(walk.story.credentials), exchanges);
  const state = walk.shown(current);
  const width = place.clientWidth - 2 * parseFloat(style.paddingLeft);
  const isNarrow = width < NARROW_REM * parseFloat(getComputedStyle(document.documentElement).fontSize);
  return { exchanges, columns, values, state, style, width, isNarrow };
}

function laidOut({ exchanges, columns, values, state, style, width, isNarrow }, { scale, past, most, isMerged }, stretch = 1) {
  const type_px = parseFloat(style.fontSize) * scale;
  const newest = exchanges.slice(-1).flatMap((exchange) => rowsOf(exchange, values, isMerged));
  const shown = isNarrow && newest.length > 0 ? columnsIn(columns, newest, exchanges.at(-1).step.who) : columns;
  const old = exchanges.slice(0, -1).flatMap((exchange) => rowsOf(exchange, values));
  const last = past === 0 ? [] : old.slice(-past);
  const rows = [...earlier(old.length - last.length), ...last, ...newest];
  return layOut(shown, headsOf(shown, state), rows, { width, type_px, fonts: fontsOf(style, type_px), most, stretch });
}

function earlier(count) {
  return count > 0 ? [{ text: say("earlier", { count }), kind: "earlier", numbers: [], isNew: false }] : [];
}

function fontsOf(style, type_px) {
  const [sans, mono] = ["--sans", "--mono"].map((name) => style.getPropertyValue(name));
  return { head: `650 ${type_px}px ${sans}`, what: `${type_px}px ${mono}`, told: `700 ${type_px}px ${mono}` };
}

/** The largest drawing that fits the height, with its rows spread over it. */
function filling(scene, height) {
  const how = STAGED.find((each) => laidOut(scene, each).height <= height) ?? STAGED.at(-1);
  const { height: least, rows, type_px } = laidOut(scene, how);
  const gaps = rows.filter(({ isNew }) => isNew).length * type_px * GAP;
  const stretch = 1 + (height - least) / Math.max(gaps, 1) - 0.02;
  return laidOut(scene, how, Math.min(Math.max(stretch, STRETCH[0]), STRETCH[1]));
}

function drawn(layout) {
  const { width, height, rows, places } = layout;
  const said = rows.map(({ text }) => text).join("; ") || say("not_yet");
  const svg = element("svg", { viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": said });
  svg.style.fontSize = `${layout.type_px}px`;
  for (const place of places) drawHead(svg, place, layout);
  for (const row of rows) drawRow(svg, row, layout);
  return svg;
}

function drawHead(svg, { x, lines, held, isChanged }, { line, top, height }) {
  svg.append(element("path", { d: `M${x} ${top}V${height}`, class: "life" }));
  lines.forEach((text, index) => {
    const isHeld = index >= lines.length - held;
    svg.append(textAt(text, { x, y: line * (index + 0.8), class: isHeld ? `holds${isChanged ? " changed" : ""}` : "actor", "text-anchor": "middle" }));
  });
}

function drawRow(svg, row, { line, type_px }) {
  const { kind, isNew, isTold, x1, x2, y, lines, textX, textY, anchor, numbers, text, ground } = row;
  const group = svg.appendChild(element("g", { class: `row ${kind}${isNew ? " new" : ""}${isTold ? " told" : ""}` }));
  group.appendChild(element("title", {})).textContent = text;
  if (ground) group.append(element("rect", { ...ground, class: "ground" }));
  if (x1 === x2) group.append(element("circle", { cx: x1, cy: y, r: type_px * 0.3, class: "dot" }));
  else if (isNew) group.append(element("path", { d: `M${x1} ${y}H${x2}`, class: "arrow" }), element("path", { d: tip(x1, x2, y, type_px * 0.4), class: "tip" }));
  lines.forEach((each, index) => group.append(textAt(each, { x: textX, y: textY + line * (index + 0.8), class: "what", "text-anchor": anchor })));
  if (numbers.length > 0) drawNumber(group, row, type_px);
}

/** The number of its step, on the line where the row begins. */
function drawNumber(group, { numbers, x1, y, ...row }, type_px) {
  const width = badge({ ...row, numbers }, type_px);
  group.append(element("rect", { x: x1 - width / 2, y: y - type_px * 0.7, width, height: type_px * 1.4, rx: type_px * 0.35, class: "badge" }));
  group.append(textAt(numbers.join(","), { x: x1, y: y + type_px * 0.36, class: "number", "text-anchor": "middle" }));
}

function textAt(text, attributes) {
  const made = element("text", attributes);
  made.textContent = text;
  return made;
}

/** An arrow's tip is a line of its own, because a dotted one cannot be made out. */
function tip(start, end, y, size) {
  const back = end > start ? -size : size;
  return `M${end + back} ${y - size / 2}L${end} ${y}L${end + back} ${y + size / 2}`;
}

function element(name, attributes) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}
