// The requests of this page: log in, send both tokens together, log out. Each request is real.

import { cookieName } from "../shared/cookie-names.js";
import { exchange } from "../shared/exchange.js";
import { say } from "../shared/words.js";
import { received } from "./tokens.js";

const HEADERS = { access: "X-Access-Token", refresh: "X-Refresh-Token" };

/** The answer is not one with which this page can continue: the answer, or null if there was none. */
export class Otherwise extends Error {
  constructor(answer) {
    super("otherwise");
    this.answer = answer;
  }
}

/** Show the unexpected answer. Rethrow any other error: it is a bug of ours. */
export function otherwise(error) {
  if (!(error instanceof Otherwise)) throw error;
  if (error.answer === null) return `◷ ${say("unreachable")}`;
  const { status, body } = error.answer;
  return `◷ ${say("otherwise", { status, said: [body.title, body.detail, body.code].filter(Boolean).join(". ") })}`;
}

/** Log in; return {access, refresh}. Throw `Otherwise`. */
export async function logIn(member, lifetimes = {}, at = "token") {
  const answer = await send("browser", "POST", `/${at}/login`, {}, { ...member, ...lifetimes });
  if (answer?.status !== 200) throw new Otherwise(answer);
  return { access: received(answer.body.access_token), refresh: received(answer.body.refresh_token) };
}

/** Request the profile with these tokens. The refresh token may be missing. */
export function present({ access, refresh }, carrier = "headers", at = "token") {
  if (carrier === "headers") return send("browser", "GET", `/${at}/profile`, inHeaders(access, refresh));
  // The browser's cookies belong to the visitor's own login, so another client sends these cookies.
  return inTurn(() => send("other", "GET", `/${at}/profile`, { Cookie: `${cookieName("access")}=${access.text}; ${cookieName("refresh")}=${refresh.text}` }));
}

export function logOut({ access, refresh }, at = "token") {
  return send("browser", "POST", `/${at}/logout`, inHeaders(access, refresh));
}

/** The tokens in an answer: {access, refresh, cleared}, decoded; null if there is none. Throw `Otherwise`. */
export function broughtBy(answer) {
  if (!answer?.wire) throw new Otherwise(answer);
  const { headers } = answer.wire.response;
  const cookies = headers.filter(([name]) => name.toLowerCase() === "set-cookie").map(([, line]) => line);
  const cookie = (name) => cookies.find((line) => line.startsWith(`${cookieName(name)}=`));
  const found = (name) => {
    const text = headers.find(([header]) => header === HEADERS[name])?.[1] ?? cookie(name)?.split(/[=;]/)[1];
    return text ? received(text) : null;
  };
  return { access: found("access"), refresh: found("refresh"), cleared: ["access", "refresh"].filter((name) => isCleared(cookie(name))) };
}

function isCleared(line) {
  return line !== undefined && /; max-age=0(;|$)/i.test(line);
}

function inHeaders(access, refresh) {
  return { Authorization: `Bearer ${access.text}`, ...(refresh ? { "X-Refresh-Token": refresh.text } : {}) };
}

async function send(who, method, path, headers, body = null) {
  const answer = await exchange(who, { method, path, headers, body }, {});
  if (answer !== null) document.dispatchEvent(new CustomEvent("answered", { detail: { node: answer.node } }));
  return answer;
}

let last = Promise.resolve();

/** The lab acts as only one other client at a time. */
function inTurn(ask) {
  last = last.then(ask, ask);
  return last;
}
