// A part of the page as plain SVG shapes: its drawings, boxes and lines of text. Each has its place and style in attributes,
// so that it looks the same in another program.

import { boxShapes } from "./boxes.js";
import { plain } from "./colour.js";
import { widthOf } from "./label.js";
import { element } from "./svg.js";

const GROUPS = ["svg", "g"];
const LENGTHS = { circle: ["cx", "cy", "r"], rect: ["x", "y", "width", "height", "rx"] };
// Controls are no part of a picture, and neither is what only a screen reader hears.
const LEFT_OUT = "button, input, select, textarea, summary, template, script, .unseen, [data-in-picture=none]";

/** {shapes, width, height} of an element as it is seen now. Shapes: path, circle, rect and text. */
export function shapesIn(root) {
  const { left, top, width, height } = root.getBoundingClientRect();
  const origin = new DOMMatrix([1, 0, 0, 1, -left, -top]);
  return { shapes: shapesOf(root, origin), width, height };
}

function shapesOf(element, origin) {
  if (element.matches(LEFT_OUT) || !element.checkVisibility({ visibilityProperty: true })) return [];
  const style = getComputedStyle(element);
  if (style.clipPath !== "none") return [];
  if (element instanceof SVGElement && !GROUPS.includes(element.localName)) return drawnShape(element, style, origin);
  const inner = [...element.childNodes].flatMap((node) => {
    if (node.nodeType === Node.TEXT_NODE) return element instanceof SVGElement ? [] : textLines(node, style, origin);
    return node instanceof Element ? shapesOf(node, origin) : [];
  });
  const hasBox = element instanceof HTMLElement || element.ownerSVGElement === null; // a drawing may have a ground and a border too
  return [...(hasBox ? boxShapes(element, style, origin) : []), ...inner];
}

function drawnShape(shape, style, origin) {
  if (!(shape instanceof SVGGeometryElement || shape.localName === "text") || isCut(shape)) return [];
  const matrix = origin.multiply(DOMMatrix.fromMatrix(shape.getScreenCTM()));
  const paint = paintOf(style);
  if (shape.localName === "text") return [element("text", { ...paint, ...fontOf(style), ...placeOf(shape, style), transform: said(matrix) }, shape.textContent)];
  if (shape.localName === "line" || shape.localName === "polyline") return [element("path", { ...paint, d: throughPoints(shape, matrix) })];
  const lengths = (LENGTHS[shape.localName] ?? []).map((name) => [name, shape[name].baseVal.value]);
  const outline = shape.localName === "path" ? { d: shape.getAttribute("d") } : Object.fromEntries(lengths);
  return [element(shape.localName, { ...paint, ...outline, transform: said(matrix) })];
}

/** Whether its drawing cuts it off: words in part, or any shape for the most part. */
function isCut(shape) {
  let drawing = shape.ownerSVGElement;
  while (drawing.ownerSVGElement) drawing = drawing.ownerSVGElement;
  if (getComputedStyle(drawing).overflow === "visible") return false;
  const [inner, outer] = [shape, drawing].map((each) => each.getBoundingClientRect());
  const air = shape.localName === "text" ? 2 : Math.max(inner.width, inner.height) / 2 + 1;
  return inner.left < outer.left - air || inner.right > outer.right + air || inner.top < outer.top - air || inner.bottom > outer.bottom + air;
}

function placeOf(text, style) {
  const [x, y, dx, dy] = ["x", "y", "dx", "dy"].map((name) => (text[name].baseVal.length > 0 ? text[name].baseVal[0].value : 0));
  return { x: x + dx, y: y + dy, "text-anchor": style.textAnchor };
}

/** A line of one width in a drawing of any shape: its points are moved, not its pen. */
function throughPoints(shape, matrix) {
  const points = shape.localName === "polyline" ? [...shape.points] : [1, 2].map((end) => new DOMPoint(shape[`x${end}`].baseVal.value, shape[`y${end}`].baseVal.value));
  return `M${points.map((point) => DOMPoint.fromPoint(point).matrixTransform(matrix)).map(({ x, y }) => `${round(x)} ${round(y)}`).join("L")}`;
}

function paintOf(style) {
  const [fill, stroke] = [plain(style.fill), plain(style.stroke)];
  const opacity = Number(style.opacity);
  const lines = { stroke: stroke.hex, "stroke-opacity": stroke.alpha * opacity, "stroke-width": parseFloat(style.strokeWidth), "stroke-dasharray": style.strokeDasharray };
  return { fill: fill.hex, "fill-opacity": fill.alpha * opacity, ...(stroke.alpha > 0 ? lines : { stroke: "none" }), ...(style.paintOrder === "normal" ? {} : { "paint-order": style.paintOrder }) };
}

function fontOf(style) {
  return { "font-family": style.fontFamily, "font-size": style.fontSize, "font-weight": style.fontWeight };
}

/** The lines of a text as the page has broken it. */
function textLines(node, style, origin) {
  const lines = [];
  for (const { text, box } of wordsOf(node)) {
    const last = lines.at(-1);
    if (last && Math.abs(last.box.top - box.top) < 2) last.text += (box.left - last.right > 1 ? " " : "") + text;
    else lines.push({ text, box });
    lines.at(-1).right = box.right;
  }
  const colour = plain(style.color);
  if (lines.length > 0 && node === node.parentElement.firstChild) putSign(lines[0], node.parentElement, style);
  return lines.map(({ text, box }) => {
    const baseline = box.top + box.height * ascent(style);
    return element("text", { ...fontOf(style), fill: colour.hex, "fill-opacity": colour.alpha, x: round(box.left + origin.e), y: round(baseline + origin.f) }, text);
  });
}

/** The style sheet writes a sign before some texts: ✓, ✕ or ◷. */
function putSign(line, parent, style) {
  const { content, position } = getComputedStyle(parent, "::before");
  const sign = position === "static" ? /^"(.+)"$/.exec(content)?.[1] : undefined;
  if (sign === undefined) return;
  line.text = sign + line.text;
  line.box = new DOMRect(line.box.x - widthOf(sign, fontSaid(style)), line.box.y, line.box.width, line.box.height);
}

/** Words with their boxes: a word that the page has broken is several. */
function wordsOf(node) {
  const range = document.createRange();
  const boxesOf = ([from, to]) => {
    range.setStart(node, from);
    range.setEnd(node, to);
    return [...range.getClientRects()].filter(({ width }) => width > 0);
  };
  const ends = [...node.data.matchAll(/\S+/g)].map(({ 0: word, index }) => [index, index + word.length]);
  const pieces = ends.flatMap(([from, to]) => (boxesOf([from, to]).length < 2 ? [[from, to]] : [...node.data.slice(from, to)].map((_, at) => [from + at, from + at + 1])));
  return pieces.flatMap((ends) => boxesOf(ends).slice(0, 1).map((box) => ({ text: node.data.slice(...ends), box })));
}

const pencil = document.createElement("canvas").getContext("2d");

/** The share of a line's box that is above its baseline. */
function ascent(style) {
  pencil.font = fontSaid(style);
  const { fontBoundingBoxAscent: above, fontBoundingBoxDescent: below } = pencil.measureText("x");
  return above / (above + below);
}

function fontSaid({ fontWeight, fontSize, fontFamily }) {
  return `${fontWeight} ${fontSize} ${fontFamily}`;
}

function said({ a, b, c, d, e, f }) {
  return `matrix(${[a, b, c, d, e, f].map(round).join(" ")})`;
}

function round(value) {
  return Math.round(value * 100) / 100;
}
