// The server's time. A visitor's clock may be a second or a year off, and only the server's decides what has expired.
//
// It is learnt from answers. The Date of an answer is a whole second, in which the answer was written: after the request
// was sent and before the answer came. So each one narrows down how far the server's clock is ahead of this page's own,
// which counts seconds from some beginning and which nobody sets.

const PATIENCE_MS = 3000;

let least = -Infinity; // seconds that the server's clock is ahead: at least so many,
let most = Infinity; // and less than so many

/** Fetch, and learn the server's time from the answer. */
export async function fetchTimed(path, options) {
  const sentAt = own();
  const response = await fetch(path, options);
  learn(Date.parse(response.headers.get("Date")) / 1000, sentAt);
  return response;
}

/** Ask for the server's time if no answer has told it yet. Without one, the visitor's clock has to do. */
export async function known() {
  if (!isKnown()) await fetchTimed("/healthz", { signal: AbortSignal.timeout(PATIENCE_MS) }).catch(() => null);
}

/** The time that the server's clock has surely reached, in seconds since the epoch: what ends then has ended. */
export function now() {
  return isKnown() ? own() + least : Date.now() / 1000;
}

/** The time that the server's clock has surely not passed: what it has done by now, it did before. */
export function latest() {
  return isKnown() ? own() + most : Date.now() / 1000;
}

/** The server's time as a date, for what a page writes down. */
export function today() {
  return new Date(now() * 1000);
}

function learn(second, sentAt) {
  if (Number.isNaN(second)) return;
  const told = [second - own(), second + 1 - sentAt];
  [least, most] = [Math.max(least, told[0]), Math.min(most, told[1])];
  if (least >= most) [least, most] = told; // a clock was set, or this machine has slept: only the newest answer counts
}

function isKnown() {
  return Number.isFinite(least);
}

function own() {
  return performance.now() / 1000;
}
