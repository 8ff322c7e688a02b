// The header's live parts: who is logged in with each approach, and which node has answered last.
// Other scripts report an answer: document.dispatchEvent(new CustomEvent("answered", { detail: { node } })),
// and a log-in or a log-out: document.dispatchEvent(new Event("login-changed")).

import { fetchTimed } from "./clock.js";
import "./target.js";

showAll();
document.addEventListener("login-changed", showAll);

function showAll() {
  for (const place of document.querySelectorAll("[data-whoami]")) showWho(place);
}

async function showWho(place) {
  try {
    const response = await fetchTimed(place.dataset.whoami, { headers: { Accept: "application/json" } });
    const { member, code } = await response.json();
    place.textContent = member?.username ?? (code === "store_unavailable" ? "?" : "–");
    if ("knows" in place.dataset) sayWhichNode(place, member, code, response.headers.get("X-Node"));
  } catch {
    place.textContent = "?";
  }
}

/** Only one node has such a login: say whether it was the one that answered. */
function sayWhichNode(place, member, code, node) {
  const came = code !== "no_credentials";
  place.title = came ? place.dataset[member ? "knows" : "doesNot"].replace("{node}", node) : "";
  if (came && !member) place.textContent = `✕ ${node}`;
}

document.addEventListener("answered", ({ detail }) => {
  document.querySelector("[data-node]").textContent = detail.node;
});
