// All of this page's requests to the server.

import { fetchTimed } from "../shared/clock.js";

const PATIENCE_MS = 5000;

/** Log in for real. Return the two tokens, or null and the reason. */
export async function logIn(username, password) {
  const body = JSON.stringify({ username, password });
  const answer = await ask("/token/login", { method: "POST", headers: { "Content-Type": "application/json" }, body });
  return { tokens: answer?.status === 200 ? answer.body : null, answer };
}

/** Send only a token to the approach that it is for, without cookies. */
export function showToken(token) {
  return ask("/token/profile", { headers: { Authorization: `Bearer ${token}` } });
}

/** Request a token with more claims. Only their names are sent. */
export function askForClaims(claims) {
  return ask("/jwt/claims", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ claims }) });
}

async function ask(path, options) {
  try {
    const response = await fetchTimed(path, { ...options, credentials: "omit", signal: AbortSignal.timeout(PATIENCE_MS) });
    const text = await response.text();
    document.dispatchEvent(new CustomEvent("answered", { detail: { node: response.headers.get("X-Node") ?? "?" } }));
    return { status: response.status, challenge: response.headers.get("WWW-Authenticate"), text, body: parsed(text) };
  } catch {
    return null;
  }
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}
