// Text with long values shortened until they are clicked.

import { make, say } from "./words.js";

export const LONG = /[A-Za-z0-9_-]{24,}(?:\.[A-Za-z0-9_-]+)*/g;
const SHOWN = 8;
const ENDS = 6; // tokens have the same beginning and differ at the end

/** The text as DOM nodes. Each long value is a button. */
export function shortened(text) {
  const nodes = [];
  let from = 0;
  for (const match of text.matchAll(LONG)) {
    nodes.push(text.slice(from, match.index), secret(match[0]));
    from = match.index + match[0].length;
  }
  return [...nodes, text.slice(from)];
}

function secret(value) {
  const button = make("button", "secret");
  button.type = "button";
  let open = true;
  const toggle = () => {
    open = !open;
    button.textContent = open ? value : short(value);
    button.title = say(open ? "less" : "more");
    button.setAttribute("aria-expanded", String(open));
  };
  button.addEventListener("click", toggle);
  toggle();
  return button;
}

function short(value) {
  return value.includes(".") ? `${value.slice(0, ENDS)}…${value.slice(-ENDS)}` : `${value.slice(0, SHOWN)}…`;
}
