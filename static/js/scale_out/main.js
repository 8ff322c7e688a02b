// The page on several servers: connects its processes, the twenty requests, and the probe.

import { recall } from "../shared/instructor.js";
import { poll, takeCommands } from "./control.js";
import { draw } from "./drawing.js";
import { sendRound } from "./round.js";
import { canSwitchNode } from "./switches.js";
import { Watch } from "./watch.js";
import { make, say } from "./words.js";

const choices = document.querySelector("[data-choices]");
const senders = [...document.querySelectorAll("[data-send]")];
const sendAll = senders[0];
const nodeSwitch = document.querySelector("[data-node-switch]");
const moreButton = document.querySelector("[data-more]");
const watchButton = document.querySelector("[data-watch]");
const loginButton = document.querySelector("[data-login-again]");
const [roundSaid, roundMore] = ["[data-round-said]", "[data-round-more]"].map((place) => document.querySelector(place));
const stickyListener = choices.querySelector("[value=sticky]");
const listener = () => choices.elements.door.value;
const watch = new Watch(listener);
let known = null; // the last state of the lab
let hasSent = false; // since the last change

function show(state, silentSeconds) {
  draw(state, silentSeconds);
  known = state ?? known;
  markNext();
  if (state === null) return;
  stickyListener.disabled = state.doors.sticky === null;
  watch.nodes = state.nodes.filter((node) => node.state === "running").length;
}

for (const button of senders) {
  button.addEventListener("click", async () => {
    for (const sender of senders) sender.disabled = true;
    const results = [];
    showRound(results);
    for (const approach of button.dataset.send.split(" ")) {
      results.push(await sendRound(approach, listener(), document.querySelector("[data-log-in-first]").checked, (which) => watch.forget(which)));
    }
    showRound(results);
    document.dispatchEvent(new Event("login-changed")); // the header asks again who is logged in
    for (const sender of senders) sender.disabled = false;
    button.focus({ preventScroll: true });
    hasSent = true;
    if (known !== null) show(known, 0);
  });
}

/** The result under the buttons: each answer is drawn further down, out of sight. */
function showRound(results) {
  const parts = results.map(({ verdict, said }) => {
    const part = make("span", "", said);
    part.dataset.verdict = verdict;
    return part;
  });
  roundSaid.replaceChildren(...(parts.length === 0 ? [say("sending")] : parts));
  roundMore.hidden = parts.length === 0;
}

/** The one primary button: send, then end the node that has the login or start it again, then send. */
function markNext() {
  const next = hasSent && canSwitchNode() ? nodeSwitch : sendAll;
  for (const button of [sendAll, nodeSwitch]) {
    button.classList.toggle("primary", button === next);
    button.toggleAttribute("data-primary", button === next);
  }
}

nodeSwitch.addEventListener("click", () => { hasSent = false; });
moreButton.addEventListener("click", () => {
  const isOpen = moreButton.getAttribute("aria-expanded") === "true";
  moreButton.setAttribute("aria-expanded", String(!isOpen));
  document.querySelector("[data-drawing]").toggleAttribute("data-opened", !isOpen);
});

watchButton.addEventListener("click", () => {
  watch.isRunning ? watch.stop() : watch.start();
  watchButton.setAttribute("aria-pressed", String(watch.isRunning));
  watchButton.textContent = say(watch.isRunning ? "watch.stop" : "watch.start");
  loginButton.disabled = !watch.isRunning;
});
loginButton.addEventListener("click", () => watch.logIn());
choices.addEventListener("submit", (event) => event.preventDefault());
choices.addEventListener("change", (event) => {
  if (event.target.name !== "door" || !watch.isRunning) return;
  watch.mark(say(`door.${listener()}`));
  watch.logIn(); // a login belongs to the port through which it was made
});

takeCommands((name) => watch.mark(name), show);
recall();
poll(show);
