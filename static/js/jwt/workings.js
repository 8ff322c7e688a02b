// The workings of base64url (RFC 4648 §5), drawn: characters over their UTF-8 bytes, bits in eights and in sixes, letters.

import { make, say } from "../shared/words.js";

const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const encoder = new TextEncoder();

export function bytesOf(text) {
  return encoder.encode(text);
}

/** Each character over its bytes in hex. */
export function charactersList(text) {
  return make("ol", "characters", ...[...text].map((character) => {
    const bytes = [...bytesOf(character)].map(inHex);
    const item = make("li", "", make("span", "", character === " " ? "␠" : character), make("code", "", bytes.join(" ")));
    item.dataset.bytes = bytes.length;
    return item;
  }));
}

/** Bytes in hex, eight in a row. */
export function bytesTable(bytes) {
  const rows = Array.from({ length: Math.ceil(bytes.length / 8) }, (_, row) => [...bytes.slice(8 * row, 8 * row + 8)]);
  return make("table", "working", make("tbody", "", ...rows.map((row) => make("tr", "", ...row.map((byte) => make("td", "", inHex(byte)))))));
}

/** Three bytes a row, in hex and in bits, and the same bits in groups of six. */
export function groupsTable(bytes) {
  return table(["hex", "bits", "groups"], threes(bytes).map((three) => [three.map(inHex).join(" "), three.map(inBits).join(" "), grouped(three).join(" ")]));
}

/** Each group of six bits, its number from 0 to 63, and that number's letter. */
export function lettersTable(bytes) {
  return table(["groups", "numbers", "letters"], threes(bytes).map((three) => {
    const numbers = grouped(three).map((group) => parseInt(group, 2));
    return [grouped(three).join(" "), numbers.join(" "), numbers.map((value) => LETTERS[value]).join(" ")];
  }));
}

function table(names, rows) {
  const head = make("tr", "", ...names.map((name) => Object.assign(make("th", "", say(`hand.column.${name}`)), { scope: "col" })));
  const body = rows.map((cells) => make("tr", "", ...cells.map((text) => make("td", "", text))));
  return make("table", "working", make("thead", "", head), make("tbody", "", ...body));
}

function threes(bytes) {
  return Array.from({ length: Math.ceil(bytes.length / 3) }, (_, row) => [...bytes.slice(3 * row, 3 * row + 3)]);
}

/** The bits of up to three bytes in groups of six. Zeros fill the last group. */
function grouped(three) {
  const bits = three.map(inBits).join("");
  return Array.from({ length: Math.ceil(bits.length / 6) }, (_, group) => bits.slice(6 * group, 6 * group + 6).padEnd(6, "0"));
}

function inHex(byte) {
  return byte.toString(16).padStart(2, "0");
}

function inBits(byte) {
  return byte.toString(2).padStart(8, "0");
}
