// One login in several places. All requests of the page itself go through this module, with the login of a place.

import { cookieName } from "../shared/cookie-names.js";
import { keep, recall } from "./stored.js";

const PATIENCE_MS = 6000;

let inMemory = null; // private to this module: other scripts cannot access it

const scripted = {
  sessionStorage: inStorage(sessionStorage),
  localStorage: inStorage(localStorage),
  memory: { get: () => inMemory, set: (login) => { inMemory = login; } },
};
// The places whose credential the browser sends itself, and the path that it is sent to.
const SENT_TO = { session: "/session", backend: "/backend", cookie: "/token", readable: "/storage/readable" };
export const PLACES = [...Object.keys(SENT_TO), ...Object.keys(scripted)];

function inStorage(area) {
  return { get: () => recall(area, "login"), set: (login) => keep(area, "login", login) };
}

/** Whether the browser stores and sends it itself. */
export function isCookie(place) {
  return !(place in scripted);
}

/** The login that a script of this page put into this place; never for a cookie, which the browser keeps. */
export function held(place) {
  return scripted[place]?.get() ?? null;
}

/** The access token in this place, if scripts of this page can read it. */
export function visible(place) {
  return place === "readable" ? cookie(cookieName("readable_access")) : (held(place)?.access_token ?? null);
}

function cookie(name) {
  return document.cookie.split("; ").find((pair) => pair.startsWith(`${name}=`))?.slice(name.length + 1) ?? null;
}

/** The path below which this place's requests go. */
export function pathOf(place) {
  return SENT_TO[place] ?? "/token";
}

/** Log in for real, and store the credential in its place. */
export async function logIn(place, username, password) {
  const body = JSON.stringify({ username, password, ...(place === "cookie" ? { transport: "cookie" } : {}) });
  const headers = { "Content-Type": "application/json" };
  const answer = await send(`${pathOf(place)}/login`, { method: "POST", headers, body, credentials: isCookie(place) ? "same-origin" : "omit" });
  if (answer?.status === 200) {
    const { access_token, refresh_token } = answer.body;
    scripted[place]?.set({ username, access_token, refresh_token });
  }
  return answer;
}

/** Request a page with this place's login. An expired access token is renewed first, as a client does. */
export async function ask(place, page, method = "GET") {
  const answer = await once(place, page, method);
  const renewable = answer?.body.code === "expired_token" && held(place) !== null;
  return renewable && (await renew(place)) ? once(place, page, method) : answer;
}

/** End this login on the server, and remove it from its place. */
export async function logOut(place) {
  if (isCookie(place) || held(place) !== null) await ask(place, "logout", "POST");
  scripted[place]?.set(null);
}

function once(place, page, method) {
  const [path, headers] = [`${pathOf(place)}/${page}`, { "X-Lab-Trace": "1" }];
  if (isCookie(place)) return send(path, { method, credentials: "same-origin", headers });
  return send(path, { method, credentials: "omit", headers: { ...headers, Authorization: `Bearer ${held(place)?.access_token}` } });
}

async function renew(place) {
  const { username, refresh_token } = held(place);
  const headers = { "Content-Type": "application/json" };
  const answer = await send("/token/refresh", { method: "POST", headers, body: JSON.stringify({ refresh_token }), credentials: "omit" });
  if (answer?.status !== 200) return false;
  scripted[place].set({ username, access_token: answer.body.access_token, refresh_token: answer.body.refresh_token });
  return true;
}

async function send(url, options) {
  try {
    const response = await fetch(url, { ...options, signal: AbortSignal.timeout(PATIENCE_MS) });
    const text = await response.text();
    document.dispatchEvent(new CustomEvent("answered", { detail: { node: response.headers.get("X-Node") ?? "?" } }));
    return { status: response.status, body: text ? JSON.parse(text) : {}, trace: JSON.parse(response.headers.get("X-Lab-Trace") ?? "[]") };
  } catch {
    return null;
  }
}
