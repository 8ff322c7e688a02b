// Where everything of the sequence diagram stands, in px. Data only; diagram.js draws it.

import { fitting, widthOf, wrapped } from "../shared/label.js";

// In the height of a letter.
const LINE = 1.3;
export const GAP = 0.75; // below an arrow
const BEFORE_ARROW = 0.4;
const AIR = 1.2; // at both ends of a label together

/** Lay out heads {title, holds, isChanged} and rows. `type_px`: the size of a letter. `most`: lines of a label. `stretch`: of
 * the gaps between rows. */
export function layOut(columns, heads, rows, { width, type_px, fonts, most, stretch = 1 }) {
  const places = placesOf(columns, heads, { width, type_px, fonts });
  const line = type_px * LINE;
  const tallest = Math.max(...places.map(({ lines }) => lines.length));
  let y = tallest * line + type_px * 0.6;
  const top = y;
  const placed = rows.map((row) => {
    const made = row.isNew ? rowAt(row, y, places, { type_px, fonts, most }) : lineAt(row, y, { width, type_px, fonts });
    y = made.bottom + type_px * GAP * (row.isNew ? stretch : 1);
    return made;
  });
  return { width, height: Math.ceil(y), top, line, type_px, places, rows: placed };
}

/** The columns: as far apart as the names of the outer ones allow, so that arrows are long. */
function placesOf(columns, heads, { width, type_px, fonts }) {
  const room = width / columns.length - type_px * 0.6;
  const named = columns.map((name) => {
    const { title, holds, isChanged } = heads[name];
    const names = wrapped(title, fitting(fonts.head, room), 2);
    const held = holds === "" ? [] : wrapped(holds, fitting(fonts.told, room), 2);
    const widths = [...names.map((text) => widthOf(text, fonts.head)), ...held.map((text) => widthOf(text, fonts.told))];
    return { name, lines: [...names, ...held], held: held.length, isChanged, half: Math.max(...widths) / 2 };
  });
  const margin = Math.max(named[0].half, named.at(-1).half, type_px);
  const gap = (width - 2 * margin) / Math.max(named.length - 1, 1);
  return named.map((each, index) => ({ ...each, x: margin + index * gap, gap }));
}

/** A line about what is past: it has the whole width, and covers the columns' lines. */
function lineAt(row, y, { width, type_px, fonts }) {
  const textX = badge(row, type_px) + type_px * 0.5;
  const lines = wrapped(row.text, fitting(fonts.what, width - textX), 1);
  const line = type_px * LINE;
  const ground = { x: 0, y, width: textX + widthOf(lines.join(""), fonts.what) + type_px * 0.5, height: line };
  return { ...row, lines, ground, x1: badge(row, type_px) / 2, y: y + line / 2, textX, textY: y, anchor: "start", bottom: y + line - type_px * 0.35 };
}

function rowAt(row, y, places, { type_px, fonts, most }) {
  const at = (name) => places.find((place) => place.name === name);
  const start = at(row.from);
  const end = row.to === undefined ? undefined : at(row.to);
  const line = type_px * LINE;
  const room = (end ? Math.abs(end.x - start.x) : start.gap) - type_px * AIR - badge(row, type_px);
  const lines = wrapped(row.text, fitting(row.isTold ? fonts.told : fonts.what, room), most);
  const height = lines.length * line;
  if (end) {
    const arrow = y + height + type_px * BEFORE_ARROW;
    return { ...row, lines, x1: start.x, x2: end.x, y: arrow, textX: (start.x + end.x) / 2, textY: y, anchor: "middle", bottom: arrow };
  }
  const isLast = start === places.at(-1);
  const textX = start.x + (isLast ? -1 : 1) * (type_px * 0.7 + badge(row, type_px) / 2);
  return { ...row, lines, x1: start.x, x2: start.x, y: y + line / 2, textX, textY: y, anchor: isLast ? "end" : "start", bottom: y + height };
}

/** The width of a row's number on its line. */
export function badge({ numbers }, type_px) {
  return numbers.length === 0 ? 0 : type_px * (0.7 + 0.62 * numbers.join(",").length);
}
