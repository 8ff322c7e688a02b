// The first minute: alice logs in behind both approaches, logs out, and a copy of each credential is sent again.

import { Member } from "../shared/member.js";
import { say } from "../shared/words.js";
import { Lane } from "./lane.js";

const ACTS = ["log-in", "log-out", "replay"];

const cast = JSON.parse(document.getElementById("cast").textContent);
const button = document.querySelector("[data-act]");
const caption = document.querySelector("[data-caption]");
const lanes = [...document.querySelectorAll("[data-lane]")].map((element) => new Lane(element));
let member = null;
let next = 0;

/** Send the next act through one lane after the other, so that the eye can follow. An act that failed can be repeated. */
async function act() {
  if (button.getAttribute("aria-disabled") === "true") return;
  if (next === 0) begin();
  button.setAttribute("aria-disabled", "true");
  let isDone = true;
  for (const lane of lanes) {
    const did = await lane.send(ACTS[next], member);
    isDone &&= did;
  }
  document.dispatchEvent(new Event("login-changed"));
  button.setAttribute("aria-disabled", "false");
  if (isDone) goOn();
}

function begin() {
  member = new Member(cast.username, cast.password);
  for (const lane of lanes) lane.clear();
}

function goOn() {
  caption.textContent = say(`then.${ACTS[next]}`);
  next = (next + 1) % ACTS.length;
  button.textContent = say(next === 0 ? "again" : `act.${ACTS[next]}`);
  document.querySelector("[data-answer]").hidden = next !== 0;
}

button.addEventListener("click", act);
