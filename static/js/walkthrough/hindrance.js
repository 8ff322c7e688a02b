// Why a step's result was unexpected: because of the browser's cookies, or the lab's answer.

import { cookiesBrought, whoIs } from "../shared/exchange.js";

// After these reasons the step may succeed when repeated. After all others the walk needs a new login.
const PASSING = ["silent", "broken", "limited"];

/** Whether the walk's login has ended, or this browser now has another login. */
export function isOver(hindrance) {
  return Boolean(hindrance) && !PASSING.includes(hindrance.kind);
}

/** Return why these answers are unexpected: {kind, approach, member}; null if there is no reason. */
export async function hindranceOf(step, before, answers, asClaimed) {
  const strange = step.who === "browser" && !step.request.path.endsWith("/login") ? strangeCookie(step.request, before, answers) : null;
  if (strange !== null) return { kind: strange, approach: step.approach, member: await whoIs(step.approach) };
  return asClaimed ? null : { kind: kindOf(answers) };
}

/**
 * Whether the browser sent another cookie than this walk's, or none: all tabs share their cookies.
 * Then even an expected answer says nothing about this walk's login.
 */
function strangeCookie({ path }, { clients }, answers) {
  const held = Object.entries(clients.browser.cookies).filter(([, cookie]) => path.startsWith(pathOf(cookie)));
  const brought = answers.map(cookiesBrought).filter((cookies) => cookies !== null);
  for (const [name, { value }] of held) {
    if (brought.some((cookies) => !cookies.has(name))) return "gone";
    if (brought.some((cookies) => cookies.get(name) !== value)) return "another";
  }
  return null;
}

function pathOf({ attributes }) {
  return attributes.match(/(?:^|; )Path=([^;]*)/i)?.[1] ?? "/";
}

function kindOf(answers) {
  const status = (answers.findLast((answer) => answer.status >= 400) ?? answers[0])?.status;
  if (status === undefined) return "silent";
  if (status >= 500) return "broken";
  return { 401: "ended", 429: "limited" }[status] ?? "other";
}
