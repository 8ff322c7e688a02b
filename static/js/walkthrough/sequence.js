// The rows of the sequence diagram: sender, receiver and text of each message. Data only; diagram.js draws it.

import { approaches } from "../shared/approaches.js";
import { fill, microseconds, say } from "../shared/words.js";

const KEEPERS = { store: "store", db: "database" };

/** The completed steps as exchanges: {step, number, result, looks, isNew}. A look belongs to its exchange. */
export function exchangesOf(steps, results, current) {
  const exchanges = [];
  results.slice(0, current + 1).forEach((result, index) => {
    const step = steps[index];
    if (step.look) exchanges.at(-1).looks.push({ number: index + 1, lookAt: step.look_at });
    else exchanges.push({ step, number: index + 1, result, looks: [] });
    exchanges.at(-1).isNew = index === current;
  });
  return exchanges;
}

/** The names of the columns: the participants so far, and the places where these approaches store data. */
export function columnsOf(names, exchanges) {
  const asked = exchanges.flatMap(({ result }) => result.answers).flatMap(({ trace }) => trace).map(({ part }) => KEEPERS[part]);
  const keepers = [...names.map(usualKeeper), ...asked];
  const others = exchanges.some(({ step }) => step.who === "other") ? ["other"] : [];
  return ["browser", ...others, "node", ...["store", "database"].filter((name) => keepers.includes(name))];
}

/** The place outside the node that a request of this approach usually asks, or where its logins are kept. */
function usualKeeper(approach) {
  const { asks, kept } = approaches.get(approach);
  return asks.includes("store") ? "store" : kept;
}

/** The rows of an exchange: {from, to, text, kind, isNew, numbers, isTold}. `to` is missing if nothing is sent. */
export function rowsOf({ step, number, result, looks, isNew }, values) {
  const rows = result.answers.length === 0 ? [alone(step, values)] : spoken(step, result, isNew);
  rows[0].numbers = [number];
  for (const look of looks) tell(rows, look);
  const current = looks.at(-1)?.number;
  return rows.map((row) => ({ numbers: [], ...row, isNew, isTold: isNew && row.numbers?.includes(current) }));
}

function alone({ who, title, request }, values) {
  const text = fill(title, values).replace(/^\d+\. /, ""); // the row already has its number
  return request ? { from: who, to: "node", text: `◷ ${text}`, kind: "lost" } : { from: who, text, kind: "act" };
}

function spoken({ who, request }, { answers, said: act, count }, isNew) {
  const asked = ({ wire }) => `${wire?.request.method ?? request.method} ${short(wire?.request.path ?? request.path)}`;
  return [
    ...answers.map((answer) => ({ from: who, to: "node", text: asked(answer), kind: "request" })),
    ...(isNew ? answers.flatMap(({ trace }) => together(trace)) : []),
    ...answers.map(({ node, status }) => ({ from: "node", to: who, ...verdict(node, status) })),
    ...(act ? [{ from: who, text: `◷ ${say(`acted.${act}`, count)}`, kind: "act" }] : []),
  ];
}

function verdict(node, status) {
  const isLetIn = status < 400;
  return { text: `${isLetIn ? "✓" : "✕"} ${status} · ${node}`, kind: isLetIn ? "let-in" : "refused" };
}

/** A node's steps. Consecutive steps of the same part are drawn as one. */
function together(trace) {
  const groups = [];
  for (const taken of trace) {
    if (groups.at(-1)?.part !== taken.part) groups.push({ part: taken.part, steps: [] });
    groups.at(-1).steps.push(taken);
  }
  return groups.map(({ part, steps }) => ({ from: "node", to: KEEPERS[part], text: summary(steps), kind: "inside", steps }));
}

function summary(steps) {
  const total = steps.reduce((sum, { duration_us }) => sum + duration_us, 0);
  const verb = ({ what }) => what.split(" ")[0];
  const names = steps.length === 1 ? short(steps[0].what) : `${verb(steps[0])} … ${verb(steps.at(-1))} (${steps.length})`;
  return `${names} · ${microseconds(total)}`;
}

/** Add a look's number to the first row of each part that it highlights. */
function tell(rows, { number, lookAt }) {
  for (const line of lookAt) {
    const [side, ...what] = line.split(" ");
    const told = rows.find((row) => isOf(row, side, what.join(" ")));
    if (told && !told.numbers?.includes(number)) told.numbers = [...(told.numbers ?? []), number];
  }
}

function isOf({ kind, steps }, side, beginning) {
  if (side === "inside") return kind === "inside" && steps.some(({ what }) => what.startsWith(beginning));
  return side === "request" ? kind === "request" : kind === "let-in" || kind === "refused";
}

/** Shorten keys and ids: their beginning identifies them. */
export function short(text) {
  return text.replaceAll(/[A-Za-z0-9_-]{20,}(?:\.\d+)?/g, (value) => `${value.slice(0, 6)}…`);
}
