// A malicious script runs on the page: what it gets from each place.

import { shortened } from "../shared/secret.js";
import { make, say } from "../shared/words.js";
import { judged } from "./drawing.js";
import { ask, held, isCookie, PLACES } from "./places.js";

/** Run the script. Return the result by place, {read, caught, used, carried}, and the report. */
export async function runScript() {
  for (const place of lying()) await ask(place, "profile"); // renew expired tokens first, as normal use of the page does
  const injected = await import("./injected.js");
  const stop = injected.lieInWait();
  if (held("memory") !== null) await ask("memory", "profile"); // the page's next normal request
  const caught = stop();
  const read = injected.read();
  const results = {};
  for (const place of lying()) results[place] = await attack(injected, place, read[place], place === "memory" ? caught : null);
  return results;
}

function lying() {
  return PLACES.filter((place) => isCookie(place) || held(place) !== null);
}

async function attack(injected, place, read, caught) {
  const stolen = read ?? caught;
  const [used, carried] = [await injected.use(place, stolen), await injected.useElsewhere(place, stolen)];
  return { stolen, read: stolen !== null, caught: read === null && caught !== null, used, carried };
}

/** Draw the loot of each place. */
export function drawScript(report, results) {
  report.hidden = false;
  report.querySelector("dl").replaceChildren(...PLACES.flatMap((place) => {
    const lines = results[place] ? told(results[place]) : [`– ${say("script.absent")}`];
    return [make("dt", "", say(`place.${place}`)), ...lines.map((line) => make("dd", "", line))];
  }));
}

function told({ stolen, caught, used, carried }) {
  const reading = stolen === null ? say("script.unread") : say(`script.${caught ? "caught" : "read"}`, { value: stolen });
  const using = used ? say("script.used", { member: used }) : say("script.unused");
  const carrying = carried ? say("script.carried", { member: carried }) : say("script.uncarried");
  return [judged(stolen === null, ...shortened(reading)), judged(!used, using), judged(!carried, carrying)];
}
