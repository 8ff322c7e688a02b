// Requests to the lab, and the same request to every node: the balancer selects another node each time.

import { fetchTimed } from "../shared/clock.js";

const PATIENCE_MS = 5000;
const TURNS = 5; // attempts per node, because other clients send requests too
const OUT_OF_STEP_MS = 20; // random delay: two clients in step would always reach the same node

/** The answer and its node, or null without an answer. No cookie is sent, except with AS_MYSELF. */
export async function ask(path, { credentials = "omit", ...options } = {}) {
  try {
    const response = await fetchTimed(path, { credentials, ...options, signal: AbortSignal.timeout(PATIENCE_MS) });
    const node = response.headers.get("X-Node") ?? "?";
    document.dispatchEvent(new CustomEvent("answered", { detail: { node } }));
    const trace = JSON.parse(response.headers.get("X-Lab-Trace") ?? "[]");
    return { node, status: response.status, ok: response.ok, body: await response.json().catch(() => ({})), trace };
  } catch {
    return null;
  }
}

export function send(method, path, fields, options = {}) {
  const headers = { "Content-Type": "application/json" };
  return ask(path, { method, headers, body: JSON.stringify(fields), ...options });
}

/** The names of the running nodes, from the supervisor; null if it does not answer. */
export async function runningNodes() {
  const state = await ask("/lab/state");
  const running = state?.body.nodes?.filter((node) => node.state === "running");
  return running?.map((node) => node.name) ?? null;
}

/** Repeat a request until each of these nodes has answered. Return the answers by node. */
export async function everyNode(names, question) {
  const answers = new Map();
  for (let turn = 0; turn < TURNS * Math.max(names.length, 1); turn++) {
    const answer = await question();
    const again = answers.has(answer?.node);
    if (answer !== null) answers.set(answer.node, answer);
    if (answers.size > 0 && names.every((name) => answers.has(name))) break;
    if (again) await pause(Math.random() * OUT_OF_STEP_MS);
  }
  return answers;
}

export function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
