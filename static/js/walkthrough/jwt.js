// A token as this page reads and changes it, without a key.

import { decoded } from "../shared/exchange.js";

/** Header and payload, decoded. */
export function read(token) {
  const [header, payload] = token.split(".").slice(0, 2).map((part) => JSON.parse(decoded(part)));
  return { header, payload };
}

export function claims(token) {
  return read(token).payload;
}

/** The token with claims changed. Its signature is of the old ones: nobody without the key can make the new one. */
export function forged(token, changes) {
  const [header, , signature] = token.split(".");
  return [header, encoded(JSON.stringify({ ...claims(token), ...changes })), signature].join(".");
}

function encoded(text) {
  const bytes = String.fromCharCode(...new TextEncoder().encode(text));
  return btoa(bytes).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
