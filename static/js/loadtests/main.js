// The page of the load tests: it sends commands, and polls the state once a second, so a reload loses nothing.

import { mayPress, recall, takeCode } from "../shared/instructor.js";
import { say } from "../shared/words.js";
import { sendCommand } from "./commands.js";
import { drawComparison } from "./comparison.js";
import { drawLive } from "./live.js";
import { keepPlace, recallPlace } from "./place.js";
import { drawRuns, reportOf, ticked } from "./runs.js";

const POLL_MS = 1000;
const STOPPED = 130; // the shell's exit code after Ctrl-C
const find = (name) => document.querySelector(`[data-${name}]`);
const { experiment, size } = find("start").elements;

find("start").addEventListener("submit", async (event) => {
  event.preventDefault();
  await sendCommand("POST", "/lab/load-run", { experiment: experiment.value, quick: size.value === "quick" }, say("start"));
  await look();
});
find("start").addEventListener("change", () => keepPlace({ experiment: experiment.value, size: size.value }));
find("stop-button").addEventListener("click", async () => {
  await sendCommand("DELETE", "/lab/load-run", undefined, say("stop"));
  await look();
});
find("reports").addEventListener("change", () => { find("compare").disabled = ticked().length !== 2; });
find("compare").addEventListener("click", () => drawComparison(...ticked()));
document.addEventListener("click", ({ target }) => {
  const button = target.closest("[data-natural]");
  if (button) drawComparison(button.dataset.of, button.dataset.natural);
});
addEventListener("hashchange", pick);

async function look() {
  try {
    const response = await fetch("/lab/load-tests", { signal: AbortSignal.timeout(5000) });
    if (!response.ok) throw new Error(String(response.status));
    show(await response.json());
  } catch {
    find("now").textContent = say("now.away");
  }
}

function show({ run, runs }) {
  const running = run !== null && run.state !== "ended";
  find("start-button").disabled = running || !mayPress();
  find("stop-button").disabled = run?.state !== "running" || !mayPress();
  find("stop-button").hidden = !running;
  find("start-button").toggleAttribute("data-primary", !running);
  find("stop-button").toggleAttribute("data-primary", running);
  find("now-line").toggleAttribute("data-running", running);
  drawRuns(runs);
  if (run === null) return;
  const reported = runs.find(({ name }) => name === run.name);
  const state = running ? run.state : ending(run.exit_code, reported);
  const said = say(`now.${state}`, { name: run.name, done: run.done, planned: run.planned ?? "?" });
  if (find("now").textContent !== said) find("now").textContent = said;
  find("progress").hidden = !running;
  find("progress").max = run.planned ?? 1;
  find("progress").value = run.done;
  offer(running ? undefined : reported);
  const drawn = drawLive(find("live"), find("medians"), run.points);
  find("drawn").hidden = !drawn;
  if (drawn) nameDrawing(run.name, reported);
}

/** What is drawn: the question, and the run's name, which a saved picture has too. */
function nameDrawing(name, reported) {
  const asked = [...experiment.options].find(({ value }) => name.startsWith(`${value}-2`));
  find("drawn-title").textContent = asked?.textContent ?? name;
  const found = reported && (reported.publishable ? reported.finding : say("not_publishable"));
  find("drawn-name").textContent = [name, found].filter(Boolean).join(": ");
  find("drawn").dataset.picture = name;
}

/** What an ended run leads to, beside what is said of it: its report, and the comparison with the one before. */
function offer(run) {
  find("now-report").hidden = !run;
  find("now-compare").hidden = !run?.natural;
  if (!run) return;
  find("now-report").href = reportOf(run.name);
  Object.assign(find("now-compare").dataset, { of: run.name, natural: run.natural ?? "" });
}

function ending(exitCode, reported) {
  if (reported) return exitCode === 0 ? "ended" : "stopped";
  return exitCode === STOPPED ? "nothing" : "failed";
}

/** Choose what the address names. */
function pick() {
  const said = recallPlace();
  if ([...experiment.options].some(({ value }) => value === said.experiment)) experiment.value = said.experiment;
  if (["quick", "full"].includes(said.size)) size.value = said.size;
}

takeCode((code) => sendCommand("POST", "/lab/code", { code }, say("login")));
recall();
pick();
await look();
const { first, second } = recallPlace();
if (first && second) drawComparison(first, second);
for (;;) {
  await new Promise((resolve) => setTimeout(resolve, document.hidden ? 5 * POLL_MS : POLL_MS));
  await look();
}
