// What a cell of the board shows of its answer: who was let in, which tokens came back, and what the server touched.

import { make, microseconds } from "../player/words.js";
import { language, say } from "../words.js";
import { otherwise } from "./door.js";
import { secondsLeft, shortId } from "./tokens.js";

export function put(cell, name, text) {
  part(cell, name).textContent = text;
}

export function clear(cell) {
  delete cell.dataset.verdict;
  part(cell, "outcome").replaceChildren();
  part(cell, "shown").hidden = true;
}

export function draw(cell, tokens, answer, brought) {
  cell.dataset.verdict = answer.status === 200 ? "let-in" : "refused";
  part(cell, "outcome").replaceChildren(headline(answer), make("p", "", say(`why.${cell.dataset.state}`)));
  for (const row of cell.querySelectorAll("[data-kind]")) drawToken(row, tokens[row.dataset.kind], brought);
  part(cell, "touched").replaceChildren(...touched("db", answer.trace), ...touched("store", answer.trace), ...steps(answer.trace));
  part(cell, "shown").hidden = false;
}

export function drawOtherwise(cell, error) {
  cell.dataset.verdict = "wrong";
  part(cell, "outcome").replaceChildren(make("p", "shut", otherwise(error)));
}

function headline({ status, body, node }) {
  if (status === 200) return make("p", "headline let-in", `✓ ${say("let_in", { status, node, member: body.member.username })}`);
  return make("p", "headline shut", `✕ ${say("refused", { status, node, code: body.code })}`);
}

function drawToken(row, sent, brought) {
  const { kind } = row.dataset;
  fill(row.querySelector("[data-sent]"), sent, make("code", "", shortId(sent)));
  const back = brought[kind];
  const nothing = make("span", "soft", say(brought.cleared.includes(kind) ? "cleared" : "nothing"));
  fill(row.querySelector("[data-back]"), back, back ? make("strong", "", "+ ", make("code", "", shortId(back))) : nothing);
}

function fill(cell, token, shown) {
  cell.dataset.id = token?.id ?? "";
  cell.replaceChildren(shown, ...(token ? [lifetime(token)] : []));
}

function lifetime(token) {
  const left = secondsLeft(token);
  if (left <= 0) return make("span", "small shut", `✕ ${say("expired")}`);
  return make("span", "small soft", `◷ ${say("left", { time: spoken(Math.ceil(left)) })}`);
}

/** Seconds in the largest unit that they fill. */
function spoken(seconds) {
  const [unit, size] = [["day", 86_400], ["minute", 60], ["second", 1]].find(([, of]) => seconds >= of);
  return new Intl.NumberFormat(language, { style: "unit", unit, unitDisplay: "short" }).format(Math.round(seconds / size));
}

function touched(where, trace) {
  const taken = trace.filter(({ part: of }) => of === where);
  const time = microseconds(taken.reduce((sum, { duration_us }) => sum + duration_us, 0));
  const said = make("dd", "", taken.length === 0 ? say("untouched") : say("touched", { count: taken.length, time }));
  said.dataset.where = where;
  said.dataset.count = taken.length;
  return [make("dt", "", say(`where.${where}`)), said];
}

/** Every step that the server took, in order. */
function steps(trace) {
  const list = trace.map(({ part: of, what, duration_us }) => make("li", "", make("code", "", say(`step.${of}`, { what })), ` ${microseconds(duration_us)}`));
  const opened = make("details", "", make("summary", "small", say("count", { count: trace.length })), make("ol", "inside", ...list));
  return [make("dt", "", say("inside")), make("dd", "", opened)];
}

function part(cell, name) {
  return cell.querySelector(`[data-${name}]`);
}
