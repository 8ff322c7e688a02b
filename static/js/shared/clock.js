// The server's time. A visitor's clock may be wrong by a second or a year, and only the server's clock decides expiry.
//
// It is estimated from answers. The Date of an answer is the whole second in which it was written: after the request
// was sent and before the answer arrived. So each answer narrows the difference between the server's clock and this page's
// monotonic clock, which is never set.

const PATIENCE_MS = 3000;

let least = -Infinity; // the server's clock is ahead by at least these seconds,
let most = Infinity; // and by less than these

/** Fetch, and estimate the server's time from the answer. */
export async function fetchTimed(path, options) {
  const sentAt = own();
  const response = await fetch(path, options);
  learn(Date.parse(response.headers.get("Date")) / 1000, sentAt);
  return response;
}

/** Request the server's time if no answer had it yet. Without one, the visitor's clock is used. */
export async function known() {
  if (!isKnown()) await fetchTimed("/healthz", { signal: AbortSignal.timeout(PATIENCE_MS) }).catch(() => null);
}

/** The earliest possible server time, in seconds since the epoch: what ends before it has certainly ended. */
export function now() {
  return isKnown() ? own() + least : Date.now() / 1000;
}

/** The latest possible server time: what the server has done so far is not later. */
export function latest() {
  return isKnown() ? own() + most : Date.now() / 1000;
}

/** The server's time as a Date, for display. */
export function today() {
  return new Date(now() * 1000);
}

function learn(second, sentAt) {
  if (Number.isNaN(second)) return;
  const told = [second - own(), second + 1 - sentAt];
  [least, most] = [Math.max(least, told[0]), Math.min(most, told[1])];
  if (least >= most) [least, most] = told; // a clock was set, or this machine was asleep: use only the newest answer
}

function isKnown() {
  return Number.isFinite(least);
}

function own() {
  return performance.now() / 1000;
}
