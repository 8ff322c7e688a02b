// The two named switches: the node that holds the login in its memory, and the store. Each ends its part, then starts it.

import { mayPress } from "../shared/instructor.js";
import { home } from "./holders.js";
import { say } from "./words.js";

const nodeSwitch = document.querySelector("[data-node-switch]");
const storeSwitch = document.querySelector("[data-store-switch]");
let ended = null; // the name of the node that the switch ends and starts

export function drawSwitches({ nodes, store }) {
  const gone = nodes.find(({ name, state }) => name === ended && state !== "running");
  if (gone === undefined) drawKill(home());
  else draw(nodeSwitch, say("switch.start_node", { node: gone.name }), `/lab/nodes/${gone.name}`, "running", ["stopped", "killed"].includes(gone.state));
  const runs = store.state === "running";
  draw(storeSwitch, say(runs ? "switch.stop_store" : "switch.start_store"), "/lab/store", runs ? "stopped" : "running", store.embedded && ["running", "stopped", "killed"].includes(store.state));
}

/** Whether the node switch can be pressed now. */
export function canSwitchNode() {
  return !nodeSwitch.disabled;
}

function drawKill(where) {
  ended = where?.node ?? null;
  draw(nodeSwitch, where === null ? say("switch.no_home") : say("switch.kill_node", where), `/lab/nodes/${ended}`, "killed", where !== null);
}

function draw(button, text, path, state, possible) {
  if (button.textContent !== text) button.textContent = text;
  [button.dataset.order, button.dataset.body] = [`PUT ${path}`, JSON.stringify({ state })];
  button.disabled = !possible || !mayPress();
}
