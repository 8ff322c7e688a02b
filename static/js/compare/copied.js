// What a copied credential is worth after its login has ended: the real answers, below what the facts promise.

import { claimsOf } from "../shared/member.js";
import { language, make, say } from "../shared/words.js";
import { verdictOf } from "./finding.js";

const SIGNS = { let_in: "✓", refused: "✕" };
const placeOf = (approach) => document.querySelector(`[data-copied="${approach}"] [data-tried]`);

/** Show the answer to a copy, if the action has sent one of a login that had ended. */
export function showCopied(action, approach, exchanges, member) {
  const verdict = verdictOf(exchanges);
  if (verdict in SIGNS && hadEnded(action, exchanges, member.login(approach))) show(action, approach, verdict, exchanges.at(-1));
}

export function clearCopied() {
  for (const place of document.querySelectorAll("[data-tried]")) place.replaceChildren();
}

function hadEnded(action, exchanges, login) {
  if (action === "replay") return login.now === null;
  return action === "end-other" && exchanges.at(-2)?.answer?.status < 400;
}

function show(action, approach, verdict, { answer, credential }) {
  const place = placeOf(approach);
  const line = make("li", verdict === "let_in" ? "let-in" : "shut", `${SIGNS[verdict]} ${answer.status} ${say(`tried.${action}`)}${ending(verdict, credential)}`);
  line.dataset.after = action;
  line.dataset.verdict = verdict;
  place.querySelector(`[data-after="${action}"]`)?.remove();
  place.append(line);
}

/** Until when a copy that is let in works. */
function ending(verdict, credential) {
  const { exp } = claimsOf(credential);
  return verdict === "let_in" && exp ? `, ${say("tried.until", { time: new Date(exp * 1000).toLocaleTimeString(language) })}` : "";
}
