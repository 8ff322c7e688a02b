// Animate messages along their arrows once, one after the other; not with prefers-reduced-motion.

const TRAVEL_MS = 300;
const SVG = "http://www.w3.org/2000/svg";

/** Move a dot along each of these arrows: {from, to, y}. */
export function travel(svg, arrows) {
  if (matchMedia("(prefers-reduced-motion: reduce)").matches) return;
  const dots = arrows.map(({ from, to, y }, turn) => {
    const dot = svg.appendChild(document.createElementNS(SVG, "circle"));
    dot.setAttribute("r", "5");
    dot.setAttribute("class", "message-dot");
    const at = (x) => ({ transform: `translate(${x}px, ${y}px)`, opacity: 1 });
    return dot.animate([at(from), at(to)], { duration: TRAVEL_MS, delay: turn * TRAVEL_MS, easing: "ease-in-out" }).finished.then(() => dot.remove());
  });
  Promise.allSettled(dots);
}
