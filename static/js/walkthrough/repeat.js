// Live on for several lifetimes of the access token: wait until it expires, get refused, and renew it. Real requests.

import { exchange } from "../shared/exchange.js";
import { after } from "./clients.js";
import { hindranceOf } from "./hindrance.js";

/** Return the new state and a count of the requests; null if `expiry` was cancelled. `step` is the one that began it. */
export async function repeated({ renew, ask, times, minutes_each }, state, { step, expiry }) {
  const count = { log_ins: 1, refreshes: 0, refused: 0 };
  let now = structuredClone(state);
  for (let turn = 1; turn <= times; turn++) {
    if (!(await expiry(now.values.access_token, { ...count, minute: turn * minutes_each }))) return null;
    const late = await exchange("browser", ask, now.values);
    if (late?.body.code !== "expired_token") return failed(step, now, late);
    count.refused += 1;
    const answer = await exchange("browser", renew, now.values);
    if (answer?.status !== 200) return failed(step, now, answer);
    count[renew.path.endsWith("/login") ? "log_ins" : "refreshes"] += 1;
    now = after(now, "browser", { request: renew }, answer);
  }
  return { now, said: "repeat", count };
}

async function failed(step, now, answer) {
  const answers = answer === null ? [] : [answer];
  return { now, answers, asClaimed: false, hindrance: await hindranceOf(step, now, answers, false) };
}
