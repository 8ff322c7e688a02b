// Orders to the lab, and the instructor code that opens them on a network.

import { say } from "../words.js";

const PATIENCE_MS = 8000;
const section = document.getElementById("processes");
const result = section.querySelector("[data-order-result]");
const codeForm = section.querySelector("[data-code-form]");

export function mayPress() {
  return section.dataset.mayPress === "true";
}

/** Give an order and say what became of it; return whether it was carried out. */
export async function send(method, path, body, name) {
  const headers = body === undefined ? {} : { "Content-Type": "application/json" };
  try {
    const response = await fetch(path, { method, body: JSON.stringify(body), headers, signal: AbortSignal.timeout(PATIENCE_MS) });
    const said = response.status === 204 ? {} : await response.json();
    result.classList.toggle("refused", !response.ok);
    result.textContent = response.ok ? say("order.done", { order: name }) : [said.title, said.detail].filter(Boolean).join(". ");
    if (["code_needed", "wrong_code"].includes(said.code)) close();
    return response.ok;
  } catch {
    result.classList.add("refused");
    result.textContent = say("order.failed", { order: name });
    return false;
  }
}

/** Open the controls when the code is handed in. */
export function watchCode() {
  codeForm.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (await send("POST", "/lab/code", { code: codeForm.elements.code.value }, say("login"))) open();
  });
}

/** Find out whether this browser handed in the code on an earlier visit. */
export async function recall() {
  if (mayPress()) return;
  const response = await fetch("/lab/code").catch(() => null);
  if (response?.ok && (await response.json()).may_press) open();
}

function open() {
  section.dataset.mayPress = "true";
  codeForm.hidden = true;
  section.querySelector("[data-looking-only]")?.remove();
}

function close() {
  section.dataset.mayPress = "false";
  codeForm.hidden = false;
}
