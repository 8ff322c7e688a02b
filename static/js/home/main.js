// The first minute: alice logs in behind both approaches, logs out, and a copy of each credential is sent again.

import { Member } from "../shared/member.js";
import { say } from "../shared/words.js";
import { showInPage } from "./in-page.js";
import { Lane } from "./lane.js";

const FIRST = "log-in";
const AFTER = { "log-in": "log-out", "log-out": "replay", replay: FIRST, late: FIRST };

const cast = JSON.parse(document.getElementById("cast").textContent);
const button = document.querySelector("[data-act]");
const caption = document.querySelector("[data-caption]");
const lanes = [...document.querySelectorAll("[data-lane]")].map((element) => new Lane(element, sendLate));
let member = null;
let next = FIRST;

/** Send the next act through one lane after the other, so that the eye can follow. An act that failed can be repeated. */
async function act() {
  if (button.getAttribute("aria-disabled") === "true") return;
  if (next === FIRST) begin();
  button.setAttribute("aria-disabled", "true");
  let isDone = true;
  for (const lane of lanes) {
    const did = await lane.send(next, member);
    isDone &&= did;
  }
  document.dispatchEvent(new Event("login-changed"));
  for (const lane of lanes) showInPage(lane.approach, member);
  button.setAttribute("aria-disabled", "false");
  if (isDone) goOn();
}

function begin() {
  member = new Member(cast.username, cast.password);
  for (const lane of lanes) lane.clear();
}

function goOn() {
  caption.textContent = say(`then.${next}`);
  next = AFTER[next];
  button.textContent = say(next === FIRST ? "again" : `act.${next}`);
  document.querySelector("[data-answer]").hidden = next !== FIRST;
}

/** The copy of the token has expired: let it be sent once more, so that one sees it refused. */
function sendLate() {
  if (next !== FIRST) return;
  next = "late";
  caption.textContent = say("then.expired");
  button.textContent = say("act.late");
}

button.addEventListener("click", act);
