// Report to the opening page what the browser added to this request, and let the other site continue.

import { CHANNEL } from "./stored.js";

const PAUSE_MS = 300; // slow enough to watch; there are nine steps, with two pauses each

const { arrived, next } = JSON.parse(document.getElementById("arrived").textContent);
if (next !== null) {
  new BroadcastChannel(CHANNEL).postMessage({ kind: "arrived", ...arrived });
  setTimeout(() => location.replace(next), PAUSE_MS);
}
