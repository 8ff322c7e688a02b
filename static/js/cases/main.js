// The page of the four cases: connects the board, the tampering and the theft.

import { say } from "../shared/words.js";
import { runCell } from "./board.js";
import { tryAll } from "./tampering.js";
import { Theft } from "./theft.js";

const cells = [...document.querySelectorAll("[data-state]")];
const carrier = () => document.querySelector("[name=carrier]:checked").value;
const stealButton = document.querySelector("[data-steal]");
const theft = new Theft();

/** Run this at each click, one at a time. The button keeps its focus while it works. */
function press(button, work) {
  button.addEventListener("click", async () => {
    if (button.ariaBusy === "true") return;
    button.ariaBusy = "true";
    await work().finally(() => (button.ariaBusy = "false"));
  });
}

for (const cell of cells) press(cell.querySelector("[data-run]"), () => runCell(cell, carrier()));
press(document.querySelector("[data-run-all]"), () => Promise.all(cells.map((cell) => runCell(cell, carrier()))));
press(document.querySelector("[data-try-all]"), () => tryAll(carrier()));

stealButton.addEventListener("click", () => {
  if (stealButton.ariaPressed === "true") return theft.stop(); // it ends after the last answer
  theft.go().finally(() => show(false));
  return show(true);
});

function show(going) {
  stealButton.ariaPressed = String(going);
  stealButton.textContent = say(going ? "theft.stop" : "theft.start");
}
