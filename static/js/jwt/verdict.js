// The server's verdict on the present token. It is asked after every change, and only its newest answer is shown.

import { say } from "../shared/words.js";
import { showToken } from "./asking.js";

const PAUSE_MS = 250; // without a change before the server is asked: at most four requests a second

const find = (name) => document.querySelector(`[data-${name}]`);
let turn = 0;
let timer = null;

/** Ask about this token. `reason`: why it is refused if the server refuses it as invalid. */
export function ask(token, reason) {
  tell("waiting", "◷", say("asking"));
  const asked = turn;
  timer = setTimeout(async () => {
    const answer = await showToken(token);
    if (asked === turn) conclude(answer, reason);
  }, PAUSE_MS);
}

/** Show this verdict of the page itself. A question that is not answered yet is dropped. */
export function tell(verdict, sign, sentence) {
  turn++;
  clearTimeout(timer);
  detail(null);
  show(verdict, sign, sentence);
}

function conclude(answer, reason) {
  const why = { 200: "let_in", 401: answer?.body.code === "expired_token" ? "expired" : reason }[answer?.status];
  const [verdict, sign] = { 200: ["let-in", "✓"], 401: ["refused", "✕"] }[answer?.status] ?? ["unknown", "◷"];
  detail(answer, sign);
  show(verdict, `${sign} ${answer?.status ?? ""}`, say(`why.${why ?? (answer === null ? "silent" : "other")}`));
}

function show(verdict, status, why) {
  find("verdict").dataset.verdict = verdict;
  find("verdict-status").textContent = status;
  find("verdict-why").textContent = why;
}

function detail(answer, sign) {
  find("answer-status").textContent = answer === null ? "–" : `${sign} ${answer.status}`;
  find("answer-code").textContent = answer?.body.code ?? "–";
  find("answer-challenge").textContent = answer?.challenge ?? "–";
  find("answer-body").textContent = answer === null ? "–" : JSON.stringify(answer.body); // formatted again, so that Korean text is readable
}
