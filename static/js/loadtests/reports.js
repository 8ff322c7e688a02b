// The runs with a report, and the comparison of two of them.

import { language, make, say, short } from "../shared/words.js";

const TRIES = 10; // each may take as long as a node allows
const find = (name) => document.querySelector(`[data-${name}]`);
let shown = "";
let listed = [];
let comparing = false;

/** The names of the selected runs. */
export function ticked() {
  return [...find("reports").querySelectorAll("input:checked")].map(({ value }) => value);
}

/** List the runs, newest first. Unchanged rows are not drawn again, so that the selection stays. */
export function drawReports(runs) {
  if (shown === JSON.stringify(runs)) return;
  shown = JSON.stringify(runs);
  listed = runs;
  const kept = new Set(ticked());
  find("no-reports").hidden = runs.length > 0;
  find("reports").hidden = runs.length === 0;
  find("reports").tBodies[0].replaceChildren(...runs.map((run) => row(run, kept)));
}

/** Compare two runs, the earlier one first. */
export async function drawComparison(...names) {
  const [first, second] = names.map((name) => name.slice(-15)).every((time, at, times) => at === 0 || times[at - 1] <= time) ? names : names.toReversed();
  if (comparing) return;
  comparing = true;
  find("compared").textContent = say("comparing");
  const response = await comparisonOf(first, second);
  comparing = false;
  const said = await response?.json();
  const rows = response?.ok ? said.rows : [];
  const refusals = response?.ok ? said.unpublishable.flatMap((reasons, at) => (reasons.length ? [refusal([first, second][at])] : [])) : [];
  find("comparison").hidden = rows.length === 0;
  find("comparison").tBodies[0].replaceChildren(...rows.map(compared));
  const differing = rows.filter(({ differs }) => differs).length;
  find("unpublishable").replaceChildren(...refusals.map((text) => make("li", "", text)));
  find("compared").textContent = response?.ok
    ? [`${first}, ${second}:`, say("found", { count: differing, all: rows.length }), unlike(said.unlike), said.ratios_only ? say("ratios_only") : ""].join(" ")
    : (said?.detail ?? say("now.away"));
}

/** Repeat the request until a node has time: a busy node answers with Retry-After. */
async function comparisonOf(first, second) {
  const ask = () => fetch(`/lab/load-tests/compare?${new URLSearchParams({ first, second })}`).catch(() => null);
  let response = await ask();
  for (let tried = 1; tried < TRIES && response?.headers.has("Retry-After"); tried += 1) {
    await new Promise((resolve) => setTimeout(resolve, 1000 * Number(response.headers.get("Retry-After"))));
    response = await ask();
  }
  return response;
}

/** Why a run is not publishable, in the reader's language. */
function refusal(name) {
  const run = listed.find((each) => each.name === name);
  return say("unpublishable", { name, reasons: reasonsOf(run).join(" ") });
}

function reasonsOf(run) {
  return run?.said?.[language]?.reasons ?? [];
}

function unlike(what) {
  return what.length ? say("unlike", { what: what.join("; ") }) : "";
}

function row({ name, experiment, started, publishable, said }, kept) {
  const { answer, reasons } = said?.[language] ?? { answer: "", reasons: [] };
  const tick = Object.assign(document.createElement("input"), { type: "checkbox", value: name, checked: kept.has(name) });
  tick.setAttribute("aria-label", say("pick", { name }));
  const link = Object.assign(document.createElement("a"), { href: `/loadtests/${name}/report.html`, textContent: experiment });
  const verdict = publishable ? say("yes") : say("no", { reasons: reasons.join(" ") });
  return cells([[tick], [link], [new Date(started).toLocaleString(language, { dateStyle: "medium", timeStyle: "short" })], [answer], [verdict]]);
}

function compared({ name, reading, over, first, second, difference, low, high, differs }) {
  const end = (value, none) => (value === null ? none : short(value)); // with too few repeats there is no interval
  const interval = `${short(difference)} (${end(low, "−∞")} … ${end(high, "∞")})`;
  const verdict = say(differs ? "differs" : "same");
  const made = cells([[name], [over ? say("over", { reading: say(`ratios.${reading}`), over }) : say(`readings.${reading}`)], [short(first)], [short(second)], [interval], [verdict]]);
  for (const at of [2, 3, 4]) made.cells[at].className = "number";
  return made;
}

function cells(contents) {
  const made = document.createElement("tr");
  for (const content of contents) made.insertCell().append(...content);
  return made;
}
