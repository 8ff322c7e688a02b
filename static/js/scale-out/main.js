// The page on several servers: connects its processes, the twenty requests, and the probe.

import { recall } from "../instructor.js";
import { poll, takeOrders } from "./control.js";
import { draw } from "./drawing.js";
import { sendRound } from "./round.js";
import { Watch } from "./watch.js";
import { say } from "./words.js";

const choices = document.querySelector("[data-choices]");
const senders = [...document.querySelectorAll("[data-send]")];
const watchButton = document.querySelector("[data-watch]");
const loginButton = document.querySelector("[data-login-again]");
const stickyDoor = choices.querySelector("[value=sticky]");
const door = () => choices.elements.door.value;
const watch = new Watch(door);

function show(state, silentSeconds) {
  draw(state, silentSeconds);
  if (state === null) return;
  stickyDoor.disabled = state.doors.sticky === null;
  watch.nodes = state.nodes.filter((node) => node.state === "running").length;
}

for (const button of senders) {
  button.addEventListener("click", async () => {
    for (const sender of senders) sender.disabled = true;
    for (const approach of button.dataset.send.split(" ")) {
      await sendRound(approach, door(), choices.elements.login.checked, (which) => watch.forget(which));
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
  watch.mark(say(`door.${door()}`));
  watch.logIn(); // a login belongs to the port through which it was made
});

takeOrders((name) => watch.mark(name), show);
recall();
poll(show);
