// Ticks on a line per approach. The line moves with each round of requests. With prefers-reduced-motion it fills the
// width, then starts again.

const SVG = "http://www.w3.org/2000/svg";
const PX_PER_MS = 0.02;
const LANE_PX = 40; // 2.5 rem in the style sheet at 16 px per rem; everything scales with it
const TOP_PX = 40;
const SHAPES = { known: "M0 -10V10", refused: "M-2.2 -5L2.2 5M-2.2 5L2.2 -5", broken: "M-2 0H2", changed: "M-2 0H2" };
const still = matchMedia("(prefers-reduced-motion: reduce)");

export class Timeline {
  constructor(svg, lanes) {
    this.svg = svg;
    this.lanes = lanes;
    this.began = performance.now();
    this.layer = svg.appendChild(element("g"));
    this.marks = 0;
  }

  x(at) {
    return (at - this.began) * PX_PER_MS;
  }

  move(now) {
    const scale = Number.parseFloat(getComputedStyle(document.documentElement).fontSize) / 16;
    const width = this.svg.clientWidth / scale;
    this.svg.setAttribute("height", scale * (TOP_PX + LANE_PX * this.lanes.length));
    const head = this.x(now);
    this.left = still.matches ? Math.floor(head / width) * width : head - width + 8;
    this.layer.setAttribute("transform", `scale(${scale}) translate(${-this.left} 0)`);
    while (this.layer.firstChild && Number(this.layer.firstChild.dataset.x) < this.left - width) this.layer.firstChild.remove();
  }

  tick(lane, { node, verdict }, at) {
    const y = TOP_PX + LANE_PX * (this.lanes.indexOf(lane) + 0.5);
    const tick = this.place(element("path"), at, y);
    tick.setAttribute("class", "tick");
    tick.setAttribute("d", SHAPES[verdict]);
    tick.dataset.verdict = verdict;
    tick.dataset.lane = lane;
    tick.dataset.by = node ?? "";
  }

  mark(text, at) {
    const group = this.place(element("g"), at, 0);
    group.setAttribute("class", "mark");
    const line = group.appendChild(element("path"));
    line.setAttribute("d", `M0 ${TOP_PX / 2}V${TOP_PX + LANE_PX * this.lanes.length}`);
    const label = group.appendChild(element("text"));
    // The newest mark is at the right edge, so its label is to the left of it. Two rows keep neighbouring labels apart.
    label.setAttribute("text-anchor", still.matches ? "start" : "end");
    label.setAttribute("y", 12 + 16 * (this.marks++ % 2));
    label.textContent = text;
  }

  place(shape, at, y) {
    shape.dataset.x = this.x(at);
    shape.setAttribute("transform", `translate(${this.x(at)} ${y})`);
    return this.layer.appendChild(shape);
  }
}

function element(name) {
  return document.createElementNS(SVG, name);
}
