// The nodes' key ring, and the requests that change it.

import { ask, everyNode, pause, runningNodes, send } from "./nodes.js";

const AS_MYSELF = { credentials: "same-origin" }; // the instructor's cookie
const GIVE_UP_MS = 6000;
const LOOK_AGAIN_MS = 100;
const deleted = new Set(); // the ids of keys that this page has deleted

export function look() {
  return ask("/lab/keys");
}

export function rotate(algorithm) {
  return send("POST", "/lab/keys", { algorithm }, AS_MYSELF);
}

export function want(kid, state) {
  return send("PUT", `/lab/keys/${encodeURIComponent(kid)}`, { state }, AS_MYSELF);
}

export async function remove(kid) {
  const answer = await send("DELETE", `/lab/keys/${encodeURIComponent(kid)}`, {}, AS_MYSELF);
  if (answer?.ok) deleted.add(kid);
  return answer;
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

/** Whether a node's ring is at least as new as `keys`. One that still has a deleted key is older. */
export function isAsNew(seen, keys) {
  return !seen.some(({ kid }) => deleted.has(kid)) && changedAt(seen) >= changedAt(keys);
}

/** When the ring was last changed, apart from deletions. */
function changedAt(keys) {
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
    const hasCome = (answer) => Boolean(answer?.ok) && isAsNew(answer.body.keys, keys);
    const nodes = [...new Set([...names, ...answers.keys()])].map((name) => ({ name, follows: hasCome(answers.get(name)) }));
    const seconds = (performance.now() - startedAt) / 1000;
    const all = running !== null && nodes.length > 0 && nodes.every((node) => node.follows);
    show({ nodes, all, seconds, late: seconds * 1000 > GIVE_UP_MS });
    if (all || seconds * 1000 > GIVE_UP_MS) return all;
    await pause(LOOK_AGAIN_MS);
  }
}
