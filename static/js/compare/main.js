// The comparison page: its buttons, and one action at a time through each approach in turn.

import { labelOf, withLogins } from "../shared/approaches.js";
import { steps } from "../shared/trace.js";
import { make, say } from "../shared/words.js";
import { ACTIONS, hindrance, isSent } from "./actions.js";
import { findingOf, verdictOf } from "./finding.js";
import { Member } from "../shared/member.js";
import { addRow, clear, drawTotals } from "./table.js";

const cast = JSON.parse(document.getElementById("cast").textContent);
const buttons = [...document.querySelectorAll("[data-action]")];
const part = (name) => document.querySelector(`[data-${name}]`);
let member = draw();
let busy = false;

/** A random load member. */
function draw() {
  const username = `load-${String(1 + Math.floor(Math.random() * cast.members)).padStart(4, "0")}`;
  part("username").textContent = username;
  return new Member(username, cast.password);
}

async function press(name) {
  if (busy || hindrance(name, member) !== null) return;
  setBusy(true);
  if (name === "log-in" && member.role !== "user") await member.setRole("user"); // so that a later change is visible
  const before = (await ACTIONS[name].before?.(member)) ?? null;
  if (before === null || before.ok) await act(name, before);
  else part("status").replaceChildren(make("span", "shut", `✕ ${say("role_failed")} ${before.said}`));
  setBusy(false);
  if (name === "log-in" || name === "log-out") document.dispatchEvent(new Event("login-changed"));
}

async function act(name, before) {
  const row = addRow(titleOf(name));
  const cells = [];
  for (const approach of withLogins) {
    row.sending(approach);
    part("status").textContent = `◷ ${say("sending", { approach: labelOf(approach) })}`;
    const exchanges = isSent(name, member, approach) ? await ACTIONS[name].run(member, approach) : [];
    const verdict = verdictOf(exchanges);
    row.fill(approach, exchanges, verdict === "let_in" && !ACTIONS[name].opens ? "done" : verdict);
    cells.push({ approach, exchanges, verdict });
  }
  const finding = findingOf(name, cells, member, before);
  row.conclude(finding, name === "role" ? costOfChange(before) : null);
  part("status").replaceChildren(make("span", "unseen", finding.join(" ")));
}

function titleOf(name) {
  return name === "role" ? say(`title_role_${member.role}`) : buttons.find((button) => button.dataset.action === name).textContent.trim();
}

function costOfChange(answer) {
  return say("change_cost", { node: answer.node, commands: steps(answer, "store"), touches: steps(answer, "db") });
}

/** Log out everywhere, restore the role, and start with another member. */
async function reset() {
  if (busy) return;
  setBusy(true);
  for (const approach of withLogins) {
    if (member.login(approach).now !== null) await member.logOut(approach);
  }
  if (member.role === "admin") await member.setRole("user");
  clear();
  member = draw();
  part("status").textContent = say("cleared");
  setBusy(false);
  document.dispatchEvent(new Event("login-changed"));
}

function setBusy(on) {
  busy = on;
  part("controls").setAttribute("aria-busy", String(on));
  showButtons();
}

/** A disabled button keeps the focus, and says why it is disabled. */
function showButtons() {
  const reasons = new Map();
  for (const button of buttons) {
    const reason = hindrance(button.dataset.action, member);
    button.setAttribute("aria-disabled", String(busy || reason !== null));
    button.classList.toggle("primary", button.dataset.action === (member.has("now") ? "open" : "log-in"));
    if (reason !== null) reasons.set(reason, [...(reasons.get(reason) ?? []), button.textContent.trim()]);
  }
  part("reasons").replaceChildren(...[...reasons].map(([reason, names]) => make("li", "", say(`reason.${reason}`, { actions: names.join(" · ") }))));
  part("role-button").textContent = say(member.role === "admin" ? "demote" : "promote");
}

for (const button of buttons) button.addEventListener("click", () => press(button.dataset.action));
part("reset").addEventListener("click", reset);
addEventListener("pagehide", () => { if (member.role === "admin") member.setRole("user"); });
drawTotals();
showButtons();
