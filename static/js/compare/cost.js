// The cost of an exchange, from the server's trace.

import { approaches } from "../shared/approaches.js";
import { STICKY_COOKIE, cookieName } from "../shared/cookie-names.js";
import { steps } from "../shared/trace.js";

export const PARTS = ["store", "verify", "db", "app"];
const HASHING = /^argon2/; // the trace's step that checks a password
const SHORTENED = /^([\s\S]*)… \((\d+) characters\)$/; // a shortened value in a wire message
const LAB_HEADER = /^x-lab-/i;

const NOTHING = {
  requests: 0, commands: 0, touches: 0, sentBytes: 0, receivedBytes: 0, us: { store: 0, verify: 0, db: 0, app: 0, hash: 0 },
};

/** The cost of one answer. An answer without a wire message came from no node, and counts only as a request. */
export function costOf(approach, answer) {
  const counted = { ...NOTHING, requests: 1, commands: steps(answer, "store"), touches: steps(answer, "db") };
  if (!answer?.wire) return counted;
  const { request, response } = answer.wire;
  return {
    ...counted,
    us: apart(microseconds(response.headers), answer.trace),
    sentBytes: messageBytes(`${request.method} ${request.path} HTTP/1.1`, sent(approach, request.headers), answer.sentBody ?? request.body),
    receivedBytes: messageBytes(`HTTP/1.1 ${response.status}`, response.headers, answer.text),
  };
}

export function sum(costs) {
  return costs.reduce(plus, NOTHING);
}

/** The microseconds of all parts, but for the hashing of a password, which would hide them. */
export function withoutHashing({ us }) {
  return PARTS.reduce((total, part) => total + us[part], 0);
}

function plus(one, other) {
  const us = Object.fromEntries(Object.keys(NOTHING.us).map((part) => [part, one.us[part] + other.us[part]]));
  const counts = Object.keys(NOTHING).filter((name) => name !== "us");
  return { ...Object.fromEntries(counts.map((name) => [name, one[name] + other[name]])), us };
}

/** Server-Timing has milliseconds with three decimals. */
function microseconds(headers) {
  const value = headers.find(([name]) => name.toLowerCase() === "server-timing")?.[1] ?? "";
  const told = Object.fromEntries([...value.matchAll(/(\w+);dur=([\d.]+)/g)].map(([, part, ms]) => [part, Number(ms) * 1000]));
  return Object.fromEntries(PARTS.map((part) => [part, told[part] ?? 0]));
}

/** Take the hashing of a password out of the checks. */
function apart(us, trace) {
  const hash = trace.filter(({ what }) => HASHING.test(what)).reduce((total, step) => total + step.duration_us, 0);
  return { ...us, verify: Math.max(0, us.verify - hash), hash };
}

/** Cookies with a login. Cookies of the display and the language do not count for the approach. */
function loginCookies(approach) {
  const { carrier, in_one_node } = approaches.get(approach);
  return [...(carrier === "cookie" ? [cookieName("sid")] : []), ...(in_one_node ? [STICKY_COOKIE] : [])];
}

function sent(approach, headers) {
  const counted = loginCookies(approach);
  return headers.flatMap(([name, value]) => {
    if (name !== "Cookie") return [[name, value]];
    const cookies = value.split("; ").filter((pair) => counted.includes(pair.split("=")[0]));
    return cookies.length > 0 ? [[name, cookies.join("; ")]] : [];
  });
}

/** First line, headers, empty line and body, as HTTP/1.1 writes them. */
function messageBytes(first, headers, body) {
  const own = headers.filter(([name]) => !LAB_HEADER.test(name));
  const lines = own.reduce((total, [name, value]) => total + bytes(name) + 2 + valueBytes(value) + 2, 0);
  return bytes(first) + 2 + lines + 2 + bytes(body ?? "");
}

function valueBytes(value) {
  const shortened = SHORTENED.exec(value);
  return shortened === null ? bytes(value) : Number(shortened[2]);
}

function bytes(text) {
  return new TextEncoder().encode(text).length;
}
