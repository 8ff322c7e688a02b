// The page's texts in the reader's language, from its template, and numbers in that language's format.

export const words = JSON.parse(document.getElementById("words").textContent);
export const language = document.documentElement.lang;

/** The text at a dotted path, with its {braces} filled. */
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

/** The same without the unit, for tables with the unit in the head. */
export function figure(us) {
  return number(us, us < 100 ? 1 : 0);
}

/** A number with three significant digits: 0.0033, 1.65, 5,498. */
export function short(value) {
  const digits = Math.abs(value) < 100 ? { maximumSignificantDigits: 3 } : { maximumFractionDigits: 0 };
  return new Intl.NumberFormat(language, digits).format(value);
}

/** Texts with their {braces} filled. A brace without a value stays unchanged. */
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
