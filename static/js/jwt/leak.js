// What a token would reveal with more claims, and the lab's answer to that.

import { encodeText } from "../shared/token.js";
import { say } from "../shared/words.js";
import { askForClaims } from "./asking.js";

const section = document.querySelector("[data-leak]");
const choices = [...section.querySelectorAll("[data-claim-choice]")];
const answer = section.querySelector("[data-leak-answer]");
const HARMLESS = { sub: "alice", role: "user" };
let asked = 0;

function chosen() {
  return choices.filter((choice) => choice.checked).map((choice) => [choice.name, choice.value]);
}

function show() {
  const text = JSON.stringify({ ...HARMLESS, ...Object.fromEntries(chosen()) });
  section.querySelector("[data-leak-encoded]").textContent = encodeText(text);
  const read = section.querySelector("[data-leak-read]");
  read.replaceChildren("{");
  for (const [place, [name, value]] of Object.entries({ ...HARMLESS, ...Object.fromEntries(chosen()) }).entries()) {
    const pair = document.createElement(name in HARMLESS ? "span" : "mark");
    pair.textContent = `${JSON.stringify(name)}:${JSON.stringify(value)}`;
    read.append(place === 0 ? "" : ",", pair);
  }
  read.append("}");
  section.querySelector("[data-leak-said]").textContent = say(chosen().length ? "leak.told" : "leak.nothing");
}

async function askLab() {
  const turn = ++asked;
  const reply = await askForClaims(chosen().map(([name]) => name));
  if (turn !== asked) return; // the choice has changed meanwhile
  const outcome = reply?.status !== 200 ? "silent" : reply.body.issued ? "issued" : "refused";
  answer.textContent = say(`leak.${outcome}`, { says: reply?.body.says ?? "" });
  answer.dataset.outcome = outcome;
}

export function startLeak() {
  for (const choice of choices) choice.addEventListener("change", () => (show(), askLab()));
  show();
}
