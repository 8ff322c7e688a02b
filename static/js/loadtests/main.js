// The page of the load tests: it sends commands, and polls the state once a second, so a reload loses nothing.

import { mayPress, recall, takeCode } from "../shared/instructor.js";
import { say } from "../shared/words.js";
import { sendCommand } from "./commands.js";
import { drawLive } from "./live.js";
import { drawComparison, drawReports, ticked } from "./reports.js";

const POLL_MS = 1000;
const STOPPED = 130; // the shell's exit code after Ctrl-C
const find = (name) => document.querySelector(`[data-${name}]`);
let running = false;

find("start").addEventListener("submit", async (event) => {
  event.preventDefault();
  const { experiment, size } = event.target.elements;
  await sendCommand("POST", "/lab/load-run", { experiment: experiment.value, quick: size.value === "quick" }, say("start"));
  await look();
});
find("stop-button").addEventListener("click", async () => {
  await sendCommand("DELETE", "/lab/load-run", undefined, say("stop"));
  await look();
});
find("reports").addEventListener("change", () => { find("compare").disabled = ticked().length !== 2; });
find("compare").addEventListener("click", () => drawComparison(...ticked()));

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
  running = run !== null && run.state !== "ended";
  find("start-button").disabled = running || !mayPress();
  find("stop-button").disabled = run?.state !== "running" || !mayPress();
  drawReports(runs);
  if (run === null) return;
  const reported = runs.some(({ name }) => name === run.name);
  const state = running ? run.state : ending(run.exit_code, reported);
  const said = say(`now.${state}`, { name: run.name, done: run.done, planned: run.planned ?? "?" });
  if (find("now").textContent !== said) find("now").textContent = said;
  find("progress").hidden = !running;
  find("progress").max = run.planned ?? 1;
  find("progress").value = run.done;
  drawLive(find("live"), run.points);
}

function ending(exitCode, reported) {
  if (reported) return exitCode === 0 ? "ended" : "stopped";
  return exitCode === STOPPED ? "nothing" : "failed";
}

takeCode((code) => sendCommand("POST", "/lab/code", { code }, say("login")));
recall();
for (;;) {
  await look();
  await new Promise((resolve) => setTimeout(resolve, document.hidden ? 5 * POLL_MS : POLL_MS));
}
