// One real request: by this browser, or as another client by the lab's server.

import { isBearer, isInOneNode } from "./approaches.js";
import { fetchTimed } from "./clock.js";
import { fill } from "./words.js";

const PATIENCE_MS = 6000;

/** Send a request of the story. Return {status, node, body, wire, trace, timing}, or null without an answer. */
export async function exchange(who, request, values) {
  const filled = filledIn(request, values);
  try {
    const answer = who === "other" ? await asAnotherClient(filled) : await asThisBrowser(filled);
    document.dispatchEvent(new CustomEvent("answered", { detail: { node: answer.node } }));
    return answer;
  } catch {
    return null;
  }
}

/** The server's records of a credential: {node, holds: […]}, or null without an answer. */
export async function storedRecords(approach, credential) {
  try {
    const response = await post("/walkthrough/holdings", { approach, credential });
    return response.ok ? await response.json() : null;
  } catch {
    return null;
  }
}

/** The member logged in at an approach in this browser, or null: another tab may have changed it. */
export async function whoIs(approach) {
  document.dispatchEvent(new Event("login-changed"));
  try {
    const response = await fetchTimed(`/${approach}/whoami`, { signal: AbortSignal.timeout(PATIENCE_MS) });
    return (await response.json()).member?.username ?? null;
  } catch {
    return null;
  }
}

/** The values of one header of an answer, by its name in small letters. */
export function headersOf(wire, wanted) {
  return wire.response.headers.filter(([name]) => name.toLowerCase() === wanted).map(([, value]) => value);
}

/** The Set-Cookie lines of an answer. */
export function setCookies(wire) {
  return headersOf(wire, "set-cookie");
}

/** The cookies of the request, as the server reports them; null if it does not report all of them. */
export function cookiesBrought({ isTold, wire }) {
  if (!isTold) return null;
  const line = wire.request.headers.find(([name]) => name === "Cookie")?.[1] ?? "";
  if (line.includes("…")) return null; // the server shortens long values
  return new Map(line.split("; ").map((pair) => [pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1)]));
}

async function asThisBrowser({ method, path, headers, body, cookies }) {
  // The token is in a header. Cookies of an earlier log-in by form would be a second credential.
  const approach = path.split("/")[1];
  const credentials = isBearer(approach) && !isInOneNode(approach) && !cookies ? "omit" : "same-origin";
  const signal = AbortSignal.timeout(PATIENCE_MS);
  const response = await fetchTimed(path, { method, headers: { ...headers, "X-Lab-Trace": "1" }, body, credentials, signal });
  const answer = understood(response.status, response.headers, await response.text());
  return { ...answer, wire: answer.wire ?? asSeenFromHere({ method, path, headers, body }, response) };
}

/** The page's own view of the request and the answer, if the server sends no wire message. */
function asSeenFromHere({ method, path, headers, body }, response) {
  return {
    request: { method, path, headers: Object.entries(headers), body: body ?? "" },
    response: { status: String(response.status), headers: [...response.headers].filter(([name]) => name !== "x-lab-trace") },
  };
}

async function asAnotherClient(request) {
  return relayed(await post("/walkthrough/as-another-client", request));
}

/** The answer to another client, as the lab's server returns it. `cookies`: its Set-Cookie lines. */
export async function relayed(response) {
  const answer = await response.json();
  if (!response.ok) return { ...understood(response.status, response.headers, JSON.stringify(answer)), cookies: [] };
  const isCookie = ([name]) => name.toLowerCase() === "set-cookie";
  const headers = new Headers(answer.headers.filter((header) => !isCookie(header)));
  const cookies = answer.headers.filter(isCookie).map(([, value]) => value);
  return { ...understood(answer.status, headers, answer.body), cookies };
}

/** Send a request to the lab itself, not to an approach. */
export function post(path, body) {
  const headers = { "Content-Type": "application/json" };
  return fetchTimed(path, { method: "POST", headers, body: JSON.stringify(body), signal: AbortSignal.timeout(PATIENCE_MS) });
}

function understood(status, headers, text) {
  const wire = headers.get("X-Lab-Wire");
  return {
    status,
    node: headers.get("X-Node") ?? "?",
    text,
    body: parsed(text),
    isTold: wire !== null, // from the server, including the cookies
    wire: wire === null ? null : JSON.parse(decoded(wire)),
    trace: JSON.parse(headers.get("X-Lab-Trace") ?? "[]"),
    timing: headers.get("Server-Timing") ?? "",
  };
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}

/** Decode base64url to text. */
export function decoded(text) {
  const bytes = Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (char) => char.charCodeAt(0));
  return new TextDecoder().decode(bytes);
}

function filledIn(request, values) {
  const each = (fields) => Object.fromEntries(Object.entries(fields).map(([k, v]) => [k, typeof v === "string" ? fill(v, values) : v]));
  const headers = each(request.headers);
  if (request.body !== null) headers["Content-Type"] = "application/json";
  const body = request.body === null ? undefined : JSON.stringify(each(request.body));
  return { method: request.method, path: fill(request.path, values), headers, body, cookies: request.cookies };
}
