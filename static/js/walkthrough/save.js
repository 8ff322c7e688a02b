// The diagram as a picture for slides: with its question, its step, its result and its figures. SVG, or PNG in double size.

import { fill, microseconds, say } from "../shared/words.js";
import { partsOf } from "./inside.js";
import { fitting, wrapped } from "./label.js";
import { painted } from "./paint.js";
import { withoutNumber } from "./rail.js";

const SVG = "http://www.w3.org/2000/svg";
const STYLES = ["fill", "stroke", "stroke-width", "stroke-dasharray", "paint-order", "font-family", "font-size", "font-weight", "display"];
const MARGIN = 24;
const MOST_LINES = 3;

/** Save the diagram of a step as a file. `kind`: svg or png. */
export async function savePicture(kind, walk, index) {
  const picture = pictureOf(document.querySelector("[data-diagram] svg"), captionOf(walk, index), figuresOf(walk.results[index]));
  const blob = kind === "svg" ? new Blob([new XMLSerializer().serializeToString(picture)], { type: "image/svg+xml" }) : await painted(picture);
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = `${walk.story.slug}-${walk.story.steps[index].id}.${kind}`;
  link.click();
  URL.revokeObjectURL(link.href);
}

function captionOf({ story, start }, index) {
  return [document.querySelector("h1").textContent, `${index + 1}. ${withoutNumber(fill(story.steps[index].title, start.values))}`];
}

/** The result in a sentence, and what each part of the answer took. */
function figuresOf(result) {
  const said = [...document.querySelectorAll("[data-outcome] > p:first-child")].map((line) => line.textContent);
  const taken = (result?.answers ?? []).map(({ node, timing }) => `${node}: ${partsOf(timing).map(([name, us]) => `${say(`part.${name}`)} ${microseconds(us)}`).join(" · ")}`);
  return [...said, ...taken, location.host + location.pathname];
}

/** A drawing that stands alone: every style is written into it. */
function pictureOf(svg, [question, step], figures) {
  const style = getComputedStyle(svg);
  const [width, height] = [svg.width.baseVal.value + 2 * MARGIN, svg.height.baseVal.value];
  const type_px = parseFloat(style.fontSize);
  const [ink, paper, family] = [style.color, getComputedStyle(svg.parentElement).backgroundColor, getComputedStyle(document.body).fontFamily];
  const picture = document.createElementNS(SVG, "svg");
  const ground = picture.appendChild(document.createElementNS(SVG, "rect"));
  let y = MARGIN;
  const write = (text, weight) => {
    for (const line of wrapped(text, fitting(`${weight} ${type_px}px ${family}`, width - 2 * MARGIN), MOST_LINES)) {
      y += type_px * 1.4;
      const element = picture.appendChild(document.createElementNS(SVG, "text"));
      set(element, { x: MARGIN, y, fill: ink, "font-family": family, "font-size": `${type_px}px`, "font-weight": weight });
      element.textContent = line;
    }
  };
  write(question, 700);
  write(step, 400);
  const drawing = picture.appendChild(document.createElementNS(SVG, "g"));
  set(drawing, { transform: `translate(${MARGIN} ${y + MARGIN / 2})` });
  drawing.append(...styled(svg).childNodes);
  y += height + MARGIN / 2;
  for (const text of figures) write(text, 400);
  set(ground, { width, height: y + MARGIN, fill: paper });
  set(picture, { xmlns: SVG, viewBox: `0 0 ${width} ${y + MARGIN}`, width, height: y + MARGIN });
  return picture;
}

function styled(svg) {
  const copy = svg.cloneNode(true);
  const [originals, copies] = [svg, copy].map((root) => [...root.querySelectorAll("*")]);
  originals.forEach((original, index) => {
    const style = getComputedStyle(original);
    for (const name of STYLES) copies[index].setAttribute(name, style.getPropertyValue(name));
    copies[index].removeAttribute("class");
  });
  return copy;
}

function set(element, attributes) {
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
}
