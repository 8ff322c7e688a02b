// The tables: what is stored in each place, and the results of the attacks.

import { shortened } from "../shared/secret.js";
import { make, say } from "../shared/words.js";
import { held, isCookie, PLACES } from "./places.js";

const COLUMNS = ["reload", "tab", "read", "used", "sent"];
const SIGN = { yes: "✓", no: "✕", caught: "✓", untried: "◷" };

/** Show what each place stores. `owners`: the member that the server recognizes by the cookies. */
export function drawHoldings(owners) {
  document.querySelector("[data-holdings]").replaceChildren(...PLACES.map((place) => {
    const row = heading(place);
    const path = `/${place === "session" ? "session" : "token"}`;
    row.append(labelled("holds", ...holding(place, owners[place])), labelled("how", say(`sent.${place}`, { path })));
    return row;
  }));
}

function holding(place, owner) {
  if (isCookie(place)) return [owner ? say("holds.cookie", { member: owner }) : say("holds.cookie_nobody")];
  return held(place) === null ? [say("holds.nothing")] : shortened(held(place).access_token);
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
  const place = labelled(column, [SIGN[given], say(`answer.${given}`)].join(" ").trim());
  place.dataset.column = column;
  place.dataset.answer = given;
  return place;
}

function labelled(column, ...children) {
  const place = make("td", "", make("div", "", ...children));
  place.dataset.label = say(`column.${column}`);
  return place;
}
