// The comparison of two runs. It opens below the runs, comes into sight, and takes the focus.

import { make, say, short } from "../shared/words.js";
import { keepPlace } from "./place.js";
import { listedRun, reasonsOf, timeOf } from "./runs.js";

const TRIES = 10; // each may take as long as a node allows
const find = (name) => document.querySelector(`[data-${name}]`);
let comparing = false;
let shown = [];

find("close").addEventListener("click", () => {
  find("comparison-place").hidden = true;
  keepPlace({ first: undefined, second: undefined });
  const [first, second] = shown;
  const button = (name) => find("reports").querySelector(`[data-of="${name}"]`);
  (button(second) ?? button(first) ?? find("runs-title")).focus();
});

/** Compare two runs, the earlier one first. */
export async function drawComparison(...names) {
  if (comparing) return;
  comparing = true;
  const [first, second] = inOrder(names);
  shown = [first, second];
  keepPlace({ first, second });
  open(first, second);
  const response = await comparisonOf(first, second);
  comparing = false;
  const said = await response?.json();
  if (response?.ok) show(first, second, said);
  else find("compared").textContent = said?.detail ?? say("now.away");
}

function inOrder([one, other]) {
  return one.slice(-15) <= other.slice(-15) ? [one, other] : [other, one];
}

/** Show at once that something happens, where its result will be. */
function open(first, second) {
  const [one, other] = [first, second].map((name) => listedRun(name));
  const title = one && other ? say("comparison", { experiment: one.experiment, first: timeOf(one), second: timeOf(other) }) : `${first}, ${second}`;
  find("comparison-title").textContent = title;
  find("comparison").hidden = true;
  find("unpublishable").replaceChildren();
  find("compared").textContent = say("comparing");
  find("comparison-place").hidden = false;
  find("comparison-title").focus({ preventScroll: true });
  comeIntoSight();
}

/** What is read there now is larger than when it was opened. Who has gone elsewhere meanwhile stays there. */
function comeIntoSight() {
  if (document.activeElement === find("comparison-title")) find("comparison-place").scrollIntoView({ block: "start" });
}

function show(first, second, { rows, unpublishable, unlike, ratios_only: ratiosOnly }) {
  const refused = [first, second].filter((_, at) => unpublishable[at].length > 0);
  find("comparison").hidden = rows.length === 0;
  find("comparison").tBodies[0].replaceChildren(...rows.map(compared));
  find("unpublishable").replaceChildren(...refused.map((name) => make("li", "", say("unpublishable", { name, reasons: reasonsOf(listedRun(name)).join(" ") }))));
  const differing = rows.filter(({ differs }) => differs).length;
  const conditions = unlike.length ? say("unlike", { what: unlike.join("; ") }) : "";
  find("compared").textContent = [`${first}, ${second}:`, say("found", { count: differing, all: rows.length }), conditions, ratiosOnly ? say("ratios_only") : ""].filter(Boolean).join(" ");
  comeIntoSight();
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

function compared({ name, reading, over, first, second, difference, low, high, differs }) {
  const end = (value, none) => (value === null ? none : short(value)); // with too few repeats there is no interval
  const interval = `${short(difference)} (${end(low, "−∞")} … ${end(high, "∞")})`;
  const what = over ? say("over", { reading: say(`ratios.${reading}`), over }) : say(`readings.${reading}`);
  const made = document.createElement("tr");
  for (const text of [name, what, short(first), short(second), interval, say(differs ? "differs" : "same")]) made.insertCell().append(text);
  for (const at of [2, 3, 4]) made.cells[at].className = "number";
  return made;
}
