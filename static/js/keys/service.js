// A second service: with the published keys and no secret it verifies tokens by WebCrypto, without any request.

import { now, today } from "../shared/clock.js";
import { decodeBytes, encodeText, takeApart } from "../shared/token.js";
import { language, make, say } from "../shared/words.js";
import { name } from "./cards.js";
import { ask } from "./nodes.js";
import { claims } from "./tokens.js";

/** Browsers can verify only on pages from https or from this machine. */
export const canVerify = globalThis.isSecureContext && Boolean(globalThis.crypto?.subtle);

// WebCrypto's name of each algorithm, and the members of a JWK with the public key (RFC 7518 §6, RFC 8037 §2).
const ALGORITHMS = {
  EdDSA: { verify: { name: "Ed25519" }, members: ["kty", "crv", "x"] },
  ES256: { verify: { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" }, members: ["kty", "crv", "x", "y"] },
  RS256: { verify: { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" }, members: ["kty", "n", "e"] },
};
const encoder = new TextEncoder();
const find = (part) => document.querySelector(`[data-${part}]`);
let copy = null; // this service's copy of the key set

/** Show the currently published keys. */
export async function showPublished() {
  const answer = await ask("/.well-known/jwks.json");
  const keys = answer?.ok ? answer.body.keys : null;
  find("jwks").textContent = keys === null ? "–" : JSON.stringify(answer.body, null, 2);
  find("jwks-why").textContent = say(`jwks.${keys === null ? "silent" : keys.length > 0 ? "public" : "hmac"}`);
}

export async function fetchCopy() {
  const answer = await ask("/.well-known/jwks.json");
  if (!answer?.ok) return;
  copy = answer.body.keys;
  find("copy").textContent = say("service.copy", { time: today().toLocaleTimeString(language), count: copy.length });
}

export function hasCopy() {
  return copy !== null;
}

/** Verify each token unchanged, and changed. */
export async function verifyAll(tokens) {
  const lines = (await Promise.all(tokens.map(lineFor))).flat();
  find("verified").replaceChildren(...(lines.length > 0 ? lines : [make("li", "soft", say("service.no_tokens"))]));
}

async function lineFor(token) {
  const { kid, alg } = token.header;
  const values = { token: name(token), kid, alg };
  if (alg === "HS256") return [line("waiting", "hmac", values)];
  const jwk = copy.find((key) => key.kid === kid);
  if (jwk === undefined) return [line("shut", "unpublished", values)];
  try {
    return await judged(token, jwk, values);
  } catch (error) {
    if (error.name !== "NotSupportedError") throw error;
    return [line("waiting", "unsupported", values)];
  }
}

async function judged(token, jwk, values) {
  const parts = takeApart(token.text);
  if (!(await fits(jwk, parts))) return [line("shut", "forged", values)];
  if (claims(token).exp <= now()) return [line("shut", "expired", values)];
  const changed = { ...parts, payload: encodeText(JSON.stringify({ ...claims(token), role: "admin" })) };
  const believed = await fits(jwk, changed);
  return [line("let-in", "genuine", values), line(believed ? "shut" : "let-in", believed ? "believed" : "tampered", values)];
}

/** The published key determines the algorithm, not the token's header (RFC 8725 §3.1). */
async function fits(jwk, { header, payload, signature }) {
  const { verify, members } = ALGORITHMS[jwk.alg];
  const bare = Object.fromEntries(members.map((member) => [member, jwk[member]]));
  const key = await crypto.subtle.importKey("jwk", bare, verify, false, ["verify"]);
  return crypto.subtle.verify(verify, key, decodeBytes(signature), encoder.encode(`${header}.${payload}`));
}

function line(mood, word, values) {
  const made = make("li", mood, say(`service.${word}`, values));
  made.dataset.outcome = word;
  return made;
}
