// Tell the page that asked what came along with this request, and let the other site go on.

import { CHANNEL } from "./stored.js";

const PAUSE_MS = 600; // so that it can be seen

const { arrived, next } = JSON.parse(document.getElementById("arrived").textContent);
if (next !== null) {
  new BroadcastChannel(CHANNEL).postMessage({ kind: "arrived", ...arrived });
  setTimeout(() => location.replace(next), PAUSE_MS);
}
