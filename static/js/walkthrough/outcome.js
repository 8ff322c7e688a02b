// A step's result in a sentence, and how to continue after an unexpected result.

import { make, say } from "../shared/words.js";
import { isOver } from "./hindrance.js";
import { drawSaid } from "./prediction.js";

/** Show the result of the step at `index`. */
export function drawOutcome(place, walk, index) {
  const result = walk.results[index];
  delete place.dataset.verdict;
  if (!result) return place.replaceChildren(...(walk.isReady(index) ? [] : [make("p", "soft", say("needs"))]));
  place.dataset.verdict = verdict(result);
  place.replaceChildren(...said(walk.story.steps[index], result, walk.anewFrom(index) + 1), ...drawSaid(walk, index));
  if (result.redoneFrom) place.append(make("p", "small soft", say("redone", { from: result.redoneFrom })));
  return undefined;
}

function verdict({ answers, asClaimed }) {
  if (!asClaimed) return "wrong";
  return answers.length > 0 && answers[0].status >= 400 ? "refused" : "let-in";
}

function said(step, { answers, asClaimed, hindrance, said: act, count }, from) {
  const acted = act ? [make("p", "", "✓ ", say(`acted.${act}`, count))] : [];
  if (step.act && !step.request) return acted;
  if (answers.length === 0) return [make("p", "failed", "✕ ", say("unreachable"))];
  return asClaimed ? [...claimed(step, answers), ...acted] : otherwise(answers, hindrance, from);
}

function claimed({ look, approach }, answers) {
  const kind = answers[0].status < 400 ? "let-in" : "wanted"; // the lesson wants this refusal
  return [...answers.map((answer) => make("p", kind, sentence(answer, approach !== null))), make("p", "small soft", say(look ? "looked" : "as_claimed"))];
}

/** Show the unexpected answer, its reason, and how to continue: the button repeats all steps from `from` on. */
function otherwise(answers, { kind, approach, member }, from) {
  const why = kind === "another" && !member ? "another_unknown" : kind;
  const goOn = isOver({ kind }) ? "anew" : kind;
  return [
    make("p", "failed", "✕ ", say(`why.${why}`, { approach, member })),
    make("p", "shut", say("lab_said", { said: whatCame(answers) })),
    make("p", "", say(`go_on.${goOn}`, { from })),
  ];
}

function whatCame(answers) {
  const { status, body } = answers.findLast((answer) => answer.status >= 400) ?? answers[0];
  const said = [body.title, body.detail, body.code ?? body.member?.username].filter(Boolean);
  return `${status} ${said.map((text) => text.replace(/\.$/, "")).join(". ")}`;
}

function sentence({ status, body, node }, isLetIn) {
  if (status >= 400) return `✕ ${say("refused", { status, node, code: body.code })}`;
  return body.member && isLetIn ? `✓ ${say("let_in", { status, node, member: body.member.username })}` : `✓ ${say("done", { status, node })}`;
}
