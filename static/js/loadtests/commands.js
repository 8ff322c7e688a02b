// Commands to the lab. What was refused is said; what was done is seen.

import { shut } from "../shared/instructor.js";
import { say } from "../shared/words.js";

const PATIENCE_MS = 8000;
const result = document.querySelector("[data-order-result]");

/** Send a command, and show a refusal. Return whether it was executed. */
export async function sendCommand(method, path, body, name) {
  const headers = body === undefined ? {} : { "Content-Type": "application/json" };
  try {
    const response = await fetch(path, { method, body: JSON.stringify(body), headers, signal: AbortSignal.timeout(PATIENCE_MS) });
    const said = response.status === 204 ? {} : await response.json();
    result.classList.toggle("refused", !response.ok);
    result.textContent = response.ok ? "" : [said.title, said.detail].filter(Boolean).join(". ");
    if (["code_needed", "wrong_code"].includes(said.code)) shut();
    return response.ok;
  } catch {
    result.classList.add("refused");
    result.textContent = say("order.failed", { order: name });
    return false;
  }
}
