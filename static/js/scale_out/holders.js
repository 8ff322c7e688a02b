// Where each login is: drawn inside the node, the store, the database or the browser that holds it.

import { approaches, labelOf } from "../shared/approaches.js";
import { make, say } from "./words.js";

const drawing = document.querySelector("[data-drawing]");
const held = new Map(); // approach → {node, pid}; a pid is known from the state after the log-in

/** Draw a login that this node has just answered. */
export function hold(approach, node) {
  drop(approach);
  held.set(approach, { node: approaches.get(approach).in_one_node ? node : null, pid: null });
  drawLogin(approach);
}

/** Remove a login that no node recognizes any more. */
export function drop(approach) {
  held.delete(approach);
  for (const drawn of drawing.querySelectorAll(`[data-held="${CSS.escape(approach)}"]`)) drawn.remove();
}

/** Remove the logins in the memory of a process that has ended. */
export function checkNodes(nodes) {
  for (const [approach, login] of held) {
    const process = nodes.find(({ name }) => name === login.node);
    if (process === undefined) continue;
    login.pid ??= process.pid;
    if (!isDrawn(approach)) drawLogin(approach); // the log-in came before the node's box
    if (process.state !== "running" || process.pid !== login.pid) drop(approach);
  }
}

/** The node that has a login in its memory, and whose: {node, labels}, or null. */
export function home() {
  const [, first] = [...held].find(([, { node }]) => node !== null) ?? [];
  if (first === undefined) return null;
  const here = [...held].filter(([, { node }]) => node === first.node);
  return { node: first.node, labels: here.map(([approach]) => labelOf(approach)).join(", ") };
}

function isDrawn(approach) {
  return drawing.querySelector(`[data-held="${CSS.escape(approach)}"]`) !== null;
}

function drawLogin(approach) {
  const { kept, is_signed } = approaches.get(approach);
  const { node } = held.get(approach);
  if (node !== null) put(`[data-node="${CSS.escape(node)}"]`, approach, "login");
  else if (kept === "store") put('[data-part="store"]', approach, "login");
  else if (kept === "database") put('[data-part="database"]', approach, "renewal");
  if (is_signed) put('[data-part="browser"]', approach, "login");
}

function put(box, approach, what) {
  const drawn = make("li", "held", say(`held.${what}`, { approach: labelOf(approach) }));
  drawn.dataset.held = approach;
  drawn.dataset.approach = approach;
  drawing.querySelector(`${box} [data-logins]`)?.append(drawn);
}
