// A retired key is deleted once nothing that it signed can be alive: watched on a ring whose tokens live for seconds.

import { now } from "../shared/clock.js";
import { Refused, Sacrifice, verifiedBy } from "../shared/sacrifice.js";
import { make, say } from "../shared/words.js";

const LIVES_S = 4;
const LOOK_AGAIN_MS = 500;
const section = document.querySelector("[data-dropped]");
const find = (part) => section.querySelector(`[data-dropped-${part}]`);

async function watch() {
  const ring = await Sacrifice.begin({ tokens_live_s: LIVES_S });
  const [{ kid }, token] = [ring.active, await ring.login("alice")];
  await told("signed", ring, token, { kid, seconds: LIVES_S });
  await ring.add();
  await told("retired", ring, token, { kid });
  for (let key = ring.find(kid); key !== undefined; key = (await ring.look()).find(kid)) {
    find("countdown").textContent = say("dropped.countdown", { kid, seconds: Math.max(0, Math.ceil(key.needed_until - now())) });
    await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
  }
  find("countdown").textContent = "";
  await told("gone", ring, token, { kid });
}

/** Add a line: what happened to the key, and what the server says of a token that it signed. */
async function told(what, ring, token, values) {
  const answer = await ring.open("profile", token);
  const line = make("li", "", say(`dropped.${what}`, values), " ", make("span", answer.ok ? "let-in" : "shut", `${answer.ok ? "✓" : "✕"} ${answer.status}`), " ", make("span", "wire small", verifiedBy(answer).join("; ")));
  line.dataset.event = what;
  find("events").append(line);
}

export function startDropped() {
  find("watch").addEventListener("click", async () => {
    find("watch").disabled = true;
    find("events").replaceChildren();
    try {
      await watch();
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      find("countdown").textContent = `✕ ${error.message}`;
    } finally {
      find("watch").disabled = false;
    }
  });
  find("watch").disabled = false;
}
