// The fields of a header or a payload with their meaning. Times are shown as dates with a live countdown.

import { now } from "../shared/clock.js";
import { say } from "../shared/words.js";

const glossary = JSON.parse(document.getElementById("glossary").textContent);
const language = document.documentElement.lang;
const TIMES = new Set(["exp", "nbf", "iat", "auth_time"]);
const LATEST_S = 8.64e12; // the latest time of a Date
const LONGEST = 400; // shown characters of a value
const UNITS = [["day", 86_400], ["hour", 3_600], ["minute", 60], ["second", 1]];

export function drawFields(table, fields, part) {
  const rows = Object.entries(fields ?? {}).map(([name, value]) => row(part, name, value));
  table.hidden = rows.length === 0;
  table.tBodies[0].replaceChildren(...rows);
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

/** At most two units: "14 min 3 s". */
export function duration(seconds) {
  const whole = Math.floor(seconds);
  const first = whole === 0 ? UNITS.length - 1 : UNITS.findIndex(([, size]) => whole >= size);
  return UNITS.slice(first, first + 2)
    .map(([unit, size], place) => [unit, Math.floor(place === 0 ? whole / size : (whole % UNITS[first][1]) / size)])
    .map(([unit, count]) => new Intl.NumberFormat(language, { style: "unit", unit, unitDisplay: "short" }).format(count))
    .join(" ");
}

function row(part, name, value) {
  const line = document.createElement("tr");
  const shown = JSON.stringify(value);
  const held = [element("code", "", shown.length > LONGEST ? `${shown.slice(0, LONGEST)} …` : shown)];
  if (part === "payload" && TIMES.has(name)) held.push(...moment(name, value));
  const [meaning, source] = meaningOf(part, name);
  line.append(cell("name", element("code", "", name)), cell("value", ...held), cell("meaning", `${meaning} `, element("span", "small soft", source)));
  line.classList.toggle("leaks", Object.hasOwn(glossary.sensitive, name));
  return line;
}

function meaningOf(part, name) {
  if (Object.hasOwn(glossary.sensitive, name)) return [`✕ ${glossary.sensitive[name]}`, ""];
  return Object.hasOwn(glossary[part], name) ? glossary[part][name] : [say("own_field"), ""];
}

function moment(name, value) {
  if (typeof value !== "number" || Math.abs(value) > LATEST_S) return [element("span", "small shut", say("no_date"))];
  const date = element("time", "small", new Date(value * 1000).toLocaleString(language, { dateStyle: "medium", timeStyle: "medium" }));
  date.dateTime = new Date(value * 1000).toISOString();
  const countdown = element("span", "small countdown");
  countdown.dataset.moment = value;
  countdown.dataset.claim = name;
  return [date, countdown];
}

function cell(label, ...content) {
  const made = document.createElement("td");
  made.dataset.label = say(`column.${label}`);
  made.append(element("div"));
  made.firstChild.append(...content); // one child, because on a phone the cell is a grid
  return made;
}

function element(name, className = "", text = "") {
  return Object.assign(document.createElement(name), { className, textContent: text });
}
