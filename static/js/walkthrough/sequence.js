// The rows of the sequence diagram: sender, receiver and text of each message. Data only; layout.js places it.

import { approaches } from "../shared/approaches.js";
import { fill, microseconds, say } from "../shared/words.js";
import { effectOf, signOf } from "./effect.js";

const KEEPERS = { store: "store", db: "database" };

/** The exchanges up to a step: {step, number, result, looks, isNew}. A look belongs to its exchange; the last one is new. */
export function exchangesOf(steps, results, current) {
  const exchanges = [];
  steps.slice(0, current + 1).forEach((step, index) => {
    const [result, number] = [results[index] ?? null, index + 1];
    if (step.look && result) exchanges.at(-1).looks.push({ number, lookAt: step.look_at });
    else if (!step.look && (result || index === current)) exchanges.push({ step, number, result, looks: [] });
  });
  if (exchanges.length > 0) exchanges.at(-1).isNew = true;
  return exchanges;
}

/** The names of the columns: the clients so far, the node, and what stores data for these approaches or is asked now. */
export function columnsOf(names, exchanges) {
  const asked = (exchanges.at(-1)?.result?.answers ?? []).flatMap(({ trace }) => trace).map(({ part }) => KEEPERS[part]);
  const keepers = [...names.map(usualKeeper), ...asked];
  const others = exchanges.some(({ step }) => step.who === "other") ? ["other"] : [];
  return ["browser", ...others, "node", ...["store", "database"].filter((name) => keepers.includes(name))];
}

/** The columns that an exchange needs, in the same order: for a narrow screen. */
export function columnsIn(columns, rows, who) {
  const used = new Set([who, "node", ...rows.flatMap(({ from, to }) => [from, to])]);
  return columns.filter((name) => used.has(name));
}

/** The place outside the node that a request of this approach usually asks, or where its logins are kept. */
function usualKeeper(approach) {
  const { asks, kept } = approaches.get(approach);
  return asks.includes("store") ? "store" : kept;
}

/**
 * The rows of an exchange: {from, to, text, kind, numbers, isNew, isTold}. `to` is missing if nothing is sent. An
 * exchange that is not new is one line, without an arrow. `isMerged`: all that a node did with one keeper is one row.
 */
export function rowsOf(exchange, values, isMerged = false) {
  const { step, number, result, looks, isNew } = exchange;
  if (!isNew) return [{ ...past(step, result, values), numbers: [number, ...looks.map((look) => look.number)] }];
  const rows = !result ? [pending(step, values)] : result.answers.length === 0 ? [alone(step, values)] : spoken(step, result, isMerged);
  rows[0].numbers = [number];
  for (const look of looks) tell(rows, look);
  const current = looks.at(-1)?.number;
  return rows.map((row) => ({ numbers: [], ...row, isNew, isTold: row.numbers?.includes(current) }));
}

function past(step, { answers, asClaimed }, values) {
  const { who, plays, title, request } = step;
  const sign = ({ status }) => signOf(effectOf(step, status, asClaimed));
  const did = answers.length === 0 ? fill(title, values) : `${asked(request, answers[0])} ${sign(answers[0])} ${answers[0].status}`;
  return { from: who, text: `${did} · ${say(`actor.${who === "other" ? plays : who}`)}`, kind: "past" };
}

/** What is about to be sent. */
function pending({ who, title, request }, values) {
  if (!request) return { from: who, text: `◷ ${fill(title, values)}`, kind: "pending" };
  return { from: who, to: "node", text: `${request.method} ${short(fill(request.path, values))}`, kind: "pending" };
}

function alone({ who, title, request }, values) {
  const text = fill(title, values);
  return request ? { from: who, to: "node", text: `◷ ${text}`, kind: "lost" } : { from: who, text, kind: "act" };
}

function spoken(step, { answers, asClaimed, said: act, count }, isMerged) {
  const { who, request } = step;
  return [
    ...answers.map((answer) => ({ from: who, to: "node", text: asked(request, answer), kind: "request" })),
    ...answers.flatMap(({ trace }) => together(trace, isMerged)),
    ...answers.map((answer) => ({ from: "node", to: who, ...told(answer, effectOf(step, answer.status, asClaimed)) })),
    ...(act ? [{ from: who, text: `◷ ${count ? say("repeated", count) : say(`acted.${act}`)}`, kind: "act" }] : []),
  ];
}

function asked(request, { wire }) {
  return `${wire?.request.method ?? request.method} ${short(wire?.request.path ?? request.path)}`;
}

/** An answer's row: its sign and hue are those of the result's sentence. */
function told({ node, status }, effect) {
  const bad = effect === "bad" ? [say("bad.short")] : [];
  return { text: [`${signOf(effect)} ${status}`, ...bad, node].join(" · "), kind: effect, isAnswer: true };
}

/** A node's steps. Consecutive steps of the same part are drawn as one; merged, all steps of a part. */
function together(trace, isMerged) {
  const groups = [];
  for (const taken of trace) {
    const group = isMerged ? groups.find(({ part }) => part === taken.part) : groups.at(-1);
    if (group?.part === taken.part) group.steps.push(taken);
    else groups.push({ part: taken.part, steps: [taken] });
  }
  return groups.map(({ part, steps }) => ({ from: "node", to: KEEPERS[part], text: summary(steps), kind: "inside", steps }));
}

function summary(steps) {
  const total = steps.reduce((sum, { duration_us }) => sum + duration_us, 0);
  const verb = ({ what }) => what.split(" ")[0];
  const names = steps.length === 1 ? short(steps[0].what) : `${verb(steps[0])} … ${verb(steps.at(-1))} (${steps.length})`;
  return `${names} · ${microseconds(total).replace(" ", "\u00a0")}`; // no line ends between a number and its unit
}

/** Add a look's number to the first row of each part that it highlights. */
function tell(rows, { number, lookAt }) {
  for (const line of lookAt) {
    const [side, ...what] = line.split(" ");
    const told = rows.find((row) => isOf(row, side, what.join(" ")));
    if (told && !told.numbers?.includes(number)) told.numbers = [...(told.numbers ?? []), number];
  }
}

function isOf({ kind, steps, isAnswer }, side, beginning) {
  if (side === "inside") return kind === "inside" && steps.some(({ what }) => what.startsWith(beginning));
  return side === "request" ? kind === "request" : isAnswer === true;
}

/** Shorten keys and ids: their beginning identifies them. */
export function short(text) {
  return text.replaceAll(/[A-Za-z0-9_-]{20,}(?:\.\d+)?/g, (value) => `${value.slice(0, 6)}…`);
}
