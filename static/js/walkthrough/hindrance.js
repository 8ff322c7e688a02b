// What kept a step from being as claimed: what the browser brought, or what the lab answered.

import { cookiesBrought, whoIs } from "../shared/exchange.js";

// Done again as it is, such a step may succeed; after everything else the walk needs a login of its own again.
const PASSING = ["silent", "broken", "limited"];

/** Whether the login that a walk has made is over, or is not this browser's any more. */
export function isOver(hindrance) {
  return Boolean(hindrance) && !PASSING.includes(hindrance.kind);
}

/** Say what kept these answers from being as claimed: {kind, approach, member}; null if nothing did. */
export async function hindranceOf(step, before, answers, asClaimed) {
  const strange = step.who === "browser" && !step.request.path.endsWith("/login") ? strangeCookie(step.request, before, answers) : null;
  if (strange !== null) return { kind: strange, approach: step.approach, member: await whoIs(step.approach) };
  return asClaimed ? null : { kind: kindOf(answers) };
}

/**
 * Whether the browser has brought another cookie than this walk's, or has none any more: all tabs share one jar.
 * Then even an answer as claimed says nothing of this walk's login.
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
