// The lab's own traffic, captured on request: http messages with the secrets marked, and TLS records.

import { make, number, say, words } from "../shared/words.js";

const PATIENCE_MS = 30_000;

const section = document.getElementById("capture");
const button = section.querySelector("[data-capture]");
const status = section.querySelector("[data-capture-status]");
const captured = section.querySelector("[data-captured]");
const over = (name) => section.querySelector(`[data-over="${name}"]`);

async function capture() {
  button.disabled = true;
  status.textContent = say("capture.busy");
  try {
    const response = await fetch("/tcp/capture", { method: "POST", signal: AbortSignal.timeout(PATIENCE_MS) });
    const told = await response.json();
    document.dispatchEvent(new CustomEvent("answered", { detail: { node: response.headers.get("X-Node") } }));
    status.textContent = response.ok ? say("capture.done") : [told.title, told.detail].filter(Boolean).join(". ");
    if (response.ok) show(told);
  } catch {
    status.textContent = say("capture.failed");
  }
  button.disabled = false;
}

function show({ http, tls }) {
  captured.hidden = false;
  put(over("http"), "[data-found]", say("capture.readable", { cookie: http.cookie_seen, password: http.password_seen }));
  put(over("http"), "[data-copied]", say("capture.copied", { ...http.copied, after: http.after_logout.status }));
  const secrets = [http.cookie.split("=")[1], http.password];
  over("http").querySelector("[data-messages]").replaceChildren(...http.messages.map((message) => drawMessage(message, secrets)));
  const searched = { bytes: number(tls.bytes), cookie: tls.cookie_seen, password: tls.password_seen };
  put(over("tls"), "[data-found]", say("capture.hidden", searched));
  over("tls").querySelector("[data-records]").replaceChildren(...tls.records.map(drawRecord));
}

function drawMessage({ from, bytes, text }, secrets) {
  const head = make("p", "small soft", say("capture.message", { who: say(`who.${from}`), bytes: number(bytes) }));
  const body = make("pre", "", ...marked(text, secrets));
  body.tabIndex = 0;
  return make("li", "", head, body);
}

/** The text, with every secret in it marked. */
function marked(text, secrets) {
  const pattern = new RegExp(`(${secrets.join("|")})`); // letters, digits, - and _ only
  return text.split(pattern).map((part) => (secrets.includes(part) ? make("mark", "", part) : part));
}

function drawRecord({ from, type, bytes, first }) {
  const kind = words.record[type] ?? type;
  return make(
    "tr",
    "",
    make("td", "", say(`who.${from}`)),
    make("td", "", kind),
    make("td", "number", number(bytes)),
    make("td", "", make("code", "", `${first} …`)),
  );
}

function put(place, selector, text) {
  place.querySelector(selector).textContent = text;
}

button.addEventListener("click", capture);
