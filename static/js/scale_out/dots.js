// Dots that travel between the boxes of the drawing, one a request; not with prefers-reduced-motion.

import { approaches } from "../shared/approaches.js";

const TRAVEL_MS = 300;

const drawing = document.querySelector("[data-drawing]");
const still = matchMedia("(prefers-reduced-motion: reduce)");
const part = (name) => drawing.querySelector(`[data-part="${name}"]`);
const nodeNamed = (name) => drawing.querySelector(`[data-node="${CSS.escape(name)}"]`);

/** Show the way of an answered request: to the node, and to the store if the approach asks it. */
export function travel(approach, node) {
  const at = node === null ? null : nodeNamed(node);
  if (still.matches || at === null) return;
  const stops = [part("browser"), part("balancer"), at, ...(approaches.get(approach).store_reads > 0 ? [part("store")] : [])];
  const dot = document.createElement("span");
  dot.className = "dot";
  dot.dataset.approach = approach;
  dot.setAttribute("aria-hidden", "true");
  drawing.append(dot);
  dot.animate(stops.map(frame), { duration: TRAVEL_MS, easing: "ease-in-out" }).finished.finally(() => dot.remove());
}

function frame(box) {
  const [{ left, width }, { left: x, top: y }] = [box, drawing].map((element) => element.getBoundingClientRect());
  const heading = box.querySelector("h3").getBoundingClientRect();
  return { transform: `translate(${left + width / 2 - x}px, ${heading.top + heading.height / 2 - y}px)` };
}
