// The ground and the borders of an HTML element, as SVG shapes.

import { plain } from "./colour.js";
import { element } from "./svg.js";

const SIDES = ["Top", "Right", "Bottom", "Left"];
const DASHES = { dashed: [3, 2], dotted: [1, 2] }; // in widths of the border

export function boxShapes(html, style, origin) {
  const { left, top, width, height } = html.getBoundingClientRect();
  if (width === 0 && height === 0) return [];
  const box = { x: left + origin.e, y: top + origin.f, width, height };
  const sides = SIDES.map((side) => sideOf(style, side));
  const isFrame = sides.every((side) => side && JSON.stringify(side) === JSON.stringify(sides[0]));
  const rx = radius(style.borderTopLeftRadius, box);
  const ground = plain(style.backgroundColor);
  return [
    ...(ground.alpha > 0 ? [element("rect", { ...box, rx, fill: ground.hex, "fill-opacity": ground.alpha })] : []),
    ...(isFrame ? [frame(box, rx, sides[0])] : sides.flatMap((side, at) => (side ? [edge(box, SIDES[at], side)] : []))),
  ];
}

/** null for a side without a border. */
function sideOf(style, side) {
  const [width, kind, colour] = [parseFloat(style[`border${side}Width`]), style[`border${side}Style`], plain(style[`border${side}Color`])];
  if (width === 0 || kind === "none" || kind === "hidden" || colour.alpha === 0) return null;
  const dashes = (DASHES[kind] ?? []).map((length) => length * width).join(" ");
  return { fill: "none", stroke: colour.hex, "stroke-opacity": colour.alpha, "stroke-width": width, "stroke-dasharray": dashes || "none" };
}

function frame({ x, y, width, height }, rx, line) {
  const half = line["stroke-width"] / 2;
  return element("rect", { ...line, x: x + half, y: y + half, width: width - 2 * half, height: height - 2 * half, rx: Math.max(0, rx - half) });
}

function edge({ x, y, width, height }, side, line) {
  const half = line["stroke-width"] / 2;
  const [right, bottom] = [x + width, y + height];
  const d = {
    Top: `M${x} ${y + half}H${right}`,
    Right: `M${right - half} ${y}V${bottom}`,
    Bottom: `M${x} ${bottom - half}H${right}`,
    Left: `M${x + half} ${y}V${bottom}`,
  }[side];
  return element("path", { ...line, d });
}

function radius(said, { width, height }) {
  const most = Math.min(width, height) / 2;
  return Math.min(most, said.endsWith("%") ? (parseFloat(said) / 100) * width : parseFloat(said));
}
