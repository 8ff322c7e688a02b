// Actions after or without a step's request: copy, read or change a token, wait, or live on for a while.

import { known, now } from "../shared/clock.js";
import { fill } from "../shared/words.js";
import { copied } from "./clients.js";
import { claims, forged, read } from "./jwt.js";
import { repeated } from "./repeat.js";

const MARGIN_S = 0.1; // clocks differ slightly
const TICK_MS = 100;

/** Do an act. Return the new state and a message, or null if `signal` ended it. A rest counts from `since`. */
export async function perform({ act, ...step }, state, { since, tick, signal }) {
  const { kind, of } = act;
  if (kind === "copy") return { now: copied(state, of), said: "copied" };
  if (kind === "read") return { now: structuredClone(state), said: "decoded", decoded: read(state.values[of]) };
  if (kind === "forge") return forge(state, of);
  if (kind === "repeat") return repeated(act, state, { step, expiry: (token, count) => waited(claims(token).exp + MARGIN_S, (left) => tick(left, count), signal) });
  const until = kind === "wait" ? claims(state.values[of]).exp : since + Number(fill(of, state.values));
  return (await waited(until + MARGIN_S, tick, signal)) ? { now: structuredClone(state), said: kind } : null;
}

function forge(state, name) {
  const changed = forged(state.values[name], { role: "admin" });
  return { now: { ...structuredClone(state), values: { ...state.values, forged: changed } }, said: "forged", decoded: read(changed) };
}

async function waited(untilS, tick, signal) {
  await known();
  for (;;) {
    if (signal.aborted) return false;
    const left = untilS - now();
    if (left <= 0) return true;
    tick(left);
    await new Promise((resolve) => setTimeout(resolve, TICK_MS));
  }
}
