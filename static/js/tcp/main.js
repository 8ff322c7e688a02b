// A run of the model, step by step: three lifelines, arrows between them, and the numbers of both sides.

import { number, say } from "../shared/words.js";

const SVG = "http://www.w3.org/2000/svg";
const X = { client: 80, attacker: 320, server: 560 };
const RIGHT = 632; // where the attacker's labels end, which are longer than their arrows
const TOP = 50;
const ROW = 42;
const HANDSHAKE = 3; // steps of the handshake

const runs = JSON.parse(document.getElementById("runs").textContent);
const find = (name) => document.querySelector(`[data-${name}]`);
const moves = find("moves");
let at = 0;

function show() {
  const steps = runs[moves.elements.move.value];
  const step = steps[at];
  find("back").disabled = at === 0;
  find("on").disabled = at === steps.length - 1;
  find("place").textContent = say("place", { step: at + 1, steps: steps.length });
  find("tells").textContent = say(`tells.${step.tells}`);
  find("verdict").textContent = say(`verdict.${step.verdict}`);
  find("verdict").classList.toggle("refused", step.verdict !== "taken");
  for (const cell of document.querySelectorAll("[data-end]")) {
    const [end, name] = cell.dataset.end.split(".");
    cell.textContent = at < HANDSHAKE - 1 ? "–" : number(step[end][name]);
  }
  const gap = number((step.server.rcv_nxt - step.client.snd_nxt + 2 ** 32) % 2 ** 32);
  find("in-step").textContent = at < HANDSHAKE - 1 ? "" : say(`in_step.${step.in_step ? "yes" : "no"}`, { gap });
  find("in-step").classList.toggle("shut", !step.in_step);
  find("lines").replaceChildren(...lifelines(), ...steps.slice(0, at + 1).map(arrow));
}

function lifelines() {
  return Object.entries(X).flatMap(([who, x]) => [
    draw("text", { x, y: 24, class: "who" }, say(`who.${who}`)),
    draw("path", { d: `M${x} 34V460`, class: "life" }),
  ]);
}

function arrow(step, row) {
  const y = TOP + ROW * row + 22;
  const [from, to] = [X[step.sender], X[step.to]];
  const back = to > from ? -8 : 8;
  const group = draw("g", { class: `arrow ${step.sender} ${row === at ? "now" : ""}`, "data-verdict": step.verdict });
  const label = `${step.flags} seq ${step.seq}${step.flags === "SYN" ? "" : ` ack ${step.ack}`}${step.length ? ` (${step.length} B)` : ""}`;
  group.append(
    draw("path", { d: `M${from} ${y}H${to}m${back} -5L${to} ${y}l${back} 5` }),
    draw("text", { x: step.sender === "attacker" ? RIGHT : (from + to) / 2, y: y - 7 }, step.verdict === "taken" ? label : `✕ ${label}`),
  );
  return group;
}

function draw(name, attributes, text = "") {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.textContent = text;
  return made;
}

function go(by) {
  at = Math.min(Math.max(at + by, 0), runs[moves.elements.move.value].length - 1);
  show();
}

find("on").addEventListener("click", () => go(1));
find("back").addEventListener("click", () => go(-1));
moves.addEventListener("change", () => {
  at = 0;
  show();
});
show();
