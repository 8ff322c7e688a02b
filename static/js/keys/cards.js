// A card for each token: its header with the kid marked, and each node's answer.

import { make, say } from "../shared/words.js";
import { verdict, wordOf } from "./tokens.js";

const SAID_BY = { in: "in", refused: "out", expired: "out", broken: "broken" };
const SIGN = { in: "✓", refused: "✕", expired: "✕" };

export function name(token) {
  return say("token", { number: token.number });
}

/** "✓", "✕" or "◷" for a token's state. */
export function sign(token) {
  return (token.settled && SIGN[verdict(token)]) || "◷";
}

export function drawCards(place, tokens) {
  place.replaceChildren(...tokens.map(card));
}

function card(token) {
  const box = make("li", "card", make("h3", "", name(token), " ", make("span", "small soft", say("as", token))), header(token), verdictLine(token));
  box.dataset.kid = token.header.kid;
  box.dataset.verdict = token.settled ? verdict(token) : "waiting";
  const nodes = [...token.answers].sort(([one], [other]) => one.localeCompare(other, "en", { numeric: true }));
  box.append(lookUp(token));
  box.append(make("ul", "by-node small", ...nodes.map(([node, answer]) => make("li", "", saidBy(node, answer)))));
  return box;
}

function header({ header: fields }) {
  const pairs = Object.entries(fields).map(([key, value]) => make(key === "kid" ? "mark" : "span", "", `${JSON.stringify(key)}:${JSON.stringify(value)}`));
  return make("p", "wire header-part", "{", ...pairs.flatMap((pair, place) => (place === 0 ? [pair] : [",", make("wbr"), pair])), "}");
}

function verdictLine(token) {
  const { word, values } = outcome(token);
  return make("p", { in: "let-in", refused: "shut", expired: "shut" }[word] ?? "waiting", say(`verdict.${word}`, values));
}

function outcome(token) {
  const word = verdict(token);
  const nodes = [...token.answers.keys()].sort().join(", ");
  const first = [...token.answers.values()][0];
  const values = { nodes, status: first?.status, code: first?.body.code ?? "" };
  if (token.settled) return { word, values };
  if (token.answers.size === 0) return { word: "asking", values };
  return { word: word === "mixed" ? "mixed" : "stale", values };
}

/** What a node's trace says of the look-up of the key. */
function lookUp(token) {
  const [first] = token.answers.values();
  const line = make("p", "wire small", first?.trace.find(({ part }) => part === "verify")?.what ?? "");
  line.dataset.lookUp = "";
  return line;
}

function saidBy(node, answer) {
  return say(`said_by.${SAID_BY[wordOf(answer)]}`, { node, status: answer.status, code: answer.body.code ?? "" });
}
