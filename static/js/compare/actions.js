// The actions. An action sends its requests through one approach and returns them, the deciding one last.

import { changed } from "../shared/member.js";

const MOST_TURNS = 6; // attempts to reach another node, while other visitors send requests too

/**
 * By name: what a login must have (`needs`: "now", "old" or "other"), whether the answer is a protected page or an
 * action (`opens`), and whether it is also sent for approaches without the needed login (`anyway`).
 */
export const ACTIONS = {
  "log-in": { run: async (member, approach) => [await member.logIn(approach)] },
  open: { opens: true, anyway: true, needs: "now", run: async (member, approach) => [await member.ask(approach, "GET", "profile")] },
  notes: { opens: true, needs: "now", run: async (member, approach) => [await member.ask(approach, "GET", "notes")] },
  "next-node": { opens: true, needs: "now", run: untilAnotherNode },
  changed: { opens: true, needs: "now", run: async (member, approach) => [await member.askAsOther(approach, changed(member.login(approach).now), "profile")] },
  renew: { needs: "now", run: async (member, approach) => [await member.renew(approach)] },
  role: { opens: true, needs: "now", before: changeRole, run: async (member, approach) => [await member.ask(approach, "GET", "admin")] },
  elsewhere: { opens: true, needs: "now", run: logInElsewhere },
  "end-other": { opens: true, needs: "other", run: endOther },
  "log-out": { needs: "now", run: async (member, approach) => [await member.logOut(approach)] },
  replay: { opens: true, needs: "old", run: async (member, approach) => [await member.askAsOther(approach, member.login(approach).old, "profile")] },
};

/** Why an action is possible with no approach: the name of the reason, or null. */
export function hindrance(name, member) {
  const { needs, anyway } = ACTIONS[name];
  if (needs === undefined || (anyway && member.hasTried())) return null;
  if (needs !== "old" && !member.has("now")) return "now";
  return member.has(needs) ? null : needs;
}

/** Whether this approach's login has what the action needs. */
export function isSent(name, member, approach) {
  const { needs, anyway } = ACTIONS[name];
  const login = member.login(approach);
  if (needs === "other" && login.now === null) return false;
  return needs === undefined || anyway === true || login[needs] !== null;
}

async function untilAnotherNode(member, approach) {
  const exchanges = [];
  const { home } = member.login(approach);
  while (exchanges.length < MOST_TURNS) {
    exchanges.push(await member.ask(approach, "GET", "profile", { turns: true }));
    const { answer } = exchanges.at(-1);
    if (answer === null || answer.status >= 500 || answer.node !== home) break;
  }
  return exchanges;
}

function changeRole(member) {
  return member.setRole(member.role === "admin" ? "user" : "admin");
}

async function logInElsewhere(member, approach) {
  const loggedIn = await member.logInAsOther(approach);
  if (loggedIn.answer?.status !== 200) return [loggedIn];
  const login = member.login(approach);
  const asked = await member.askAsOther(approach, login.other, "logins");
  login.otherHome = loggedIn.answer.node;
  login.otherId = asked.answer?.body.logins?.find(({ current }) => current)?.id ?? null;
  return [loggedIn, asked];
}

async function endOther(member, approach) {
  const { other, otherId } = member.login(approach);
  const ended = await member.ask(approach, "DELETE", `logins/${otherId}`);
  if (ended.answer === null || ended.answer.status >= 500) return [ended];
  return [ended, await member.askAsOther(approach, other, "profile")];
}
