// The list of the missions: which are solved, and which comes next.

import { say } from "../shared/words.js";
import { keep, kept } from "./kept.js";

const find = (name) => document.querySelector(`[data-${name}]`);
const entries = [...document.querySelectorAll("[data-mission]")];
const first = find("next").textContent;

function show() {
  const { solved } = kept();
  const open = entries.filter((entry) => !solved.includes(entry.dataset.mission));
  const done = entries.length - open.length;
  for (const entry of entries) entry.querySelector("[data-mark]").textContent = open.includes(entry) ? "" : say("solved");
  find("progress").textContent = say("progress", { done, all: entries.length });
  find("bar").value = done;
  find("clear").disabled = done === 0;
  find("next").href = (open[0] ?? entries[0]).querySelector("a").href;
  find("next").textContent = done === 0 ? first : say(open.length === 0 ? "all_solved" : "go_on");
}

find("clear").addEventListener("click", () => {
  keep((now) => {
    now.solved = [];
  });
  show();
});
addEventListener("storage", show); // another tab has changed it
addEventListener("pageshow", show); // also after "back"
