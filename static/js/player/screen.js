// One step on the screen.

import { drawDiagram } from "./diagram.js";
import { drawClients, drawServer } from "./holders.js";
import { shortened } from "./secret.js";
import { drawWire } from "./wire.js";
import { make, say } from "./words.js";

const part = (name) => document.querySelector(`[data-${name}]`);

/** Show a step of the walk as it stands. */
export function show(walk, index) {
  const { story } = walk;
  const [step, result] = [story.steps[index], walk.results[index]];
  part("player").dataset.step = step.id;
  part("position").textContent = say("position", { now: index + 1, all: story.steps.length });
  part("title").textContent = step.title;
  part("what").textContent = step.what;
  part("why").textContent = step.why;
  part("other-note").hidden = step.who !== "other" || Boolean(step.act);
  part("back").disabled = index === 0;
  showButtons(walk, index);
  showOutcome(walk, step, index);
  const done = story.steps.slice(0, index + 1).map((taken, at) => ({ step: taken, result: walk.results[at] })).filter(({ result: r }) => r);
  drawDiagram(part("diagram"), story.approach, done.map(({ step: taken, result: r }) => ({ step: taken, answer: r.answer })));
  const [before, now] = [result?.before ?? walk.before(index), result?.now ?? walk.before(index)];
  drawClients(part("clients"), before, now);
  drawServer(part("server"), before.server, now.server);
  if (result?.answer?.wire) drawWire(part("wire"), step.look_at, result.answer);
  else part("wire").replaceChildren(make("p", "soft", say(step.act ? "no_server" : "not_yet")));
}

/** Count a wait down. */
export function showTick(seconds) {
  part("outcome").replaceChildren(make("p", "countdown", "◷ ", say("waiting", { seconds: seconds.toFixed(1) })));
}

function showButtons(walk, index) {
  const [done, ready] = [walk.isDone(index), walk.isReady(index)];
  part("next").disabled = !done || index === walk.story.steps.length - 1;
  part("do").textContent = say(`button.${!ready ? "before" : done ? "again" : "do"}`);
  part("do").classList.toggle("primary", !done);
  part("next").classList.toggle("primary", done);
}

function showOutcome(walk, step, index) {
  const result = walk.results[index];
  const place = part("outcome");
  delete place.dataset.verdict;
  if (!result) return place.replaceChildren(...(walk.isReady(index) ? [] : [make("p", "soft", say("needs"))]));
  place.dataset.verdict = verdict(result);
  place.replaceChildren(...said(step, result), ...decodedParts(result));
  if (index === walk.story.steps.length - 1 && result.asClaimed) place.append(make("p", "soft", say("end")));
  return undefined;
}

function verdict({ answer, asClaimed }) {
  if (!asClaimed) return "wrong";
  return answer !== null && answer.status >= 400 ? "refused" : "let-in";
}

function said(step, { answer, asClaimed, said: act }) {
  if (act) return [make("p", "", "✓ ", say(act))];
  if (answer === null) return [make("p", "shut", "◷ ", say("unreachable"))];
  if (asClaimed) return [make("p", answer.status < 400 ? "let-in" : "shut", sentence(answer)), make("p", "small soft", say("as_claimed"))];
  const { title = "", detail = "", code = "" } = answer.body;
  return [
    make("p", "", "◷ ", say("otherwise")),
    make("p", "shut", `${answer.status} ${[title, detail, code].filter(Boolean).join(". ")}`),
    make("p", "", say(`go_on.${answer.status >= 500 ? "store" : answer.status === 401 ? "expired" : "other"}`)),
  ];
}

function sentence({ status, body, node }) {
  if (status >= 400) return `✕ ${say("refused", { status, node, code: body.code })}`;
  return body.member ? `✓ ${say("let_in", { status, node, member: body.member.username })}` : `✓ ${say("done", { status, node })}`;
}

function decodedParts({ decoded }) {
  if (!decoded) return [];
  return ["header", "payload"].map((name) => {
    const box = make("pre", `jwt-part ${name}`);
    box.append(...shortened(`${name} ${JSON.stringify(decoded[name], null, 2)}`));
    return box;
  });
}
