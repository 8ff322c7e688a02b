// A sacrificial ring of this page's own (lab/sacrificial_ring, unsafe on purpose): its secrets may be shown.

import { fetchTimed } from "./clock.js";
import { decodeBytes } from "./token.js";

const PATIENCE_MS = 5000;
const HMAC = "HMAC with "; // how a verification's step in the trace begins

/** The lab refused, or did not answer. `message`: what it said. */
export class Refused extends Error {}

export class Sacrifice {
  /** Make a ring whose tokens live at most these seconds; by default a day. */
  static async begin(fields = {}) {
    const ring = new Sacrifice();
    return ring.learn(await send("POST", "/sacrifice", fields));
  }

  /** The key that signs. */
  get active() {
    return this.keys.find(({ state }) => state === "active");
  }

  find(kid) {
    return this.keys.find((key) => key.kid === kid);
  }

  async look() {
    return this.learn(await send("GET", this.path));
  }

  async add() {
    return this.learn(await send("POST", `${this.path}/keys`, {}));
  }

  async revoke(kid) {
    return this.learn(await send("PUT", `${this.path}/keys/${kid}`, { state: "revoked" }));
  }

  /** The bytes of a key's secret. */
  async secretOf(kid) {
    return decodeBytes((await send("POST", `${this.path}/keys/${kid}/leak`, {})).body.k);
  }

  /** A token of this user, signed by the lab. */
  async login(username) {
    return (await send("POST", `${this.path}/tokens`, { username })).body.token;
  }

  /** Open `profile` or `admin`. A refusal is an answer: {status, ok, node, body, trace}. */
  open(page, token) {
    return ask("GET", `${this.path}/${page}`, undefined, { Authorization: `Bearer ${token}`, "X-Lab-Trace": "1" });
  }

  learn({ body }) {
    Object.assign(this, { path: `/sacrifice/${body.ring}`, issuer: body.issuer, keys: body.keys });
    return this;
  }
}

/** What an answer's trace says of the look-up and of the signature. */
export function verifiedBy({ trace }) {
  return trace.filter(({ part }) => part === "verify").map(({ what }) => what);
}

/** The steps in which the server computed a signature for an answer. */
export function verifications({ trace }) {
  return trace.filter(({ what }) => what.startsWith(HMAC));
}

async function send(method, path, fields) {
  const answer = await ask(method, path, fields);
  if (!answer.ok) throw new Refused([answer.body.title, answer.body.detail].filter(Boolean).join(". ") || String(answer.status));
  return answer;
}

/** Send a request. Throw `Refused` only if no answer comes. */
export async function ask(method, path, fields, headers = {}) {
  const body = fields && JSON.stringify(fields);
  const type = body ? { "Content-Type": "application/json" } : {};
  const options = { method, body, headers: { ...type, ...headers }, credentials: "omit", signal: AbortSignal.timeout(PATIENCE_MS) };
  const response = await fetchTimed(path, options).catch(() => {
    throw new Refused("–");
  });
  const node = response.headers.get("X-Node") ?? "?";
  document.dispatchEvent(new CustomEvent("answered", { detail: { node } }));
  const trace = JSON.parse(response.headers.get("X-Lab-Trace") ?? "[]");
  return { node, status: response.status, ok: response.ok, body: await response.json().catch(() => ({})), trace };
}
