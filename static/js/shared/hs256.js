// Sign and check tokens by HS256 (RFC 7518 §3.2), with secrets that are shown on the page. The lab's keys are never sent here.

import { hmacSha256 } from "./sha256.js";
import { encodeBytes, encodeText } from "./token.js";

const encoder = new TextEncoder();

/** The signature's 32 bytes for the two encoded parts. `secret`: bytes. */
export function hmacOf({ header, payload }, secret) {
  return hmacSha256(secret, encoder.encode(`${header}.${payload}`));
}

/** The signature in base64url. */
export function sign(parts, secret) {
  return encodeBytes(hmacOf(parts, secret));
}

/** The parts of a token with this header (an object) and this payload (text). */
export function signedParts(header, payloadText, secret) {
  const parts = { header: encodeText(JSON.stringify(header)), payload: encodeText(payloadText) };
  return { ...parts, signature: sign(parts, secret) };
}
