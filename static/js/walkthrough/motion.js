// Animate messages along their arrows once, one after the other; not with prefers-reduced-motion.

const TRAVEL_MS = 300;
const SVG = "http://www.w3.org/2000/svg";

/** Move a dot along each of these arrows: {x1, x2, y}. */
export function travel(svg, arrows) {
  if (matchMedia("(prefers-reduced-motion: reduce)").matches) return;
  const dots = arrows.map(({ x1, x2, y }, turn) => {
    const dot = svg.appendChild(document.createElementNS(SVG, "circle"));
    dot.setAttribute("r", "6");
    dot.setAttribute("class", "message-dot");
    const at = (x, opacity) => ({ transform: `translate(${x}px, ${y}px)`, opacity });
    const options = { duration: TRAVEL_MS, delay: turn * TRAVEL_MS, easing: "ease-in-out" };
    return dot.animate([at(x1, 1), at(x2, 1)], options).finished.then(() => dot.remove());
  });
  Promise.allSettled(dots);
}
