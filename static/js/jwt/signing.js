// HS256 in the browser (RFC 7518 §3.2), with a secret that the visitor types. The lab's key is never sent here.

import { decodeBytes, encodeBytes } from "../shared/token.js";

const HS256 = { name: "HMAC", hash: "SHA-256" };
const encoder = new TextEncoder();

/** Browsers can sign only on pages from https or from this machine. */
export const canSign = globalThis.isSecureContext && Boolean(globalThis.crypto?.subtle);

export async function sign({ header, payload }, secret) {
  return encodeBytes(new Uint8Array(await crypto.subtle.sign("HMAC", await key(secret), signed(header, payload))));
}

export async function fits({ header, payload, signature }, secret) {
  return crypto.subtle.verify("HMAC", await key(secret), decodeBytes(signature), signed(header, payload));
}

function key(secret) {
  return crypto.subtle.importKey("raw", encoder.encode(secret), HS256, false, ["sign", "verify"]);
}

function signed(header, payload) {
  return encoder.encode(`${header}.${payload}`);
}
