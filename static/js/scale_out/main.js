// The page on several servers: connects its processes, the twenty requests, and the probe.

import { recall } from "../shared/instructor.js";
import { poll, takeCommands } from "./control.js";
import { draw } from "./drawing.js";
import { sendRound } from "./round.js";
import { Watch } from "./watch.js";
import { say } from "./words.js";

const choices = document.querySelector("[data-choices]");
const senders = [...document.querySelectorAll("[data-send]")];
const watchButton = document.querySelector("[data-watch]");
const loginButton = document.querySelector("[data-login-again]");
const stickyListener = choices.querySelector("[value=sticky]");
const listener = () => choices.elements.door.value;
const watch = new Watch(listener);

function show(state, silentSeconds) {
  draw(state, silentSeconds);
  if (state === null) return;
  stickyListener.disabled = state.doors.sticky === null;
  watch.nodes = state.nodes.filter((node) => node.state === "running").length;
}

for (const button of senders) {
  button.addEventListener("click", async () => {
    for (const sender of senders) sender.disabled = true;
    for (const approach of button.dataset.send.split(" ")) {
      await sendRound(approach, listener(), choices.elements.login.checked, (which) => watch.forget(which));
    }
    for (const sender of senders) sender.disabled = false;
    button.focus({ preventScroll: true });
  });
}

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
