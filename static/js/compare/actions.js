// The actions. An action sends its requests through one approach and returns them, the deciding one last.

import { isInOneNode } from "../shared/approaches.js";
import { changed } from "../shared/member.js";

const MOST_TURNS = 6; // attempts to reach another node, while other visitors send requests too
const MOST_LOGINS = 3; // the same for a log-in, which costs more

/**
 * By name: what a login must have (`needs`: "now", "old" or "other"), whether the answer is a protected page or an
 * action (`opens`), and whether it is also sent for approaches without the needed login (`anyway`).
 */
export const ACTIONS = {
  "log-in": { run: async (member, approach) => [await member.logIn(approach)] },
  open: { opens: true, anyway: true, needs: "now", run: (member, approach) => ask(member, approach, "GET", "profile") },
  notes: { opens: true, needs: "now", run: (member, approach) => ask(member, approach, "GET", "notes") },
  "next-node": { opens: true, needs: "now", run: untilAnotherNode },
  changed: { opens: true, needs: "now", run: async (member, approach) => [await member.askAsOther(approach, changed(member.login(approach).now), "profile")] },
  renew: { needs: "now", run: async (member, approach) => [await member.renew(approach)] },
  role: { opens: true, needs: "now", before: changeRole, run: (member, approach) => ask(member, approach, "GET", "admin") },
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

/** Ask as this browser. If the access token is refused as expired, renew it and ask again, as every client does. */
export async function ask(member, approach, method, path, how) {
  const asked = await member.ask(approach, method, path, how);
  if (asked.answer?.body.code !== "expired_token" || !member.login(approach).now?.refresh_token) return [asked];
  const renewed = await member.renew(approach);
  if (renewed.answer?.status !== 200) return [asked, renewed];
  return [asked, renewed, await member.ask(approach, method, path, how)];
}

async function untilAnotherNode(member, approach) {
  const exchanges = [];
  const { home } = member.login(approach);
  for (let turn = 0; turn < MOST_TURNS; turn += 1) {
    exchanges.push(...(await ask(member, approach, "GET", "profile", { turns: true })));
    const { answer } = exchanges.at(-1);
    if (answer === null || answer.status >= 500 || answer.node !== home) break;
  }
  return exchanges;
}

function changeRole(member) {
  return member.setRole(member.role === "admin" ? "user" : "admin");
}

/** Log in as another client. Where one node has the login, on another node, so that each press shows the same. */
async function logInElsewhere(member, approach) {
  const login = member.login(approach);
  const exchanges = [];
  const isAtHome = () => isInOneNode(approach) && exchanges.at(-1).answer?.node === login.home;
  do exchanges.push(await member.logInAsOther(approach)); while (isAtHome() && exchanges.length < MOST_LOGINS);
  const { answer } = exchanges.at(-1);
  if (answer?.status !== 200) return exchanges;
  const asked = await member.askAsOther(approach, login.other, "logins");
  login.otherHome = answer.node;
  login.otherId = asked.answer?.body.logins?.find(({ current }) => current)?.id ?? null;
  return [...exchanges, asked];
}

/** End the other login, then ask with its credential: the last but one answer is that to the request to end it. */
async function endOther(member, approach) {
  const { other, otherId } = member.login(approach);
  const ended = await ask(member, approach, "DELETE", `logins/${otherId}`);
  const { answer } = ended.at(-1);
  if (answer === null || answer.status >= 500) return ended;
  return [...ended, await member.askAsOther(approach, other, "profile")];
}
