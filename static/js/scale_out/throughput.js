// What the running nodes serve: a row for each measured combination of nodes and threads.

import { number, say } from "./words.js";

const section = document.getElementById("up");
const button = section.querySelector("[data-order]");
const place = section.querySelector("[data-readings]");
const rows = section.querySelector("[data-reading-rows]");
const finding = section.querySelector("[data-up-finding]");
const workMs = Number(section.dataset.workMs);

const sum = (threads) => threads.reduce((total, each) => total + each, 0);
const isSmall = (threads) => threads.every((each) => each === 2);

let drawn = "";

/** Draw the readings of a state, and whether it may be measured now. */
export function drawThroughput({ throughput, nodes }, mayPress) {
  button.disabled = !mayPress || throughput.measuring || !nodes.some((node) => node.state === "running");
  const told = JSON.stringify(throughput);
  if (told === drawn) return; // a screen reader hears a finding once
  drawn = told;
  place.hidden = throughput.readings.length === 0;
  rows.replaceChildren(...throughput.readings.map(row));
  finding.textContent = throughput.measuring ? say("up.measuring") : conclude(throughput);
}

function row({ threads, rps, failed }) {
  const limit = (1000 * sum(threads)) / workMs;
  const cells = [threads.length, threads.join(" + "), sum(threads), number(rps), `${number((100 * rps) / limit)} %`];
  const line = document.createElement("tr");
  line.dataset.threads = threads.join("+");
  line.append(...cells.map((text, column) => cell(text, column > 1)));
  if (failed > 0) line.children[3].append(` (${say("up.failed", { failed: number(failed) })})`);
  return line;
}

function cell(text, isNumber) {
  const made = document.createElement("td");
  made.className = isNumber ? "number" : "";
  made.textContent = text;
  return made;
}

/** Compare the largest node, and the most nodes of two threads, with one node of two threads. */
function conclude({ readings, discarded }) {
  if (discarded) return say("up.discarded");
  const small = readings.find(({ threads }) => threads.length === 1 && isSmall(threads));
  if (small === undefined || small.rps === 0) return "";
  const up = readings.findLast(({ threads }) => threads.length === 1 && !isSmall(threads));
  const out = readings.findLast(({ threads }) => threads.length > 1 && isSmall(threads));
  const times = (reading) => number(reading.rps / small.rps, 1);
  return [
    up && say("up.up", { threads: up.threads[0], more: up.threads[0] / 2, times: times(up) }),
    out && say("up.out", { nodes: out.threads.length, times: times(out) }),
  ]
    .filter(Boolean)
    .join(" ");
}
