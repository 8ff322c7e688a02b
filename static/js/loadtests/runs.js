// The runs with a result, newest first: those of this lab, and those that the project keeps.

import { language, make, say } from "../shared/words.js";

const find = (name) => document.querySelector(`[data-${name}]`);
let shown = "";
let listed = [];

/** A run of the list by its name. */
export function listedRun(name) {
  return listed.find((run) => run.name === name);
}

/** The names of the selected runs. */
export function ticked() {
  return [...find("reports").querySelectorAll("input:checked")].map(({ value }) => value);
}

/** List the runs. Unchanged rows are not drawn again, so that the selection and the focus stay. */
export function drawRuns(runs) {
  if (shown === JSON.stringify(runs)) return;
  shown = JSON.stringify(runs);
  listed = runs;
  const kept = new Set(ticked());
  find("no-reports").hidden = runs.length > 0;
  find("reports").hidden = runs.length === 0;
  find("reports").tBodies[0].replaceChildren(...runs.map((run) => row(run, kept)));
}

/** The address of a run's report, in this page's language and theme: a report's sandbox keeps no choice. */
export function reportOf(name) {
  const { theme } = document.documentElement.dataset;
  return `/loadtests/${name}/report.html?${new URLSearchParams({ language, ...(theme && { theme }) })}`;
}

/** When a run was started, in the reader's language. */
export function timeOf({ started }) {
  return new Date(started).toLocaleString(language, { dateStyle: "medium", timeStyle: "short" });
}

/** Why a run is not publishable, in the reader's language. */
export function reasonsOf(run) {
  return run?.said?.[language]?.reasons ?? [];
}

function row(run, kept) {
  const made = document.createElement("tr");
  made.dataset.whose = run.own ? "own" : "project";
  const [report, answer, publishable, compare] = [0, 1, 2, 3].map(() => made.insertCell());
  report.append(make("p", "", link(run), " ", make("span", "whose", say(run.own ? "own" : "project"))));
  report.append(make("p", "small soft", [timeOf(run), run.older_than_code].filter(Boolean).join(", ")));
  answer.append(...answerOf(run));
  publishable.dataset.label = say("publishable");
  publishable.append(run.publishable ? say("yes") : make("details", "", make("summary", "", say("no")), make("p", "small", reasonsOf(run).join(" "))));
  compare.append(...comparing(run, kept));
  return made;
}

function link({ name, experiment }) {
  return Object.assign(document.createElement("a"), { href: reportOf(name), textContent: experiment });
}

/** One line with its figures; the whole answer below it opens. */
function answerOf({ finding, said }) {
  const answer = said?.[language]?.answer ?? "";
  if (!finding) return [answer];
  const whole = make("details", "small", make("summary", "", say("whole_answer")), make("p", "", answer));
  return answer ? [make("p", "", finding), whole] : [finding];
}

function comparing({ name, natural }, kept) {
  const tick = Object.assign(document.createElement("input"), { type: "checkbox", value: name, checked: kept.has(name) });
  tick.setAttribute("aria-label", say("pick", { name }));
  const label = make("label", "", tick, say("tick"));
  const other = listedRun(natural);
  if (!other) return [label];
  const button = Object.assign(document.createElement("button"), { type: "button", className: "button", textContent: say("natural", { time: timeOf(other) }) });
  button.setAttribute("aria-label", say("natural_in_full", { name, other: natural }));
  Object.assign(button.dataset, { natural, of: name });
  return [make("div", "actions", button, label)];
}
