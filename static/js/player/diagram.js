// The sequence diagram: a column for each who takes part, an arrow for each message, growing downwards.
// What a node did inside is drawn for the newest only.

import { microseconds, say } from "./words.js";

const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 640;
const ROW = 30;
const HEAD = 32;
const PARTS = { store: "store", db: "database" };

/** Draw the steps that were done, [{step, answer}], the newest last and in full ink. */
export function drawDiagram(place, approach, done) {
  const columns = columnsOf(approach, done);
  const rows = done.flatMap(({ step, answer }, index) => rowsOf(step, answer, index === done.length - 1));
  const height = ROW * (Math.max(rows.length, 1) + 0.5);
  const head = element("svg", { viewBox: `0 0 ${WIDTH} ${HEAD}`, class: "head", "aria-hidden": "true" });
  const svg = element("svg", { viewBox: `0 0 ${WIDTH} ${height}`, role: "img" });
  svg.setAttribute("aria-label", rows.map(({ text }) => text).join("; "));
  columns.forEach((name, index) => drawColumn(head, svg, name, x(index, columns), height));
  rows.forEach((row, index) => drawRow(svg, row, columns, ROW * (index + 0.8)));
  place.replaceChildren(head, svg);
  requestAnimationFrame(() => { place.scrollTop = place.scrollHeight; });
}

function columnsOf(approach, done) {
  const others = done.some(({ step }) => step.who === "other") ? ["other"] : [];
  const keepers = approach === "token" ? ["database"] : approach === "memory" ? [] : ["store"];
  const asked = done.flatMap(({ answer }) => answer?.trace ?? []).map(({ part }) => PARTS[part]).filter(Boolean);
  const behind = ["store", "database"].filter((name) => keepers.includes(name) || asked.includes(name));
  return ["browser", ...others, "node", ...behind];
}

function rowsOf(step, answer, isNew) {
  const made = { isNew };
  if (answer === null || answer === undefined) return [{ ...made, from: step.who, text: step.title }];
  const { request } = answer.wire ?? { request: step.request };
  const inside = (isNew ? answer.trace : []).map((taken) => ({
    ...made,
    from: "node",
    to: PARTS[taken.part],
    text: `${say(`part.${taken.part}`, { what: short(taken.what) })} · ${microseconds(taken.duration_us)}`,
  }));
  return [
    { ...made, from: step.who, to: "node", text: `${request.method} ${short(request.path)}`, kind: "request" },
    ...inside,
    { ...made, from: "node", to: step.who, text: `${answer.node}: ${answer.status}`, kind: answer.status < 400 ? "let-in" : "refused" },
  ];
}

function drawColumn(head, svg, name, at, height) {
  const label = head.appendChild(element("text", { x: at, y: 20, class: "actor" }));
  label.textContent = say(`actor.${name}`);
  svg.append(element("path", { d: `M${at} 0V${height}`, class: "life" }));
}

function drawRow(svg, { from, to, text, kind = "inside", isNew }, columns, y) {
  const group = svg.appendChild(element("g", { class: `row ${kind}${isNew ? " new" : ""}` }));
  const [start, end] = [x(columns.indexOf(from), columns), to === undefined ? null : x(columns.indexOf(to), columns)];
  const label = element("text", { y: y - 6, class: "what" });
  if (end === null) {
    group.append(element("circle", { cx: start, cy: y - 4, r: 4, class: "dot" }));
    place(label, start, start > WIDTH / 2 ? "end" : "start", start > WIDTH / 2 ? -10 : 10);
  } else {
    const head = end > start ? -7 : 7;
    group.append(element("path", { d: `M${start} ${y}H${end}M${end + head} ${y - 4}L${end} ${y}L${end + head} ${y + 4}`, class: "arrow" }));
    const last = Math.max(start, end) === x(columns.length - 1, columns);
    place(label, last ? Math.max(start, end) : (start + end) / 2, last ? "end" : "middle", last ? -12 : 0);
  }
  label.textContent = `${kind === "let-in" ? "✓ " : kind === "refused" ? "✕ " : ""}${text}`;
  group.append(label);
}

function place(label, at, anchor, shift) {
  label.setAttribute("x", at + shift);
  label.setAttribute("text-anchor", anchor);
}

function x(index, columns) {
  const margin = 70;
  return margin + (index * (WIDTH - 2 * margin)) / Math.max(columns.length - 1, 1);
}

/** Keys and ids are long, and their beginning says which it is. */
function short(text) {
  return text.replaceAll(/[A-Za-z0-9_-]{20,}(?:\.\d+)?/g, (value) => `${value.slice(0, 6)}…`);
}

function element(name, attributes) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}
