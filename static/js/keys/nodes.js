// Questions to the lab, and the same question to every node: the balancer leads to another one each time.

import { fetchTimed } from "../shared/clock.js";

const PATIENCE_MS = 5000;
const TURNS = 5; // so often a node may be missed, for others ask as well
const OUT_OF_STEP_MS = 20; // two who take turns in step would meet the same node for ever

/** What was answered and by which node, or null if nobody did. No cookie comes along but where the page asks as itself. */
export async function ask(path, { credentials = "omit", ...options } = {}) {
  try {
    const response = await fetchTimed(path, { credentials, ...options, signal: AbortSignal.timeout(PATIENCE_MS) });
    const node = response.headers.get("X-Node") ?? "?";
    document.dispatchEvent(new CustomEvent("answered", { detail: { node } }));
    return { node, status: response.status, ok: response.ok, body: await response.json().catch(() => ({})) };
  } catch {
    return null;
  }
}

export function send(method, path, fields, options = {}) {
  const headers = { "Content-Type": "application/json" };
  return ask(path, { method, headers, body: JSON.stringify(fields), ...options });
}

/** The names of the nodes that run, as the supervisor says; null if it does not say. */
export async function runningNodes() {
  const state = await ask("/lab/state");
  const running = state?.body.nodes?.filter((node) => node.state === "running");
  return running?.map((node) => node.name) ?? null;
}

/** Put a question until each of these nodes has answered it; return its answers by node. */
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
