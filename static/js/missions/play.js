// One mission: a try is begun, the visitor works elsewhere, and the lab judges.

import { say } from "../shared/words.js";
import { keep, kept } from "./kept.js";

const find = (name) => document.querySelector(`[data-${name}]`);
const name = find("play").dataset.play;
const verdict = find("verdict");

/** Send a request of this mission. Return `{status, body}`, or null if no answer comes. */
async function send(path, fields) {
  const options = { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(fields) };
  const response = await fetch(`/missions/${name}/${path}`, options).catch(() => null);
  return response && { status: response.status, body: await response.json().catch(() => ({})) };
}

function tell(text, kind = "") {
  verdict.textContent = text;
  verdict.dataset.kind = kind;
}

/** Show why a request was refused. */
function complain(answer) {
  const why = answer && [answer.body.title, answer.body.detail].filter(Boolean).join(". ");
  tell(why || say("no_answer"), "refused");
}

async function begin() {
  const answer = await send("trials", {});
  if (answer?.status !== 201) return complain(answer);
  const { trial, given } = answer.body;
  const isKept = keep((now) => {
    now.tries[name] = { trial, given };
  });
  find("answers").reset();
  tell(isKept ? "" : say("not_kept"));
  open(trial, given);
  find("values").focus();
}

/** Show the try. From now on checking is the page's main action. */
function open(trial, given) {
  find("play").dataset.trial = trial;
  find("values").replaceChildren(...Object.entries({ LAB: location.origin, ...given }).flatMap(line));
  find("before").hidden = true;
  find("given").hidden = false;
  find("begin").removeAttribute("data-primary");
  find("check").setAttribute("data-primary", "");
}

/** One given value as a line for a shell; an address of the lab is also a link. */
function line([key, value]) {
  const text = value.replace("$LAB", location.origin);
  if (!value.startsWith("$LAB/")) return [`${key}="${text}"\n`];
  const link = document.createElement("a");
  Object.assign(link, { href: text, textContent: text, target: "_blank", rel: "noreferrer" });
  return [`${key}="`, link, '"\n'];
}

async function check(event) {
  event.preventDefault();
  const answer = await send(`trials/${find("play").dataset.trial}/check`, Object.fromEntries(new FormData(find("answers"))));
  if (answer?.status !== 200) return complain(answer);
  const { solved, says } = answer.body;
  tell(`${say(solved ? "solved" : "not_yet")} ${says}`, solved ? "let-in" : "waiting");
  if (!solved) return;
  const isKept = keep((now) => {
    now.solved = [...new Set([...now.solved, name])];
  });
  if (!isKept) find("mark").textContent = say("not_kept");
  show();
}

function show() {
  const isSolved = kept().solved.includes(name);
  if (isSolved) find("mark").textContent = say("mark");
  if (find("after")) find("after").hidden = !isSolved;
}

find("begin").addEventListener("click", begin);
find("again").addEventListener("click", begin);
find("answers").addEventListener("submit", check);
find("begin").disabled = false;
const before = kept().tries[name];
if (typeof before?.trial === "string" && before.given instanceof Object) open(before.trial, before.given);
show();
