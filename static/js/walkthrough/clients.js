// Each client's credentials after a step: cookies from Set-Cookie, and tokens in script memory.

import { cookieName } from "../shared/cookie-names.js";
import { headersOf, setCookies } from "../shared/exchange.js";

const LOAD_MEMBERS = 1000;
const KIND = { old: "sid", forged: "access_token" }; // what a copy under another name is

/** The initial state: the clients have no credentials, and only the values in `given` are set. */
export function empty(given) {
  const member = `load-${String(1 + Math.floor(Math.random() * LOAD_MEMBERS)).padStart(4, "0")}`;
  const clients = { browser: { ...nothing(), kept: {} }, other: { ...nothing(), plays: "other" } };
  return { values: { ...given, member }, clients, server: [] };
}

function nothing() {
  return { cookies: {}, memory: {}, safe: {}, copies: {} };
}

/** The state in which a step begins: another client is who it is in this step, and has a copy of what it will send. */
export function begun(state, { who, plays, request }) {
  if (who !== "other") return state;
  const next = structuredClone(state);
  if (next.clients.other.plays !== plays) next.clients.other = { ...nothing(), plays };
  const { memory, copies } = next.clients.other;
  for (const [, name] of JSON.stringify([request?.headers, request?.body]).matchAll(/\{(\w+)\}/g)) {
    const [kind, value] = [KIND[name] ?? name, state.values[name]];
    const isOwn = Object.values(memory).includes(value);
    if (value !== undefined && !isOwn && (isToken(kind) || kind === "sid")) copies[kind] = value;
  }
  return next;
}

/** The state after an answer: its cookies are stored for the client, and its named values are set. */
export function after(state, who, step, answer) {
  const next = structuredClone(state);
  if (answer.wire !== null) for (const line of setCookies(answer.wire)) keep(next.clients[who].cookies, line);
  if (answer.status >= 400) return next;
  for (const [name, source] of Object.entries(step.request.keeps)) take(next, who, name, source, answer, state);
  if (step.puts_away) putAway(next.clients[who], step.puts_away);
  if (who === "browser" && step.request.path.endsWith("/logout")) keepOnPurpose(next.clients.browser, step.approach);
  return next;
}

/** A real client forgets its tokens at a log-out. This one sends them later, to see what becomes of them. */
function keepOnPurpose({ memory, kept }, approach) {
  const isOf = (name) => name.startsWith("hybrid_") === (approach === "hybrid");
  Object.assign(kept, Object.fromEntries(Object.entries(memory).filter(([name]) => isOf(name))));
}

/** Whether a client has kept a token over the log-out. */
export function isKept({ memory, kept = {} }, name) {
  return memory[name] !== undefined && memory[name] === kept[name];
}

/** Move a token from where requests take it to a safe place. */
function putAway({ memory, safe }, name) {
  if (!(name in memory)) return;
  safe[name] = memory[name];
  delete memory[name];
}

/** The state after a copy: the other client has it too. */
export function copied(state, name) {
  const next = structuredClone(state);
  next.values.copied = state.values[name];
  next.clients.other.copies[name] = state.values[name];
  return next;
}

function take(next, who, name, source, answer, before) {
  const [kind, path] = source.split(" ");
  const found = TAKE[kind](path, next.clients[who], answer, before);
  if (found === undefined) return; // an answer without it does not change the value
  next.values[name] = found;
  if ((kind === "body" || kind === "header") && isToken(name)) placeOf(name, next.clients[who])[name] = found;
}

/** A new token replaces the old one where that is. */
function placeOf(name, { memory, safe }) {
  return name in safe ? safe : memory;
}

const TAKE = {
  cookie: (name, { cookies }) => cookies[cookieName(name)]?.value,
  var: (name, _client, _answer, before) => before.values[name],
  body: (path, _client, { body }) => path.split(".").reduce(inside, body),
  header: (name, _client, { wire }) => headersOf(wire, name.toLowerCase())[0],
};

function isToken(name) {
  return name.endsWith("_token");
}

/** A field; in a list, `current` is the element with `current: true`. */
function inside(found, key) {
  return Array.isArray(found) && key === "current" ? found.find((item) => item.current) : found?.[key];
}

function keep(jar, line) {
  const [pair, ...attributes] = line.split("; ");
  const at = pair.indexOf("=");
  const name = pair.slice(0, at);
  if (attributes.some((attribute) => /^max-age=0$/i.test(attribute))) delete jar[name];
  else jar[name] = { value: pair.slice(at + 1), attributes: attributes.join("; ") };
}
