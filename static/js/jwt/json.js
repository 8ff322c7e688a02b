// JSON text, indented or compact. Only its white space changes: long numbers and repeated names stay as they are written.

const PIECES = /"(?:[^"\\]|\\.)*"|[{[]\s*[}\]]|[{}[\],:]|[^\s{}[\],:"]+/g;
const DEEPEST = 20; // steps of indentation

/** Without white space between the values. Text that is not JSON stays as it is. */
export function compact(text) {
  return isJson(text) ? pieces(text).join("") : text;
}

/** One name or value a line. Text that is not JSON stays as it is. */
export function indented(text) {
  if (!isJson(text)) return text;
  let depth = 0;
  const line = (step) => {
    depth += step;
    return `\n${"  ".repeat(Math.min(depth, DEEPEST))}`;
  };
  const laidOut = {
    "{": () => `{${line(1)}`, "[": () => `[${line(1)}`,
    "}": () => `${line(-1)}}`, "]": () => `${line(-1)}]`,
    ",": () => `,${line(0)}`, ":": () => ": ",
  };
  return pieces(text).map((piece) => laidOut[piece]?.() ?? piece).join("");
}

function pieces(text) {
  return text.match(PIECES).map((piece) => (piece.startsWith('"') ? piece : piece.replaceAll(/\s/g, "")));
}

function isJson(text) {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
