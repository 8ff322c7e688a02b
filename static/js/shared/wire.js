// The request and the response of a step, line by line, with highlighted lines.

import { LONG, shortened } from "./secret.js";
import { make, number, say } from "./words.js";

const COMMON = new Set([
  "host", "connection", "date", "server", "accept", "origin", "sec-fetch-site", "content-length", "vary", "cache-control", "content-security-policy",
  "x-content-type-options", "referrer-policy", "cross-origin-opener-policy", "cross-origin-resource-policy", "server-timing",
]);

const ONE_LINE = 140; // characters
const MOST_LINES = 12; // of a body

/** Draw both messages. `lookAt`: the lines to highlight. */
export function drawWire(place, lookAt, answer) {
  const { request, response } = answer.wire;
  place.replaceChildren(
    message("request", `${request.method} ${request.path}`, request.headers, request.body, lookAt),
    message("response", response.status, response.headers, answer.text, lookAt),
  );
}

function message(side, first, headers, body, lookAt) {
  const telling = (what) => lookAt.includes(`${side} ${what}`);
  const box = make("div", "message", make("h3", "", say(side)));
  box.dataset.side = side;
  box.append(line(first, telling("line") || telling("status")));
  const shown = ([name]) => !COMMON.has(name.toLowerCase()) || telling(name);
  for (const [name, value] of headers.filter(shown)) box.append(line(`${name}: ${value}`, telling(name)));
  const others = headers.filter((header) => !shown(header));
  if (others.length > 0) {
    const summary = make("summary", "small", say("other_headers", { count: others.length }));
    box.append(make("details", "", summary, ...others.map(([name, value]) => line(`${name}: ${value}`, false))));
  }
  if (body) box.append(make("div", "gap"), ...bodyOf(pretty(body).split("\n"), telling("body")));
  return box;
}

/** The lines of a body. Of a long one only the first, until the rest is asked for. */
function bodyOf(lines, telling) {
  const drawn = (texts) => texts.map((text) => line(text, telling));
  if (lines.length <= MOST_LINES) return drawn(lines);
  const more = make("button", "secret rest", `… ${say("more")} (${number(lines.length)})`);
  more.type = "button";
  more.addEventListener("click", () => more.replaceWith(...drawn(lines.slice(MOST_LINES))));
  return [...drawn(lines.slice(0, MOST_LINES)), more];
}

/** A line in monospace, highlighted or not. */
export function line(text, telling) {
  const row = make("p", telling ? "wire-line telling" : "wire-line", ...shortened(text));
  if (telling) row.prepend(make("span", "pointer", "▸ "));
  return row;
}

/** JSON with one field per line, or on a single line if that is short enough after shortening secrets. */
function pretty(body) {
  try {
    const lines = JSON.stringify(JSON.parse(body), null, 1);
    const line = lines.replaceAll(/\n\s*/g, " ");
    return line.replaceAll(LONG, "12345678…").length <= ONE_LINE ? line : lines;
  } catch {
    return body;
  }
}
