// Texts that have only so much room: measured, broken into lines, and shortened at the end if that is not enough.

const pencil = document.createElement("canvas").getContext("2d");
const BREAKS = /(?<=[ _:·])|(?=\/)/; // where a line may end

/** A function that tells whether a text in this font is no wider than `width` px. */
export function fitting(font, width) {
  return (text) => widthOf(text, font) <= width;
}

export function widthOf(text, font) {
  pencil.font = font;
  return pencil.measureText(text).width;
}

/** The text in at most `most` lines that all fit. Where a line ends, no point is needed to part what follows. */
export function wrapped(text, fits, most) {
  const lines = [""];
  for (const word of text.split(BREAKS)) {
    const isLong = !fits(word.trimEnd()); // it begins on a line of its own
    if (isLong && lines.at(-1) !== "") lines.push("");
    for (const piece of isLong ? word : [word]) {
      if (fits((lines.at(-1) + piece).trimEnd())) lines[lines.length - 1] += piece;
      else lines.push(piece.trimStart());
    }
  }
  const rest = lines.splice(most - 1).join("");
  return [...lines, fits(rest.trim()) ? rest : shortened(rest, fits)].map((line) => line.trim().replace(/^· | ·$/g, "")).filter(Boolean);
}

/** Its beginning, and what follows the last point: how long it took, or whose it is. */
function shortened(text, fits) {
  const tail = text.slice(text.lastIndexOf(" · ")).match(/^ · .*/)?.[0] ?? "";
  let end = text.length - tail.length;
  while (end > 0 && !fits(`${text.slice(0, end)}…${tail}`)) end--;
  return end === 0 && tail !== "" ? shortened(text.slice(0, -tail.length), fits) : `${text.slice(0, end).trimEnd()}…${tail}`;
}
