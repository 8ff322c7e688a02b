// A token as this page received it. How long it lives is counted from then, so that the visitor's clock does not matter.

import { decoded } from "../shared/exchange.js";

const SHOWN = 8;

/** Read a token: {text, id, receivedAt, lives}, times in seconds of this page's own clock. */
export function received(text) {
  const { jti, iat, exp } = JSON.parse(decoded(text.split(".")[1]));
  return { text, id: jti, receivedAt: now(), lives: exp - iat };
}

/** Seconds until a token has expired; it was issued before it was received, so it has by then. */
export function secondsLeft({ receivedAt, lives }) {
  return receivedAt + lives - now();
}

export function shortId({ id }) {
  return `${id.slice(0, SHOWN)}…`;
}

/** Another first character in the signature: one bit or more of it is wrong. */
export function tampered({ text }) {
  const at = text.lastIndexOf(".") + 1;
  return { text: `${text.slice(0, at)}${text[at] === "A" ? "B" : "A"}${text.slice(at + 1)}` };
}

/** Wait until all of these have expired, or nobody waits any more; `tick` hears how many seconds are left. */
export async function untilExpired(tokens, tick, isWaiting = () => true) {
  while (isWaiting()) {
    const left = Math.max(...tokens.map(secondsLeft));
    if (!(left > 0)) return; // none to wait for is minus infinity
    tick(left);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

function now() {
  return performance.now() / 1000;
}
