// A chart as a picture that stands alone: the finding, the chart, its figures, and the run. SVG, or PNG in double size.
const SVG = "http://www.w3.org/2000/svg";
const [WIDTH, HEIGHT, MARGIN, SCALE] = [1000, 520, 24, 2];
const pencil = document.createElement("canvas").getContext("2d");

const make = (name, attributes, text = "") => {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.textContent = text;
  return made;
};

// Lines that fit: a text is broken between words.
const broken = (text, font) => {
  pencil.font = font;
  const lines = [""];
  for (const word of text.split(" ")) {
    const longer = `${lines.at(-1)} ${word}`.trim();
    if (pencil.measureText(longer).width <= 0.94 * WIDTH) lines[lines.length - 1] = longer; // letters elsewhere may be wider
    else lines.push(word);
  }
  return lines;
};

const drawn = async ({ data, layout }) => {
  const sized = { data, layout: { ...layout, margin: { ...layout.margin, b: 70 }, width: WIDTH, height: HEIGHT } };
  const address = await Plotly.toImage(sized, { format: "svg", width: WIDTH, height: HEIGHT, scale: 1 });
  const text = decodeURIComponent(address.slice(address.indexOf(",") + 1));
  return document.adoptNode(new DOMParser().parseFromString(text, "image/svg+xml").documentElement);
};

const pictureOf = async (chart) => {
  const { said, [chosen.theme]: figure } = figures[chart][chosen.language];
  const { family, color } = figure.layout.font;
  const picture = make("svg", { xmlns: SVG });
  const ground = picture.appendChild(make("rect", { fill: figure.layout.paper_bgcolor }));
  let y = MARGIN / 2;
  const write = (text, size, weight = 400) => {
    for (const line of broken(text, `${weight} ${size}px ${family}`)) {
      y += size * 1.4;
      picture.append(make("text", { x: MARGIN, y, fill: color, "font-family": family, "font-size": size, "font-weight": weight }, line));
    }
  };
  write(said.title, 20, 700);
  const chartDrawn = picture.appendChild(await drawn(figure));
  for (const [name, value] of Object.entries({ x: MARGIN, y: y + MARGIN / 2 })) chartDrawn.setAttribute(name, value);
  y += HEIGHT + MARGIN;
  for (const text of said.figures) write(text, 15);
  write(said.run, 13);
  const [width, height] = [WIDTH + 2 * MARGIN, Math.ceil(y + MARGIN)];
  for (const [name, value] of Object.entries({ width, height })) ground.setAttribute(name, value);
  for (const [name, value] of Object.entries({ viewBox: `0 0 ${width} ${height}`, width: SCALE * width, height: SCALE * height })) picture.setAttribute(name, value);
  return new XMLSerializer().serializeToString(picture);
};

const painted = async (text) => {
  const image = new Image();
  image.src = `data:image/svg+xml,${encodeURIComponent(text)}`;
  await image.decode();
  const canvas = Object.assign(document.createElement("canvas"), { width: image.width, height: image.height });
  canvas.getContext("2d").drawImage(image, 0, 0);
  return new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
};

document.addEventListener("click", async ({ target }) => {
  const { save, of } = target.dataset;
  if (!save) return;
  const text = await pictureOf(of);
  const blob = save === "svg" ? new Blob([text], { type: "image/svg+xml" }) : await painted(text);
  const { file } = figures[of][chosen.language].said;
  const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(blob), download: `${file}.${save}` });
  link.click();
  URL.revokeObjectURL(link.href);
});
