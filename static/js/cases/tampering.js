// Change one character of a signature: of each token, in each of the four states, with the other token unchanged.

import { make, number, say } from "../shared/words.js";
import { tokensIn } from "./board.js";
import { broughtBy, otherwise, present } from "./requests.js";
import { tampered } from "./tokens.js";

const section = document.querySelector("[data-tampering]");
const rows = [...section.querySelectorAll("[data-tampered-state]")];

export async function tryAll(carrier) {
  section.querySelector("table").hidden = false;
  await Promise.all(rows.map((row) => tryRow(row, carrier)));
  const answers = [...section.querySelectorAll("[data-code]")];
  section.querySelector("[data-tampering-said]").textContent = say("tampered", { refused: answers.length, all: 2 * rows.length });
}

async function tryRow(row, carrier) {
  const cells = [...row.querySelectorAll("[data-tampered]")];
  for (const cell of cells) show(cell, "soft", `◷ ${say("logging_in")}`);
  try {
    const wait = (left) => cells.forEach((cell) => show(cell, "soft", `◷ ${say("waiting", { seconds: number(left, 1) })}`));
    const tokens = await tokensIn(row.dataset.tamperedState, wait);
    for (const cell of cells) await tryOne(cell, tokens, carrier);
  } catch (error) {
    for (const cell of cells) show(cell, "shut", otherwise(error));
  }
}

async function tryOne(cell, tokens, carrier) {
  const which = cell.dataset.tampered;
  const answer = await present({ ...tokens, [which]: tampered(tokens[which]) }, carrier);
  const { access, refresh } = broughtBy(answer);
  if (answer.status !== 401) return show(cell, "let-in", `✓ ${answer.status}`);
  show(cell, "shut", `✕ 401 ${answer.body.code}`);
  if (access === null && refresh === null) cell.dataset.code = answer.body.code;
  return undefined;
}

function show(cell, className, text) {
  delete cell.dataset.code;
  cell.replaceChildren(make("div", className, text));
}
