// Alice's real log-ins and requests. The browser stores the session ids, this module the tokens.

import { isBearer } from "../shared/approaches.js";
import { travel } from "./dots.js";
import { drop, hold } from "./holders.js";

const MEMBER = { username: "alice", password: "wonderland" };
const PATIENCE_MS = 3000;

const tokens = new Map();
const logins = new Map(); // approach → the port of its last log-in

/** Log in through the selected port. Return null, or the failure as {status, code}. */
export async function logIn(approach, listener) {
  forgetLogin(approach);
  tokens.delete(approach);
  const response = await ask(approach, "login", listener, { method: "POST", body: MEMBER });
  if (response?.status !== 200) return { status: response?.status ?? "", code: response?.body.code ?? "" };
  if (isBearer(approach)) tokens.set(approach, response.body);
  logins.set(approach, listener);
  hold(approach, response.node);
  return null;
}

/** A login that no node recognizes is not drawn any more, and the next round logs in again. */
export function forgetLogin(approach) {
  logins.delete(approach);
  drop(approach);
}

export function isLoggedIn(approach, listener) {
  return logins.get(approach) === listener;
}

/**
 * Request the profile. Return the node, and whether it recognized alice: "known", "refused" or "broken"; "changed" if
 * another tab has logged in or out in this browser, because then the answer is about another login.
 */
export async function askWhoIAm(approach, listener) {
  let response = await profile(approach, listener);
  if (response?.body.code === "expired_token" && (await refresh(approach, listener))) response = await profile(approach, listener);
  if (response?.status === 400 && (await endCookieLogin(approach, listener))) response = await profile(approach, listener);
  const node = response?.node ?? null;
  travel(approach, node);
  if (response === null || response.status >= 500) return { node, verdict: "broken" };
  if (response.body.code === "no_credentials") return { node, verdict: "changed" };
  if (response.status !== 200) return { node, verdict: "refused" };
  return { node, verdict: response.body.member?.username === MEMBER.username ? "known" : "changed" };
}

function profile(approach, listener) {
  return ask(approach, "profile", listener, { token: tokens.get(approach)?.access_token });
}

async function refresh(approach, listener) {
  const { refresh_token } = tokens.get(approach) ?? {};
  const response = await ask(approach, "refresh", listener, { method: "POST", body: { refresh_token } });
  if (response?.status === 200) tokens.set(approach, response.body);
  return response?.status === 200;
}

/** A log-in by form may have left token cookies in this browser, but a token must not be sent in two places. */
async function endCookieLogin(approach, listener) {
  return isBearer(approach) && (await ask(approach, "logout", listener, { method: "POST" }))?.status === 204;
}

async function ask(approach, page, listener, { method = "GET", body, token } = {}) {
  const headers = {};
  if (listener === "sticky") headers["X-Lab-Door"] = "sticky";
  if (body) headers["Content-Type"] = "application/json";
  if (token) headers.Authorization = `Bearer ${token}`;
  // A token needs no cookies, not even the sticky port's.
  const credentials = token && listener !== "sticky" ? "omit" : "same-origin";
  const request = { method, headers, credentials, body: body && JSON.stringify(body), signal: AbortSignal.timeout(PATIENCE_MS) };
  try {
    const response = await fetch(`/${approach}/${page}`, request);
    const text = await response.text();
    return { status: response.status, node: response.headers.get("X-Node"), body: text ? JSON.parse(text) : {} };
  } catch {
    return null;
  }
}
