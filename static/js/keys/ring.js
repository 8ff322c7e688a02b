// The nodes' key ring, and the requests that change it.

import { ask, everyNode, pause, runningNodes, send } from "./nodes.js";

const AS_MYSELF = { credentials: "same-origin" }; // the instructor's cookie
const GIVE_UP_MS = 6000;
const LOOK_AGAIN_MS = 100;

export function look() {
  return ask("/lab/keys");
}

export function rotate(algorithm) {
  return send("POST", "/lab/keys", { algorithm }, AS_MYSELF);
}

export function want(kid, state) {
  return send("PUT", `/lab/keys/${encodeURIComponent(kid)}`, { state }, AS_MYSELF);
}

export function handIn(code) {
  return send("POST", "/lab/code", { code }, AS_MYSELF);
}

export function find(keys, kid) {
  return keys.find((key) => key.kid === kid);
}

export function active(keys) {
  return keys.find((key) => key.state === "active");
}

/** When the ring was last changed, to compare the age of two nodes' rings. */
export function changedAt(keys) {
  const moments = keys.flatMap((key) => [key.created_at, key.signed_until, key.revoked_at]).filter(Boolean).map(Date.parse);
  return Math.max(...moments.filter((moment) => !Number.isNaN(moment)));
}

/** Request every node's ring until all are as new as `keys`. `show` gets the nodes that are. */
export async function followed(keys, show) {
  const startedAt = performance.now();
  for (;;) {
    const running = await runningNodes();
    const names = running ?? [];
    const answers = await everyNode(names, look);
    const hasCome = (answer) => Boolean(answer?.ok) && changedAt(answer.body.keys) >= changedAt(keys);
    const nodes = [...new Set([...names, ...answers.keys()])].map((name) => ({ name, follows: hasCome(answers.get(name)) }));
    const seconds = (performance.now() - startedAt) / 1000;
    const all = running !== null && nodes.length > 0 && nodes.every((node) => node.follows);
    show({ nodes, all, seconds, late: seconds * 1000 > GIVE_UP_MS });
    if (all || seconds * 1000 > GIVE_UP_MS) return all;
    await pause(LOOK_AGAIN_MS);
  }
}
