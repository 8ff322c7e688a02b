// The comparison page: its buttons, and one action at a time through each approach in turn.

import { labelOf, withLogins } from "../shared/approaches.js";
import { steps } from "../shared/trace.js";
import { make, say } from "../shared/words.js";
import { Member } from "../shared/member.js";
import { ACTIONS, hindrance, isSent } from "./actions.js";
import { clearCopied, showCopied } from "./copied.js";
import { findingOf, verdictOf } from "./finding.js";
import { TIMES, clearRepeated, hear, repeat } from "./repeat.js";
import { addRow, clear, drawTotals } from "./table.js";

const cast = JSON.parse(document.getElementById("cast").textContent);
const buttons = [...document.querySelectorAll("[data-action]")]; // in the order of the story
const part = (name) => document.querySelector(`[data-${name}]`);
let member = draw();
let busy = false;
let last = -1; // the place in the story of the last action

/** A random load member. */
function draw() {
  const username = `load-${String(1 + Math.floor(Math.random() * cast.members)).padStart(4, "0")}`;
  part("username").textContent = username;
  return new Member(username, cast.password);
}

async function press(button) {
  const name = button.dataset.action;
  if (busy || hindrance(name, member) !== null) return;
  setBusy(true);
  if (name === "log-in" && member.role !== "user") await member.setRole("user"); // so that a later change is visible
  const before = (await ACTIONS[name].before?.(member)) ?? null;
  if (before === null || before.ok) await act(name, before);
  else part("status").replaceChildren(make("span", "shut", `✕ ${say("role_failed")} ${before.said}`));
  last = buttons.indexOf(button);
  setBusy(false);
  if (name === "log-in" || name === "log-out") document.dispatchEvent(new Event("login-changed"));
}

async function act(name, before) {
  part("to-come").hidden = true;
  const row = addRow(titleOf(name));
  const cells = [];
  for (const approach of withLogins) {
    row.sending(approach);
    part("status").textContent = `◷ ${say("sending", { approach: labelOf(approach) })}`;
    const exchanges = isSent(name, member, approach) ? await ACTIONS[name].run(member, approach) : [];
    const verdict = verdictOf(exchanges);
    hear(row.fill(approach, exchanges, verdict === "let_in" && !ACTIONS[name].opens ? "done" : verdict));
    showCopied(name, approach, exchanges, member);
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

async function repeatReads() {
  if (busy || !member.has("now")) return;
  setBusy(true);
  await repeat(member, (round) => { part("status").textContent = `◷ ${say("repeat.progress", { round, times: TIMES })}`; });
  part("status").textContent = "";
  setBusy(false);
}

/** Log out everywhere, restore the role, and start with another member. */
async function reset() {
  if (busy) return;
  setBusy(true);
  for (const approach of withLogins) {
    if (member.login(approach).now !== null) await member.logOut(approach);
  }
  if (member.role === "admin") await member.setRole("user");
  empty();
  member = draw();
  last = -1;
  part("status").textContent = say("cleared");
  setBusy(false);
  document.dispatchEvent(new Event("login-changed"));
}

/** Show what will come, in place of what has been. */
function empty() {
  clear();
  clearCopied();
  clearRepeated();
  part("to-come").hidden = false;
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
    if (reason !== null) reasons.set(reason, [...(reasons.get(reason) ?? []), button.textContent.trim()]);
  }
  part("repeat").setAttribute("aria-disabled", String(busy || !member.has("now")));
  markNext();
  part("reasons").replaceChildren(...[...reasons].map(([reason, names]) => make("li", "", say(`reason.${reason}`, { actions: names.join(" · ") }))));
  part("role-button").textContent = say(member.role === "admin" ? "demote" : "promote");
}

/** The one primary button is the next action of the story that is possible; after the last one, a new start. */
function markNext() {
  const next = buttons.find((button, place) => place > last && hindrance(button.dataset.action, member) === null) ?? part("reset");
  for (const button of [...buttons, part("reset")]) {
    button.classList.toggle("primary", button === next);
    button.toggleAttribute("data-primary", button === next);
  }
}

for (const button of buttons) button.addEventListener("click", () => press(button));
part("reset").addEventListener("click", reset);
part("repeat").addEventListener("click", repeatReads);
addEventListener("pagehide", () => { if (member.role === "admin") member.setRole("user"); });
drawTotals();
clearRepeated();
showButtons();
