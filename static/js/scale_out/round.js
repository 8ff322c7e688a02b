// Twenty requests: a mark for each, and a summary in words.

import { approaches, labelOf } from "../shared/approaches.js";
import { askWhoIAm, forgetLogin, isLoggedIn, logIn } from "./visitor.js";
import { say, sign, words } from "./words.js";

const REQUESTS = 20;
const PAUSE_MS = 25; // slow enough to watch

/** Send them through the selected port, and return the result in a few words. `loggedIn` is called after a log-in. */
export async function sendRound(approach, listener, logsIn, loggedIn) {
  const run = document.querySelector(`[data-run="${approach}"]`);
  const [marks, sentence] = [run.querySelector("[data-marks]"), run.querySelector("[data-sentence]")];
  run.hidden = false;
  marks.replaceChildren();
  sentence.textContent = say("sending");
  if (logsIn || !isLoggedIn(approach, listener)) {
    const failure = await logIn(approach, listener);
    loggedIn(approach);
    if (failure !== null) {
      sentence.textContent = say("login_failed", failure);
      return brief(approach, "failed");
    }
  }
  const answers = [];
  while (answers.length < REQUESTS) {
    const answer = await askWhoIAm(approach, listener);
    answers.push(answer);
    marks.append(mark(answer));
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
  sentence.textContent = explain(approach, listener, answers);
  if (answers.every(({ verdict }) => verdict === "refused")) {
    sentence.append(` ${say("again")}`);
    forgetLogin(approach);
  }
  return inBrief(approach, answers);
}

function inBrief(approach, answers) {
  const [known, broken, changed] = ["known", "broken", "changed"].map((which) => answers.filter(({ verdict }) => verdict === which).length);
  const counts = { known, broken, total: answers.length };
  if (changed > 0) return brief(approach, "changed");
  if (broken > 0) return brief(approach, "broken", counts);
  return brief(approach, known === answers.length ? "all" : known === 0 ? "none" : "some", counts);
}

/** The result, and the sign that goes with it. */
function brief(approach, result, counts = {}) {
  const verdict = { all: "known", some: "refused", none: "refused" }[result] ?? "broken";
  return { verdict, said: `${sign[verdict]} ${say(`round.${result}`, { approach: labelOf(approach), ...counts })}` };
}

function mark({ node, verdict }) {
  const item = document.createElement("li");
  item.dataset.verdict = verdict;
  const [symbol, by] = [document.createElement("span"), document.createElement("span")];
  symbol.textContent = sign[verdict];
  by.textContent = node === null ? "–" : node.replace(/^node-/, "");
  item.title = node ?? say("nobody");
  item.append(symbol, by);
  return item;
}

/** Show the numbers of this run, then the reason. */
function explain(approach, listener, answers) {
  if (answers.some(({ verdict }) => verdict === "changed")) return say("changed");
  const told = answers.filter(({ verdict }) => verdict !== "broken");
  const known = told.filter(({ verdict }) => verdict === "known");
  const counts = [...new Set(told.map(({ node }) => node))].sort().map((node) => {
    const here = told.filter((answer) => answer.node === node);
    return say("count", { node, known: here.filter((answer) => known.includes(answer)).length, total: here.length });
  });
  const broken = answers.length - told.length;
  if (broken > 0) counts.push(say("broken_count", { broken, total: answers.length }));
  const homes = [...new Set(known.map(({ node }) => node))].sort();
  return `${counts.join(", ")}. ${say(`kind.${kindOf(approach)}.${outcome(answers.length, told.length, known.length, listener)}`, { home: homes.join(", ") })}`;
}

function kindOf(approach) {
  const { kind } = approaches.get(approach);
  return kind in words.kind ? kind : "other";
}

function outcome(all, told, known, listener) {
  if (told < all) return "broken";
  if (known === 0) return "none";
  if (known < told) return "some";
  return listener === "sticky" ? "sticky" : "all";
}
