// A chart or diagram of the page as a picture that stands alone: title, caption, drawing, figures and the page's address.
// SVG, or PNG in double size. It has the colours of the theme in which it is saved.

import { plain } from "./colour.js";
import { fitting, wrapped } from "./label.js";
import { painted } from "./paint.js";
import { shapesIn } from "./shapes.js";
import { element } from "./svg.js";

const MARGIN = 24;
const LEAST = 420; // px: room for words beside a small drawing
const MOST_LINES = 8;
const SPARE = 0.94; // of the width: another machine's letters may be wider
const LINE = 1.4;

/**
 * Save a picture as a file. `kind`: svg or png. `name`: of the file. `parts`: {drawing, title, caption, figures}, an element,
 * a text, and two lists of texts.
 */
export async function savePicture(kind, name, parts) {
  const picture = pictureOf(parts);
  const blob = kind === "svg" ? new Blob([new XMLSerializer().serializeToString(picture)], { type: "image/svg+xml" }) : await painted(picture);
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = `${name}.${kind}`;
  link.click();
  URL.revokeObjectURL(link.href);
}

/** The picture as an SVG element that no style sheet reaches. */
export function pictureOf({ drawing, title, caption = [], figures = [] }) {
  const { shapes, width: drawn, height } = shapesIn(drawing);
  const width = Math.max(drawn, LEAST) + 2 * MARGIN;
  const column = new Column(width, getComputedStyle(document.documentElement));
  column.write(title, { weight: 700, scale: 1.2 });
  column.y += MARGIN / 6;
  for (const text of caption) column.write(text);
  const place = element("g", { transform: `translate(${MARGIN} ${Math.round(column.y + MARGIN / 2)})` });
  place.append(...shapes);
  column.y += height + MARGIN;
  for (const text of figures) column.write(text);
  column.write(location.host + location.pathname + location.search, { scale: 0.85 });
  const size = { width: Math.ceil(width), height: Math.ceil(column.y + MARGIN) };
  const picture = element("svg", { xmlns: "http://www.w3.org/2000/svg", viewBox: `0 0 ${size.width} ${size.height}`, ...size });
  picture.append(element("title", {}, title), element("rect", { ...size, fill: groundOf(drawing) }), ...column.lines, place);
  return picture;
}

/** Words below each other, as wide as the picture. */
class Column {
  constructor(width, style) {
    [this.width, this.y, this.lines] = [(width - 2 * MARGIN) * SPARE, MARGIN / 2, []];
    [this.family, this.ink] = [style.fontFamily, plain(style.color).hex];
    this.type_px = Math.min(parseFloat(style.fontSize), 20);
  }

  write(text, { weight = 400, scale = 0.9 } = {}) {
    const [type_px, step] = [this.type_px * scale, this.type_px * scale * LINE];
    for (const line of wrapped(text, fitting(`${weight} ${type_px}px ${this.family}`, this.width), MOST_LINES)) {
      this.y += step;
      const place = { x: MARGIN, y: Math.round(this.y), fill: this.ink, "fill-opacity": 1 };
      this.lines.push(element("text", { ...place, "font-family": this.family, "font-size": `${type_px}px`, "font-weight": weight }, line));
    }
  }
}

function groundOf(drawing) {
  for (let each = drawing; each; each = each.parentElement) {
    const { hex, alpha } = plain(getComputedStyle(each).backgroundColor);
    if (alpha === 1) return hex;
  }
  return "#ffffff";
}
