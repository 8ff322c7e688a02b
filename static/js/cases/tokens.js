// A token as this page received it. Its lifetime counts from that time, so that the visitor's clock does not matter.

import { decoded } from "../shared/exchange.js";

const SHOWN = 8;

/** Decode a token: {text, id, receivedAt, lives}, times in seconds of this page's clock. */
export function received(text) {
  const { jti, iat, exp } = JSON.parse(decoded(text.split(".")[1]));
  return { text, id: jti, receivedAt: now(), lives: exp - iat };
}

/** Seconds until a token has certainly expired: it was issued before it was received. */
export function secondsLeft({ receivedAt, lives }) {
  return receivedAt + lives - now();
}

export function shortId({ id }) {
  return `${id.slice(0, SHOWN)}…`;
}

/** Change the first character of the signature, so that at least one bit is wrong. */
export function tampered({ text }) {
  const at = text.lastIndexOf(".") + 1;
  return { text: `${text.slice(0, at)}${text[at] === "A" ? "B" : "A"}${text.slice(at + 1)}` };
}

/** Wait until all of these have expired, or the wait is cancelled. `tick` gets the remaining seconds. */
export async function untilExpired(tokens, tick, isWaiting = () => true) {
  while (isWaiting()) {
    const left = Math.max(...tokens.map(secondsLeft));
    if (!(left > 0)) return; // minus infinity if there are none
    tick(left);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

function now() {
  return performance.now() / 1000;
}
