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

/** The text in at most `most` lines that all fit. */
export function wrapped(text, fits, most) {
  const lines = [""];
  for (const piece of text.split(BREAKS).flatMap((word) => (fits(word.trimEnd()) ? [word] : [...word]))) {
    if (fits((lines.at(-1) + piece).trimEnd())) lines[lines.length - 1] += piece;
    else lines.push(piece.trimStart());
  }
  const rest = lines.splice(most - 1).join("");
  return [...lines, fits(rest.trim()) ? rest : shortened(rest, fits)].map((line) => line.trim()).filter(Boolean);
}

function shortened(text, fits) {
  let end = text.length;
  while (end > 0 && !fits(`${text.slice(0, end)}…`)) end--;
  return `${text.slice(0, end)}…`;
}
