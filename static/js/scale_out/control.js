// Requests to the lab: read the state once a second, send commands, enter the instructor code.

import { shut, takeCode } from "../shared/instructor.js";
import { say } from "./words.js";

const POLL_MS = 1000;
const PATIENCE_MS = 3000;
const ORDER_PATIENCE_MS = 8000;

const controls = document.querySelector("main");
let commands = 0; // counted when one is sent and when it is answered

const resultOf = (element) => element.closest(".section").querySelector("[data-order-result]");

/** Poll the state. `show` gets it, or null and the seconds since the last answer; not a state from before a command. */
export async function poll(show) {
  let answeredAt = performance.now();
  for (;;) {
    const before = commands;
    try {
      const response = await fetch("/lab/state", { signal: AbortSignal.timeout(PATIENCE_MS) });
      if (!response.ok) throw new Error(String(response.status));
      const state = await response.json();
      if (before === commands) show(state, 0);
      answeredAt = performance.now();
    } catch {
      show(null, (performance.now() - answeredAt) / 1000);
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** Send a command. `pressed` is called when it is sent, `show` gets the resulting state. */
export function takeCommands(pressed, show) {
  controls.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-order]");
    if (button === null) return;
    const [method, path] = button.dataset.order.split(" ");
    pressed(button.dataset.name ?? button.textContent);
    const state = await send(method, path, button.dataset.body, button.dataset.name ?? button.textContent, resultOf(button));
    if (state !== null) show(state, 0);
  });
  const result = document.querySelector("#processes [data-order-result]");
  takeCode(async (code) => {
    if ((await send("POST", "/lab/code", JSON.stringify({ code }), say("login"), result)) === null) return false;
    result.textContent = say("order.opened");
    return true;
  });
}

async function send(method, path, body, name, result) {
  const headers = body === undefined ? {} : { "Content-Type": "application/json" };
  commands += 1;
  try {
    const response = await fetch(path, { method, body, headers, signal: AbortSignal.timeout(ORDER_PATIENCE_MS) });
    const said = response.status === 204 ? {} : await response.json();
    commands += 1;
    result.classList.toggle("refused", !response.ok);
    if (response.ok) {
      result.textContent = say("order.done", { order: name });
      return said;
    }
    result.textContent = [said.title, said.detail].filter(Boolean).join(". ");
    if (said.code === "code_needed" || said.code === "wrong_code") shut();
  } catch {
    result.classList.add("refused");
    result.textContent = say("order.failed", { order: name });
  }
  return null;
}
