// The table: one row per action, one cell per approach, totals in the foot, and a cell's details below its row.

import { labelOf } from "../shared/approaches.js";
import { drawWire } from "../shared/wire.js";
import { figure as unitless, make, microseconds, number, say } from "../shared/words.js";
import { bar, scale } from "./bar.js";
import { costOf, sum } from "./cost.js";

const SIGNS = { let_in: "✓", done: "✓", refused: "✕", broken: "◷", unsent: "–", sending: "◷" };
const table = document.querySelector("[data-table]");
const body = table.querySelector("[data-rows]");
const approaches = [...table.querySelectorAll("[data-total]")].map((place) => place.dataset.total);
let costs = [];
let rows = 0;

/** Add a row for an action at the top. Return what fills it; `fill` returns the cost. */
export function addRow(title) {
  const row = body.insertRow(0);
  rows += 1;
  row.id = `action-${rows}`;
  const [said, place] = [make("div", "finding"), make("th", "what", make("span", "action-title", `${rows}. ${title}`))];
  place.scope = "row";
  place.append(said);
  row.append(place);
  const cells = new Map(approaches.map((approach) => [approach, row.appendChild(emptyCell(approach))]));
  return {
    sending: (approach) => cells.get(approach).querySelector(".verdict").replaceWith(verdictLine("sending")),
    fill: (approach, exchanges, verdict) => fill(row, cells.get(approach), approach, exchanges, verdict),
    conclude: (sentences, beside) => said.append(...[...sentences, beside].filter(Boolean).map((text) => make("p", "", text))),
  };
}

export function clear() {
  body.replaceChildren();
  [costs, rows] = [[], 0];
  drawTotals();
}

/** The totals by approach, for the foot. */
export function drawTotals() {
  for (const place of table.querySelectorAll("[data-total]")) {
    const own = sum(costs.filter(({ approach }) => approach === place.dataset.total).map(({ cost }) => cost));
    place.replaceChildren(chipOf(place.dataset.total), costList(own), make("p", "small soft", requests(own)));
  }
}

function emptyCell(approach) {
  const cell = make("td", "cell", chipOf(approach), verdictLine("unsent", ""));
  cell.dataset.approach = approach;
  return cell;
}

function chipOf(approach) {
  return table.querySelector(`thead [data-chip="${approach}"]`).firstElementChild.cloneNode(true);
}

function verdictLine(verdict, word = say(`verdict.${verdict}`)) {
  const line = make("p", "verdict", make("span", "", word ? SIGNS[verdict] : ""), word);
  line.dataset.verdict = verdict;
  return line;
}

function fill(row, cell, approach, exchanges, verdict) {
  const line = verdictLine(verdict);
  const last = exchanges.at(-1)?.answer;
  const cost = sum(exchanges.map(({ answer }) => costOf(approach, answer)));
  const by = [last?.status, last?.wire && last.node, exchanges.length > 1 && requests(cost)].filter(Boolean);
  line.append(make("span", "by", by.join(" · ")));
  cell.querySelector(".verdict").replaceWith(line);
  if (exchanges.length === 0) return cost;
  costs.push({ approach, cost });
  cell.append(bar(cost.us), costList(cost), opener(row, approach, exchanges));
  scale(row);
  drawTotals();
  return cost;
}

/** Counts and durations by part, then the bytes. A password's hashing is apart: it is longer than all the rest. */
function costList(cost) {
  const list = make("dl", "costs");
  const line = (part, count, us) => list.append(nameOf(part), figure("count", count, part), figure("us", us, part));
  line("store", times(cost.commands), unitless(cost.us.store));
  line("db", times(cost.touches), unitless(cost.us.db));
  line("verify", "", unitless(cost.us.verify));
  line("app", "", unitless(cost.us.app));
  if (cost.us.hash > 0) list.append(nameOf("hash"), figure("us", unitless(cost.us.hash), "hash"));
  list.append(make("dt", "bytes-name", say("part_name.bytes")), figure("bytes", bytes(cost), "both"));
  list.dataset.cost = JSON.stringify(cost);
  return list;
}

function nameOf(part) {
  const name = make("dt", "", say(`part_name.${part}`));
  name.dataset.part = part;
  return name;
}

function figure(kind, text, part) {
  const shown = make("dd", kind, text);
  shown.dataset[kind] = part;
  return shown;
}

/** Sent and received: an arrow to see, and a word for screen readers. */
function bytes({ sentBytes, receivedBytes }) {
  const each = [["↑", "sent", sentBytes], ["↓", "received", receivedBytes]];
  return make("span", "", ...each.flatMap(([sign, word, count]) => [make("span", "", ` ${sign} `), make("span", "unseen", say(`part_name.${word}`)), ` ${number(count)}`]));
}

function requests({ requests: count }) {
  return say("requests", { count: number(count) });
}

function times(count) {
  return `${number(count)} ×`;
}

function opener(row, approach, exchanges) {
  const button = make("button", "opener", say("details"));
  button.type = "button";
  button.setAttribute("aria-label", `${say("details")}: ${labelOf(approach)}, ${row.querySelector(".action-title").textContent}`);
  button.setAttribute("aria-expanded", "false");
  button.addEventListener("click", () => toggle(row, approach, exchanges, button));
  return button;
}

/** Show a cell's details below its row, for one cell of a row at a time. */
function toggle(row, approach, exchanges, button) {
  const id = `${row.id}-detail`;
  const isOpen = button.getAttribute("aria-expanded") === "true";
  document.getElementById(id)?.remove();
  for (const other of row.querySelectorAll(".opener")) other.setAttribute("aria-expanded", "false");
  if (isOpen) return;
  const detail = make("tr", "detail", make("td", "", chipOf(approach), ...exchanges.map(drawExchange)));
  detail.id = id;
  detail.dataset.approach = approach;
  detail.firstElementChild.colSpan = approaches.length + 1;
  row.after(detail);
  button.setAttribute("aria-expanded", "true");
  button.setAttribute("aria-controls", id);
}

function drawExchange({ who, request, answer }) {
  const title = make("h3", "", `${say(`actor.${who}`)}: ${request.method} ${request.path}`);
  if (answer === null) return make("section", "exchange", title, make("p", "shut", say("silent")));
  const messages = make("div", "messages");
  if (answer.wire) drawWire(messages, ["request Cookie", "request Authorization", "response status"], answer);
  else messages.append(make("p", "wire-line", `${answer.status} ${answer.text}`));
  const steps = make("ol", "trace", ...answer.trace.map(drawStep));
  const inside = answer.trace.length > 0 ? steps : make("p", "soft small", say("no_steps"));
  return make("section", "exchange", title, make("h4", "", say("inside")), inside, messages);
}

function drawStep({ part, what, duration_us }) {
  const step = make("li", "", make("span", "", say(`part.${part}`, { what })), make("span", "us", microseconds(duration_us)));
  step.dataset.part = part;
  return step;
}
