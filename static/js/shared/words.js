// The page's words, which its template renders in the reader's language, and numbers as that language writes them.

export const words = JSON.parse(document.getElementById("words").textContent);
export const language = document.documentElement.lang;

/** The words at a dotted path, their {braces} filled. */
export function say(path, values = {}) {
  const text = path.split(".").reduce((found, key) => found[key], words);
  return text.replaceAll(/\{(\w+)\}/g, (_, key) => values[key]);
}

export function number(value, digits = 0) {
  return new Intl.NumberFormat(language, { minimumFractionDigits: digits, maximumFractionDigits: digits }).format(value);
}

/** Microseconds: one decimal up to 100, then none. */
export function microseconds(us) {
  return `${figure(us)} µs`;
}

/** The same without its unit, for a table that has it in its head. */
export function figure(us) {
  return number(us, us < 100 ? 1 : 0);
}

/** A number in three digits: 0.0033, 1.65, 5,498. */
export function short(value) {
  const digits = Math.abs(value) < 100 ? { maximumSignificantDigits: 3 } : { maximumFractionDigits: 0 };
  return new Intl.NumberFormat(language, digits).format(value);
}

/** Texts with their {braces} filled; what has no value stays as it is. */
export function fill(text, values) {
  return text.replaceAll(/\{(\w+)\}/g, (braces, name) => values[name] ?? braces);
}

/** An element with this class and these children: elements or text. */
export function make(tag, className, ...children) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.append(...children);
  return element;
}
