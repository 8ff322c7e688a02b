// The tables: what is stored in each place, and the results of the attacks.

import { shortened } from "../shared/secret.js";
import { make, microseconds, say } from "../shared/words.js";
import { isCookie, pathOf, PLACES, visible } from "./places.js";

const COLUMNS = ["reload", "tab", "read", "used", "sent"];
// What is good for the member: a login that stays, and one that neither a script nor another site gets.
const GOOD = { reload: ["yes"], tab: ["yes"], read: ["no"], used: ["no"], sent: ["no", "without"] };

/** Show what each place stores. `answers`: to a request with each place's login, by place; null without a login. */
export function drawHoldings(answers) {
  document.querySelector("[data-holdings]").replaceChildren(...PLACES.map((place) => {
    const row = heading(place);
    const how = say(`sent.${place}`, { path: pathOf(place) });
    row.append(labelled("holds", ...holding(place, answers[place])), labelled("how", how), labelled("look_up", lookUp(answers[place])));
    return row;
  }));
}

function holding(place, answer) {
  if (visible(place) !== null) return shortened(visible(place));
  if (!isCookie(place)) return [say("holds.nothing")];
  const member = answer?.body.member?.username;
  return [member ? say("holds.cookie", { member }) : say("holds.cookie_nobody")];
}

/** The store’s commands in this answer: their verbs, and their time. */
function lookUp(answer) {
  if (answer?.status !== 200) return "–";
  const steps = answer.trace.filter(({ part }) => part === "store");
  if (steps.length === 0) return say("look_up.none");
  const time = microseconds(steps.reduce((sum, { duration_us }) => sum + duration_us, 0));
  return say("look_up.some", { count: steps.length, what: steps.map(({ what }) => what.split(" ")[0]).join(", "), time });
}

/** Show the record behind the session that holds tokens: {record, tokens}; null if there is none. */
export function drawRecord(held) {
  const section = document.querySelector("[data-record]");
  section.hidden = held === null;
  if (held === null) return;
  const { name, fields, size_bytes } = held.record;
  const rows = [["name", name], ...["member_id", "role", "tokens"].map((field) => [field, fields[field]]), ...Object.entries(held.tokens).map(([kind, ends]) => [`→ ${kind}`, ends])];
  section.querySelector("dl").replaceChildren(...rows.flatMap(([field, value]) => [make("dt", "", make("code", "", field)), make("dd", "", ...shortened(String(value)))]));
  section.querySelector("[data-record-size]").textContent = say("record", { bytes: size_bytes });
}

/** Show the results for each login, and the conclusion. */
export function drawOutcomes(visit) {
  const outcomes = PLACES.map((place) => [place, visit?.of(place) ?? {}]);
  document.querySelector("[data-outcomes]").replaceChildren(...outcomes.map(([place, outcome]) => {
    const row = heading(place);
    row.append(...COLUMNS.map((column) => cell(column, answer(outcome, column))));
    return row;
  }));
  const verdicts = outcomes.map(([place, outcome]) => [place, verdict(outcome)]).filter(([, said]) => said !== "");
  const lines = verdicts.flatMap(([place, said]) => [make("dt", "", say(`place.${place}`)), make("dd", "", said)]);
  document.querySelector("[data-verdicts]").replaceChildren(...lines);
}

function answer(outcome, column) {
  if (column === "sent") return sent(outcome);
  if (outcome[column] === undefined) return "untried";
  if (column === "read" && outcome.caught) return "caught";
  return outcome[column] ? "yes" : "no";
}

function sent({ post, link }) {
  if (post === undefined || link === undefined) return "untried";
  if (post) return "yes";
  return link ? "link" : "no";
}

function verdict(outcome) {
  return [script(outcome), site(outcome), life(outcome)].filter(Boolean).map((key) => say(`verdict.${key}`)).join(" ");
}

function script({ read, caught, used, carried }) {
  if (read === undefined) return null;
  if (carried) return caught ? "caught" : "carried";
  return used ? "used" : "safe";
}

function site(outcome) {
  if (outcome.note) return "note";
  return { untried: null, yes: "sent", link: "link", no: "unsent" }[sent(outcome)];
}

function life({ reload, tab }) {
  if (reload === false) return "lost";
  if (tab === undefined) return null;
  return tab ? "everywhere" : "here";
}

function heading(place) {
  const head = make("th", "", say(`place.${place}`));
  head.scope = "row";
  const row = make("tr", "", head);
  row.dataset.place = place;
  return row;
}

function cell(column, given) {
  const words = given === "link" ? ["without", "with"] : [given];
  const said = given === "untried" ? [`◷ ${say("untried")}`] : words.map((word) => judged(GOOD[column].includes(word), say(`answer.${column}.${word}`)));
  const place = labelled(column, ...said);
  place.dataset.column = column;
  place.dataset.answer = given;
  return place;
}

/** Good or bad for the member: sign, word and hue. */
export function judged(isGood, ...text) {
  return make("span", isGood ? "good" : "bad", isGood ? "✓ " : "✕ ", ...text);
}

function labelled(column, ...children) {
  const place = make("td", "", make("div", "", ...children));
  place.dataset.label = say(`column.${column}`);
  return place;
}
