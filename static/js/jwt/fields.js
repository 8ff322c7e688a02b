// The fields of a header or a payload. Each is explained under the pointer, with the focus, and where the caret is in the text.

import { now } from "../shared/clock.js";
import { make, say } from "../shared/words.js";

const glossary = JSON.parse(document.getElementById("glossary").textContent);
const language = document.documentElement.lang;
const TIMES = new Set(["exp", "nbf", "iat", "auth_time"]);
const LATEST_S = 8.64e12; // the latest time of a Date
const UNITS = [["day", 86_400], ["hour", 3_600], ["minute", 60], ["second", 1]];

/** Draw a button for each field of this part, and its meaning. */
export function drawFields(part, fields) {
  const section = sectionOf(part);
  const drawn = Object.entries(fields ?? {}).map(([name, value], place) => field(part, name, value, `${part}-${place}`));
  section.querySelector("[data-claims]").replaceChildren(...drawn.map(([button]) => button));
  section.querySelector(".meanings").replaceChildren(section.querySelector("[data-tells]"), ...drawn.map(([, meaning]) => meaning));
  explain(section);
}

/** From now on show the meaning of the field that is pointed at, or else is focused, or else has the caret. */
export function startExplaining(part) {
  const section = sectionOf(part);
  for (const event of ["mouseover", "mouseout", "focusin", "focusout", "keyup", "click"]) {
    section.addEventListener(event, () => explain(section));
  }
}

/** Update every countdown to the server's time. */
export function tick() {
  for (const item of document.querySelectorAll("[data-moment]")) {
    const left = Number(item.dataset.moment) - now();
    const kind = item.dataset.claim === "exp" ? "end" : "moment";
    item.textContent = say(`${kind}.${left > 0 ? "ahead" : "past"}`, { time: duration(Math.abs(left)) });
    item.classList.toggle("shut", kind === "end" && left <= 0);
  }
}

function explain(section) {
  const text = section.querySelector("textarea");
  const button = section.querySelector(".claim:hover") ?? section.querySelector(".claim:focus") ?? buttonOf(section, nameAtCaret(text));
  const meaning = button === undefined ? section.querySelector("[data-tells]") : document.getElementById(button.getAttribute("aria-describedby"));
  for (const each of meaning.parentElement.children) each.classList.toggle("shown", each === meaning);
  for (const each of section.querySelectorAll(".claim")) each.classList.toggle("explained", each === button);
}

function buttonOf(section, name) {
  return [...section.querySelectorAll(".claim")].find((button) => button.dataset.name === name);
}

/** The name at the beginning of the line with the caret. */
function nameAtCaret(text) {
  if (document.activeElement !== text) return null;
  const from = text.value.lastIndexOf("\n", text.selectionStart - 1) + 1;
  return text.value.slice(from).match(/^[^\S\n]*"([^"\n]*)"\s*:/)?.[1];
}

function sectionOf(part) {
  return document.querySelector(`[data-part="${part}"]`);
}

/** At most two units: "14 min 3 s". */
function duration(seconds) {
  const whole = Math.floor(seconds);
  const first = whole === 0 ? UNITS.length - 1 : UNITS.findIndex(([, size]) => whole >= size);
  return UNITS.slice(first, first + 2)
    .map(([unit, size], place) => [unit, Math.floor(place === 0 ? whole / size : (whole % UNITS[first][1]) / size)])
    .map(([unit, count]) => new Intl.NumberFormat(language, { style: "unit", unit, unitDisplay: "short" }).format(count))
    .join(" ");
}

/** A field's button and its meaning. */
function field(part, name, value, id) {
  const isTime = part === "payload" && TIMES.has(name);
  const button = make("button", "claim", make("code", "", name), ...(isTime ? [" ", countdown(name, value)] : []));
  const [told, source] = meaningOf(part, name);
  const meaning = make("p", "", make("code", "", name), ` ${told} `, ...(isTime ? dateOf(value) : []), make("span", "soft", source));
  button.type = "button";
  button.dataset.name = name;
  button.classList.toggle("leaks", Object.hasOwn(glossary.sensitive, name));
  button.setAttribute("aria-describedby", `meaning-${id}`);
  meaning.id = `meaning-${id}`;
  meaning.setAttribute("role", "tooltip");
  return [button, meaning];
}

function meaningOf(part, name) {
  if (Object.hasOwn(glossary.sensitive, name)) return [`✕ ${glossary.sensitive[name]}`, ""];
  return Object.hasOwn(glossary[part], name) ? glossary[part][name] : [say("own_field"), ""];
}

function isMoment(value) {
  return typeof value === "number" && Math.abs(value) <= LATEST_S;
}

function countdown(name, value) {
  if (!isMoment(value)) return make("span", "shut", say("no_date"));
  const counted = make("span", "countdown");
  counted.dataset.moment = value;
  counted.dataset.claim = name;
  return counted;
}

function dateOf(value) {
  if (!isMoment(value)) return [];
  const date = make("time", "", new Date(value * 1000).toLocaleString(language, { dateStyle: "medium", timeStyle: "medium" }));
  date.dateTime = new Date(value * 1000).toISOString();
  return [date, " "];
}
