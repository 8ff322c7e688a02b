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

/** A number with three significant digits: 0.0033, 1.65, 5,498. */
export function short(value) {
  const digits = Math.abs(value) < 100 ? { maximumSignificantDigits: 3 } : { maximumFractionDigits: 0 };
  return new Intl.NumberFormat(language, digits).format(value);
}

/** An element with this class and these children: elements or text. */
export function make(tag, className, ...children) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.append(...children);
  return element;
}
