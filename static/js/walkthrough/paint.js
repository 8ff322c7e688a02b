// Paint one of our drawings on a canvas, shape by shape: an image of it would be a source that the page's policy forbids.

const SCALE = 2;
const SHAPES = "path, circle, rect, text";

/** The drawing as a PNG blob, in double size. Every style of its shapes is an attribute. */
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
  if (get("display") === "none") return;
  brush.save();
  const [x, y] = (shape.closest("[transform]")?.getAttribute("transform").match(/[\d.]+/g) ?? [0, 0]).map(Number);
  brush.translate(x, y);
  [brush.fillStyle, brush.strokeStyle] = [get("fill"), get("stroke") ?? "none"].map((colour) => (colour === "none" ? "transparent" : colour));
  brush.lineWidth = parseFloat(get("stroke-width") ?? "1");
  brush.setLineDash((get("stroke-dasharray") ?? "").match(/[\d.]+/g)?.map(Number) ?? []);
  if (shape.localName === "text") write(brush, shape, get);
  else {
    const outline = outlineOf(shape.localName, get);
    brush.fill(outline);
    brush.stroke(outline);
  }
  brush.restore();
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
  brush.strokeText(...place); // the halo, under the letters
  brush.fillText(...place);
}
