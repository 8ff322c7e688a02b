// Decode and encode a token without a key. This code cannot check whether a token is genuine.

export const READS_UP_TO = 16_384; // characters; enough for any token that fits into a request header

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Why a text cannot be decoded: a code with a sentence on the page, and the values in that sentence. */
export class Unreadable extends Error {
  constructor(code, values = {}) {
    super(code);
    this.code = code;
    this.values = values;
  }
}

/** base64url without padding (RFC 7515 §2). */
export function encodeBytes(bytes) {
  const binary = Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

export function encodeText(text) {
  return encodeBytes(encoder.encode(text));
}

export function decodeBytes(encoded) {
  const stranger = encoded.match(/[^A-Za-z0-9_-]/u);
  if (stranger) throw new Unreadable("alphabet", { character: stranger[0] });
  if (encoded.length % 4 === 1) throw new Unreadable("length", { length: encoded.length });
  return Uint8Array.from(atob(encoded.replaceAll("-", "+").replaceAll("_", "/")), (character) => character.charCodeAt(0));
}

export function decodeText(encoded) {
  try {
    return decoder.decode(decodeBytes(encoded));
  } catch (error) {
    throw error instanceof Unreadable ? error : new Unreadable("not_text");
  }
}

/** Return the three parts of a compact JWS (RFC 7515 §7.1): encoded, and the first two also as text. */
export function takeApart(pasted) {
  const token = pasted.trim().replace(/^Bearer\s+/i, "");
  if (token.length > READS_UP_TO) throw new Unreadable("too_long", { length: token.length, longest: READS_UP_TO });
  const parts = token.split(".");
  if (parts.length === 5) throw new Unreadable("encrypted");
  if (parts.length !== 3) throw new Unreadable("parts", { count: parts.length });
  const [header, payload, signature] = parts;
  const texts = { header: inPart("header", () => decodeText(header)), payload: inPart("payload", () => decodeText(payload)) };
  inPart("signature", () => decodeBytes(signature));
  return { header, payload, signature, texts };
}

function inPart(part, read) {
  try {
    return read();
  } catch (error) {
    throw error instanceof Unreadable ? new Unreadable(error.code, { ...error.values, part }) : error;
  }
}

/** The JSON object in a part's text, or null. */
export function objectIn(text) {
  try {
    const value = JSON.parse(text);
    return value !== null && typeof value === "object" && !Array.isArray(value) ? value : null;
  } catch {
    return null;
  }
}

export function joined({ header, payload, signature }) {
  return `${header}.${payload}.${signature}`;
}
