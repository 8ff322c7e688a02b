// What a cell shows of its answer: the member, the returned tokens, and the server's steps.

import { make, microseconds, language, say } from "../shared/words.js";
import { otherwise } from "./requests.js";
import { secondsLeft, shortId } from "./tokens.js";

export function put(cell, name, text) {
  part(cell, name).textContent = text;
}

export function clear(cell) {
  delete cell.dataset.verdict;
  part(cell, "outcome").replaceChildren();
  for (const place of cell.querySelectorAll("[data-sent], [data-back], [data-anew], [data-place]")) place.replaceChildren("–");
}

export function draw(cell, tokens, answer, brought) {
  cell.dataset.verdict = answer.status === 200 ? "let-in" : "refused";
  part(cell, "outcome").replaceChildren(headline(answer), make("p", "", say(`why.${cell.dataset.state}`)));
  for (const row of cell.querySelectorAll("[data-kind]")) drawToken(row, tokens[row.dataset.kind], brought);
  for (const where of ["db", "store"]) drawTouched(cell.querySelector(`[data-place="${where}"]`), answer.trace);
  cell.querySelector("[data-place=inside]").replaceChildren(steps(answer.trace));
}

/** Show the tokens of the log-in that follows a refusal. */
export function drawAnew(cell, tokens) {
  for (const row of cell.querySelectorAll("[data-kind]")) {
    const token = tokens[row.dataset.kind];
    fill(row.querySelector("[data-anew]"), token, added(token));
  }
  part(cell, "outcome").append(make("p", "headline let-in", `✓ ${say("anew", { status: 200 })}`));
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
  fill(row.querySelector("[data-back]"), back, back ? added(back) : nothing);
}

function added(token) {
  return make("strong", "", "+ ", make("code", "", shortId(token)));
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

/** Format seconds in the largest suitable unit. */
function spoken(seconds) {
  const [unit, size] = [["day", 86_400], ["minute", 60], ["second", 1]].find(([, of]) => seconds >= of);
  return new Intl.NumberFormat(language, { style: "unit", unit, unitDisplay: "short" }).format(Math.round(seconds / size));
}

function drawTouched(place, trace) {
  const taken = trace.filter(({ part: of }) => of === place.dataset.place);
  const time = microseconds(taken.reduce((sum, { duration_us }) => sum + duration_us, 0));
  place.textContent = taken.length === 0 ? say("untouched") : say("touched", { count: taken.length, time });
  place.dataset.count = taken.length;
}

/** Every step of the server, in order. */
function steps(trace) {
  const list = trace.map(({ part: of, what, duration_us }) => make("li", "", make("code", "", say(`step.${of}`, { what })), ` ${microseconds(duration_us)}`));
  return make("details", "", make("summary", "", say("count", { count: trace.length })), make("ol", "inside", ...list));
}

function part(cell, name) {
  return cell.querySelector(`[data-${name}]`);
}
