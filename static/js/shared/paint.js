// Paint a picture on a canvas, shape by shape: an image of it would be a source that the page's policy forbids.

const SCALE = 2;
const SHAPES = "path, circle, rect, text";

/** The picture as a PNG blob, in double size. Every style of its shapes is an attribute. */
export function painted(picture) {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = ["width", "height"].map((name) => SCALE * Number(picture.getAttribute(name)));
  const brush = canvas.getContext("2d");
  brush.scale(SCALE, SCALE);
  for (const shape of picture.querySelectorAll(SHAPES)) paint(brush, shape);
  return new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
}

function paint(brush, shape) {
  const get = (name) => shape.getAttribute(name);
  brush.save();
  for (const each of placed(shape)) brush.transform(...each);
  [brush.fillStyle, brush.strokeStyle] = ["fill", "stroke"].map((name) => inked(get(name) ?? "none", get(`${name}-opacity`) ?? 1));
  brush.lineWidth = Number(get("stroke-width") ?? 1);
  brush.setLineDash((get("stroke-dasharray") ?? "").match(/[\d.]+/g)?.map(Number) ?? []);
  if (shape.localName === "text") write(brush, shape, get);
  else {
    const outline = outlineOf(shape.localName, get);
    brush.fill(outline);
    if ((get("stroke") ?? "none") !== "none") brush.stroke(outline);
  }
  brush.restore();
}

/** The transforms of a shape and of the groups that it is in, the outermost first, each as six numbers. */
function placed(shape) {
  const own = shape.getAttribute("transform");
  const numbers = own?.match(/-?[\d.]+/g).map(Number) ?? null;
  const matrix = numbers && (own.startsWith("translate") ? [1, 0, 0, 1, ...numbers] : numbers);
  return [...(shape.parentElement ? placed(shape.parentElement) : []), ...(matrix ? [matrix] : [])];
}

function inked(colour, opacity) {
  if (colour === "none") return "transparent";
  return colour + Math.round(255 * Number(opacity)).toString(16).padStart(2, "0");
}

function outlineOf(name, get) {
  const number = (attribute) => Number(get(attribute) ?? 0);
  const outline = new Path2D(name === "path" ? get("d") : undefined);
  if (name === "circle") outline.arc(number("cx"), number("cy"), number("r"), 0, 2 * Math.PI);
  if (name === "rect") outline.roundRect(number("x"), number("y"), number("width"), number("height"), number("rx"));
  return outline;
}

function write(brush, shape, get) {
  brush.font = `${get("font-weight")} ${get("font-size")} ${get("font-family")}`;
  brush.textAlign = { middle: "center", end: "end" }[get("text-anchor")] ?? "start";
  brush.lineJoin = "round";
  brush.setLineDash([]);
  const place = [shape.textContent, Number(get("x")), Number(get("y"))];
  if ((get("stroke") ?? "none") !== "none") brush.strokeText(...place); // the halo, under the letters
  brush.fillText(...place);
}
