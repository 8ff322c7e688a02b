// The load member of the comparison: one login with each approach, and each client's credentials.
// The browser stores the session ids. This module stores the tokens, and the credentials of another client.

import { approaches, isBearer, isInOneNode } from "./approaches.js";
import { STICKY_COOKIE, cookieName } from "./cookie-names.js";
import { cookiesBrought, decoded, exchange, post, relayed, setCookies } from "./exchange.js";

const BUSY_PATIENCE_MS = 5000;
const BUSY_PAUSE_MS = 250;
const STICKY = { "X-Lab-Door": "sticky" };

export class Member {
  constructor(username, password) {
    this.username = username;
    this.password = password;
    this.logins = {};
  }

  /** An approach's login: credentials `now`, `old` and `other`, the `home` node, the id of the `other` login. */
  login(approach) {
    this.logins[approach] ??= { now: null, old: null, other: null };
    return this.logins[approach];
  }

  has(which) {
    return Object.values(this.logins).some((login) => login[which] !== null);
  }

  hasTried() {
    return Object.keys(this.logins).length > 0;
  }

  /** Send a request as this browser. An approach in one node uses the sticky port, unless `turns` requests round robin. */
  async ask(approach, method, path, { body = null, turns = false } = {}) {
    const { now } = this.login(approach);
    const headers = { ...(isInOneNode(approach) && !turns ? STICKY : {}), ...(isBearer(approach) ? bearer(now) : {}) };
    const answer = await exchange("browser", { method, path: `/${approach}/${path}`, headers, body }, {});
    return told("browser", { method, path: `/${approach}/${path}`, credential: now, body }, answer);
  }

  /** Send a request as another client with one of the credentials. */
  async askAsOther(approach, credential, path) {
    const request = { method: "GET", path: `/${approach}/${path}`, headers: carrying(approach, credential), body: null };
    const answer = await patiently(() => exchange("other", request, {}));
    return told("other", { ...request, credential }, answer);
  }

  /** `lifetimes`: shorter ones than usual, which a lab's log-in may ask for. */
  async logIn(approach, lifetimes = {}) {
    const body = { username: this.username, password: this.password, ...lifetimes };
    const exchanged = await this.ask(approach, "POST", "login", { body });
    if (exchanged.answer?.status !== 200) return exchanged;
    this.give(approach, credentialIn(exchanged.answer, setCookies(exchanged.answer.wire)));
    this.login(approach).home = exchanged.answer.node;
    if (isInOneNode(approach)) await this.learnSticky(approach);
    return exchanged;
  }

  async renew(approach) {
    const { now } = this.login(approach);
    const [path, body] = isBearer(approach) ? ["refresh", { refresh_token: now.refresh_token }] : ["renew", null];
    const exchanged = await this.ask(approach, "POST", path, { body });
    if (exchanged.answer?.status === 200 && !this.isOfAnotherTab(approach, exchanged)) this.give(approach, { ...now, ...credentialIn(exchanged.answer, setCookies(exchanged.answer.wire)) });
    return exchanged;
  }

  async logOut(approach) {
    const exchanged = await this.ask(approach, "POST", "logout");
    const { status, body } = exchanged.answer ?? { status: 503 };
    if (status < 400 || (status === 401 && body.code !== "expired_token")) this.give(approach, null);
    return exchanged;
  }

  /** Log in a second time, as another client. */
  async logInAsOther(approach) {
    const answer = await patiently(async () => relayed(await post("/walkthrough/second-login", { approach, username: this.username })));
    if (answer?.status === 200) this.login(approach).other = credentialIn(answer, answer.cookies);
    const body = { username: this.username, password: this.password };
    return told("other", { method: "POST", path: `/${approach}/login`, credential: null, body }, answer);
  }

  /**
   * Set the member's role. Return {ok, node, trace, said}. The sticky port leads to the node that has this browser's
   * login in its memory: only that node can change it, and so the result does not depend on the balancer's turn.
   */
  async setRole(role) {
    const headers = { "Content-Type": "application/json", "X-Lab-Trace": "1", ...STICKY };
    const body = JSON.stringify({ username: this.username, role });
    const response = await fetch("/walkthrough/role", { method: "POST", headers, body, keepalive: true }).catch(() => null);
    if (response?.ok) this.role = role;
    const trace = JSON.parse(response?.headers.get("X-Lab-Trace") ?? "[]");
    const { title, detail } = response?.ok ? {} : ((await response?.json().catch(() => null)) ?? {});
    return { ok: response?.ok ?? false, node: response?.headers.get("X-Node"), trace, said: [title, detail].filter(Boolean).join(". ") };
  }

