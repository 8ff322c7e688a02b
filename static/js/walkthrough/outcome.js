// A step's result in a sentence, and how to continue after an unexpected result.

import { make, say } from "../shared/words.js";
import { effectOf, signOf } from "./effect.js";
import { isOver } from "./hindrance.js";
import { drawSaid } from "./prediction.js";

const SESSION_KEY = /session:[\w-]{20,}/;

/** Show the result of the step at `index`. */
export function drawOutcome(place, walk, index) {
  const result = walk.results[index];
  delete place.dataset.verdict;
  if (!result) return place.replaceChildren(...(walk.isReady(index) ? [] : [make("p", "soft", say("needs"))]));
  place.dataset.verdict = verdict(result);
  place.replaceChildren(...said(walk.story.steps[index], result, walk.anewFrom(index) + 1), ...compareSaid(walk, index));
  if (beginsWithKey(walk, index)) place.append(make("p", "small soft", say("store_key")));
  if (result.redoneFrom) place.append(make("p", "small soft", say("redone", { from: result.redoneFrom })));
  return undefined;
}

function verdict({ answers, asClaimed }) {
  if (!asClaimed) return "wrong";
  return answers.length > 0 && answers[0].status >= 400 ? "refused" : "let-in";
}

/** What was predicted, beside the answer. Without a prediction: that the result is as described. */
function compareSaid(walk, index) {
  const [{ look, request }, { asClaimed, answers }, said] = [walk.story.steps[index], walk.results[index], drawSaid(walk, index)];
  if (said.length > 0 || !asClaimed || answers.length === 0 || !(look || request)) return said;
  return [make("p", "small soft", say(look ? "looked" : "as_claimed"))];
}

/** Whether this is the first step at which a session's key in the store is seen: it is not the id in the cookie. */
function beginsWithKey({ results }, index) {
  return results[index].asClaimed && results.findIndex((result) => result && showsKey(result)) === index;
}

export function showsKey({ answers }) {
  return answers.some(({ trace }) => trace.some(({ what }) => SESSION_KEY.test(what)));
}

function said(step, { answers, asClaimed, hindrance, said: act, count }, from) {
  const acted = act ? [did(step, act, count)] : [];
  if (step.act && !step.request) return acted;
  if (answers.length === 0) return [make("p", "failed", "✕ ", say("unreachable"))];
  return asClaimed ? [...claimed(step, answers), ...acted] : otherwise(answers, hindrance, from);
}

/** A copy is an act that is bad for the member. */
function did({ plays }, said, count) {
  return said === "copied" ? make("p", "bad", "✕ ", say(`acted.copied_${plays}`)) : make("p", "", "✓ ", say(`acted.${said}`, count));
}

function claimed(step, answers) {
  return answers.map((answer) => {
    const effect = effectOf(step, answer.status, true);
    const bad = effect === "bad" ? ` · ${say(`bad.${step.plays}`)}` : "";
    return make("p", effect, `${signOf(effect)} ${sentence(answer, step.approach !== null)}${bad}`);
  });
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
  if (status >= 400) return say("refused", { status, node, code: body.code });
  return body.member && isLetIn ? say("let_in", { status, node, member: body.member.username }) : say("done", { status, node });
}
