// Update the plan whenever an input changes. The server computes and draws it; its HTML replaces the old one.

import { attach } from "./slider.js";

const PAUSE_MS = 200; // waits until a number is typed
const form = document.querySelector("[data-plan]");
const places = [...document.querySelectorAll("[data-renewed]")]; // finding, results, constants
const complaint = document.querySelector("[data-complaint]");
const said = document.querySelector("[data-said]"); // for screen readers: the results themselves are replaced each time
let asked = 0;
let waiting;

for (const slider of form.querySelectorAll("[data-slides]")) {
  attach(slider, form.elements[slider.dataset.slides]);
}

form.addEventListener("input", () => {
  clearTimeout(waiting);
  waiting = setTimeout(reckon, PAUSE_MS);
});
// A browser cannot say what is wrong with an input that is out of sight.
form.addEventListener("invalid", ({ target }) => target.closest("details")?.setAttribute("open", ""), true);
form.addEventListener("submit", (event) => {
  event.preventDefault();
  clearTimeout(waiting);
  if (form.reportValidity()) reckon();
});

async function reckon() {
  if (!form.checkValidity()) return mark(false);
  const turn = ++asked;
  const address = `${form.action}?${new URLSearchParams(new FormData(form))}`;
  try {
    const response = await fetch(address, { headers: { Accept: "text/html" } });
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    if (turn === asked) show(response, page, address);
  } catch {
    if (turn === asked) mark(false);
  }
}

function show(response, page, address) {
  complaint.textContent = page.querySelector("[data-complaint]")?.textContent ?? "";
  document.dispatchEvent(new CustomEvent("answered", { detail: { node: response.headers.get("X-Node") } }));
  mark(response.ok);
  if (!response.ok) return;
  for (const place of places) renew(place, page.querySelector(`[data-renewed="${place.dataset.renewed}"]`));
  said.textContent = [...document.querySelectorAll("[data-breaks]")].map(finding).join(" ");
  history.replaceState(null, "", address);
}

/** Replace the results. Open sections stay open. */
function renew(place, came) {
  const open = new Set([...place.querySelectorAll("details[open]")].map(nameOf));
  place.replaceChildren(...came.childNodes);
  for (const details of place.querySelectorAll("details")) details.open = open.has(nameOf(details));
}

/** Show results faintly that do not belong to the present inputs. */
function mark(fresh) {
  for (const place of places) place.toggleAttribute("data-stale", !fresh);
}

function finding(place) {
  return `${place.querySelector(".chip").lastChild.textContent.trim()}: ${place.querySelector("[data-finding]").textContent}`;
}

function nameOf(details) {
  return details.querySelector("summary").textContent.trim();
}
