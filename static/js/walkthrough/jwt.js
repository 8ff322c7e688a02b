// Decode and change a token in the page, without a key.

import { decoded } from "../shared/exchange.js";

/** The decoded header and payload. */
export function read(token) {
  const [header, payload] = token.split(".").slice(0, 2).map((part) => JSON.parse(decoded(part)));
  return { header, payload };
}

export function claims(token) {
  return read(token).payload;
}

/** The token with changed claims and the old signature: a new signature needs the key. */
export function forged(token, changes) {
  const [header, , signature] = token.split(".");
  return [header, encoded(JSON.stringify({ ...claims(token), ...changes })), signature].join(".");
}

function encoded(text) {
  const bytes = String.fromCharCode(...new TextEncoder().encode(text));
  return btoa(bytes).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
