// Each client's credentials after a step: cookies from Set-Cookie, and tokens in script memory.

import { cookieName } from "../shared/cookie-names.js";
import { headersOf, setCookies } from "../shared/exchange.js";

const LOAD_MEMBERS = 1000;

/** The initial state: the clients have no credentials, and only the values in `given` are set. */
export function empty(given) {
  const member = `load-${String(1 + Math.floor(Math.random() * LOAD_MEMBERS)).padStart(4, "0")}`;
  const clients = { browser: { cookies: {}, memory: {}, safe: {} }, other: { cookies: {}, memory: {}, safe: {} } };
  return { values: { ...given, member }, clients, server: [] };
}

/** The state after an answer: its cookies are stored for the client, and its named values are set. */
export function after(state, who, step, answer) {
  const next = structuredClone(state);
  if (answer.wire !== null) for (const line of setCookies(answer.wire)) keep(next.clients[who].cookies, line);
  if (answer.status >= 400) return next;
  for (const [name, source] of Object.entries(step.request.keeps)) take(next, who, name, source, answer, state);
  if (step.puts_away) putAway(next.clients[who], step.puts_away);
  return next;
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
  if (isToken(name)) next.clients.other.memory[name] = state.values[name];
  else next.clients.other.cookies[cookieName(name)] = { value: state.values[name], attributes: "" };
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
