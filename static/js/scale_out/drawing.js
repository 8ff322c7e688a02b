// The present processes: a box for each, updated in place, so that a button keeps its focus.

import { mayPress } from "../shared/instructor.js";
import { checkNodes } from "./holders.js";
import { drawSwitches } from "./switches.js";
import { drawThroughput } from "./throughput.js";
import { clock, mebibytes, number, say } from "./words.js";

const SIGNS = { running: "✓", stopped: "○", killed: "✕", crashed: "✕" };

const section = document.getElementById("processes");
const drawing = section.querySelector("[data-drawing]");
const nodes = section.querySelector("[data-nodes]");
const template = section.querySelector("[data-node-template]");
const part = (name) => drawing.querySelector(`[data-part="${name}"]`);

for (const button of part("store").querySelectorAll("[data-order]")) name(button, button.closest(".box").querySelector("h3").textContent);
name(nodes.querySelector(".add [data-order]"), "");

/** Draw the state. null: no answer for this many seconds, so the drawing shows the last known state. */
export function draw(state, silentSeconds) {
  drawing.toggleAttribute("data-stale", state === null);
  const link = part("browser").querySelector("[data-link]");
  link.dataset.state = state === null ? "hanging" : "running";
  put(link, "[data-sign]", state === null ? "◷" : "✓");
  put(link, "[data-word]", state === null ? say("link.down", { seconds: number(silentSeconds, 1) }) : say("link.up"));
  if (state === null) return;
  drawBalancer(state);
  for (const node of state.nodes) drawNode(node);
  drawStore(state.store);
  checkNodes(state.nodes);
  drawSwitches(state);
  drawThroughput(state, mayPress());
  enable(nodes.querySelector(".add"), state.balancer === null ? [] : ["balanced"]);
}

function drawBalancer({ balancer, doors: listeners }) {
  const box = part("balancer");
  drawProcess(box, balancer ?? { state: "stopped", pid: null, rss_bytes: null, cpu_percent: null, up_since: null });
  box.querySelector("[data-state-line]").hidden = balancer === null;
  box.querySelector(".process-stats").hidden = balancer === null;
  box.querySelector("[data-no-balancer]").hidden = balancer !== null;
  for (const [listener, address] of Object.entries(listeners)) {
    put(box, `[data-fact="${listener}"]`, address === null ? "" : new URL(address).host);
    box.querySelector(`[data-listener="${listener}"]`).hidden = address === null;
  }
}

function drawNode(node) {
  const box = nodes.querySelector(`[data-node="${CSS.escape(node.name)}"]`) ?? newNode(node.name);
  drawProcess(box, node);
  put(box, '[data-fact="threads"]', node.threads);
  for (const button of box.querySelectorAll("[data-threads]")) {
    button.setAttribute("aria-pressed", String(Number(button.dataset.threads) === node.threads));
  }
  put(box, '[data-fact="requests"]', node.requests === null ? "–" : number(node.requests));
  enable(box, [node.state]);
}

function newNode(nodeName) {
  const box = template.content.firstElementChild.cloneNode(true);
  box.dataset.node = nodeName;
  put(box, '[data-fact="name"]', nodeName);
  for (const button of box.querySelectorAll("[data-order]")) {
    button.dataset.order = button.dataset.order.replace("NODE", encodeURIComponent(nodeName));
    name(button, nodeName);
  }
  nodes.insertBefore(box, nodes.querySelector(".add"));
  return box;
}

function drawStore(store) {
  const box = part("store");
  drawProcess(box, store);
  if (store.full && store.state === "running") put(box, "[data-word]", say("full"));
  put(box, '[data-fact="keys"]', store.keys === null ? "–" : number(store.keys));
  put(box, '[data-fact="used"]', mebibytes(store.used_bytes));
  box.querySelector("[data-not-ours]").hidden = store.embedded;
  for (const button of box.querySelectorAll("[data-round-trip]")) {
    button.setAttribute("aria-pressed", String(Number(button.dataset.roundTrip) === store.round_trip_ms));
  }
  const running = store.state === "running" ? [store.full ? "running-full" : "running-free"] : [];
  enable(box, store.embedded ? ["any", store.state, ...running] : []);
}

function drawProcess(box, process) {
  const line = box.querySelector("[data-state-line]");
  line.dataset.state = process.state;
  put(line, "[data-sign]", SIGNS[process.state] ?? "◷");
  put(line, "[data-word]", say(`state.${process.state}`));
  put(box, '[data-fact="pid"]', process.pid ?? "–");
  put(box, '[data-fact="rss"]', mebibytes(process.rss_bytes));
  put(box, '[data-fact="cpu"]', process.cpu_percent === null ? "–" : `${number(process.cpu_percent, 1)} %`);
  put(box, '[data-fact="since"]', clock(process.up_since));
}

/** Enable the buttons that are possible in one of the states. */
function enable(box, states) {
  for (const button of box.querySelectorAll("[data-order]")) {
    button.disabled = !mayPress() || !button.dataset.in.split(" ").some((state) => states.includes(state));
  }
}

/** Label a button with its part, for screen readers. */
function name(button, of) {
  button.dataset.name = [of, button.dataset.says ?? button.textContent].filter(Boolean).join(": ");
  button.setAttribute("aria-label", button.dataset.name);
}

function put(box, selector, text) {
  const element = box.querySelector(selector);
  if (element.textContent !== String(text)) element.textContent = text;
}