  give(approach, credential) {
    const login = this.login(approach);
    if (login.now !== null) login.old = login.now;
    login.now = credential;
  }

  /** Whether this browser sent another session than the compared one: all its tabs share their cookies. */
  isOfAnotherTab(approach, { who, request, credential, answer }) {
    if (who !== "browser" || isBearer(approach) || answer === null || request.path.endsWith("/login")) return false;
    const brought = cookiesBrought(answer)?.get(cookieName("sid"));
    return cookiesBrought(answer) !== null && ![credential?.sid, this.login(approach).old?.sid].includes(brought);
  }

  /** A script cannot read the balancer's cookie (HttpOnly), but the server reports what it received. */
  async learnSticky(approach) {
    const { answer } = await this.ask(approach, "GET", "whoami");
    const cookies = answer?.wire?.request.headers.find(([name]) => name === "Cookie")?.[1] ?? "";
    this.login(approach).now.node = cookieIn(cookies.split("; "), STICKY_COOKIE);
  }
}

/** The claims of a credential's token; none if it is not a token that can be read (three parts). */
export function claimsOf(credential) {
  return credential?.access_token?.split(".").length === 3 ? JSON.parse(decoded(credential.access_token.split(".")[1])) : {};
}

/** The credential with one changed character in the middle. */
export function changed(credential) {
  const name = credential.access_token ? "access_token" : "sid";
  const value = credential[name];
  const at = Math.floor(value.length / 2);
  return { ...credential, [name]: `${value.slice(0, at)}${value[at] === "A" ? "B" : "A"}${value.slice(at + 1)}` };
}

/** An exchange: the client, the request, the credential, and the answer or null. */
function told(who, { method, path, credential, body }, answer) {
  // The wire message masks a password, but the real size is known here.
  if (answer !== null && body !== null) answer.sentBody = JSON.stringify(body);
  if (answer?.wire) document.dispatchEvent(new CustomEvent("answered", { detail: { node: answer.node } }));
  return { who, request: { method, path }, credential, answer };
}

function bearer(credential) {
  return credential === null ? {} : { Authorization: `Bearer ${credential.access_token}` };
}

function carrying(approach, credential) {
  const { carrier, in_one_node } = approaches.get(approach);
  const cookies = [
    ...(carrier === "cookie" ? [`${cookieName("sid")}=${credential.sid}`] : []),
    ...(credential.node && (carrier === "cookie" || in_one_node) ? [`${STICKY_COOKIE}=${credential.node}`] : []),
  ];
  const cookie = cookies.length > 0 ? { Cookie: cookies.join("; ") } : {};
  return { ...(isBearer(approach) ? bearer(credential) : {}), ...cookie, ...(in_one_node ? STICKY : {}) };
}

function credentialIn({ body }, cookies) {
  const pairs = cookies.map((line) => line.split(";")[0]);
  const [sid, node] = [cookieName("sid"), STICKY_COOKIE].map((name) => cookieIn(pairs, name));
  const own = body.access_token ? { access_token: body.access_token, refresh_token: body.refresh_token } : { sid };
  return node === undefined ? own : { ...own, node };
}

function cookieIn(pairs, name) {
  return pairs.find((pair) => pair.startsWith(`${name}=`))?.slice(name.length + 1);
}

/** The lab acts as another client for only one visitor at a time: wait for our turn. */
async function patiently(send) {
  const until = performance.now() + BUSY_PATIENCE_MS;
  for (;;) {
    const answer = await send().catch(() => null);
    const isBusy = answer?.status === 503 && answer.wire === null && answer.body.code === "store_unavailable";
    if (!isBusy || performance.now() > until) return answer;
    await new Promise((resolve) => setTimeout(resolve, BUSY_PAUSE_MS));
  }
}
