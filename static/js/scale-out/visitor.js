// Alice's real log-ins and requests. The browser stores the session ids, this module the tokens.

const MEMBER = { username: "alice", password: "wonderland" };
const PATIENCE_MS = 3000;
const CARRIES_TOKENS = new Set(["token", "hybrid"]);

const tokens = new Map();
const logins = new Map(); // approach → the port of its last log-in

export const approaches = ["memory", "session", "token", "hybrid"];

/** Log in through the selected port. Return null, or the failure as {status, code}. */
export async function logIn(approach, door) {
  logins.delete(approach);
  tokens.delete(approach);
  const response = await ask(approach, "login", door, { method: "POST", body: MEMBER });
  if (response?.status !== 200) return { status: response?.status ?? "", code: response?.body.code ?? "" };
  if (CARRIES_TOKENS.has(approach)) tokens.set(approach, response.body);
  logins.set(approach, door);
  return null;
}

export function isLoggedIn(approach, door) {
  return logins.get(approach) === door;
}

/**
 * Request the profile. Return the node, and whether it recognized alice: "known", "refused" or "broken"; "changed" if
 * another tab has logged in or out in this browser, because then the answer is about another login.
 */
export async function askWhoIAm(approach, door) {
  let response = await profile(approach, door);
  if (response?.body.code === "expired_token" && (await refresh(approach, door))) response = await profile(approach, door);
  if (response?.status === 400 && (await endCookieLogin(approach, door))) response = await profile(approach, door);
  const node = response?.node ?? null;
  if (response === null || response.status >= 500) return { node, verdict: "broken" };
  if (response.body.code === "no_credentials") return { node, verdict: "changed" };
  if (response.status !== 200) return { node, verdict: "refused" };
  return { node, verdict: response.body.member?.username === MEMBER.username ? "known" : "changed" };
}

function profile(approach, door) {
  return ask(approach, "profile", door, { token: tokens.get(approach)?.access_token });
}

async function refresh(approach, door) {
  const { refresh_token } = tokens.get(approach) ?? {};
  const response = await ask(approach, "refresh", door, { method: "POST", body: { refresh_token } });
  if (response?.status === 200) tokens.set(approach, response.body);
  return response?.status === 200;
}

/** A log-in by form may have left token cookies in this browser, but a token must not be sent in two places. */
async function endCookieLogin(approach, door) {
  return CARRIES_TOKENS.has(approach) && (await ask(approach, "logout", door, { method: "POST" }))?.status === 204;
}

async function ask(approach, page, door, { method = "GET", body, token } = {}) {
  const headers = {};
  if (door === "sticky") headers["X-Lab-Door"] = "sticky";
  if (body) headers["Content-Type"] = "application/json";
  if (token) headers.Authorization = `Bearer ${token}`;
  // A token needs no cookies, not even the sticky port's.
  const credentials = token && door !== "sticky" ? "omit" : "same-origin";
  const request = { method, headers, credentials, body: body && JSON.stringify(body), signal: AbortSignal.timeout(PATIENCE_MS) };
  try {
    const response = await fetch(`/${approach}/${page}`, request);
    const text = await response.text();
    return { status: response.status, node: response.headers.get("X-Node"), body: text ? JSON.parse(text) : {} };
  } catch {
    return null;
  }
}
