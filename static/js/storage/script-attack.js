// A script runs on the page: what it gets of each login, told as it happened.

import { shortened } from "../shared/secret.js";
import { make, say } from "../shared/words.js";
import { ask, held, isCookie, PLACES } from "./places.js";

/** Let the script loose; return by place what became of it: {read, caught, used, carried}, and what the report says. */
export async function runScript() {
  for (const place of lying()) await ask(place, "profile"); // what has expired is renewed, as it is when the page is used
  const injected = await import("./injected.js");
  const stop = injected.lieInWait();
  if (held("memory") !== null) await ask("memory", "profile"); // the page's next request, as it always sends it
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

/** Draw what it got, place by place. */
export function drawScript(report, results) {
  report.hidden = false;
  report.querySelector("dl").replaceChildren(...PLACES.flatMap((place) => {
    const lines = results[place] ? told(results[place]) : [["–", say("script.absent")]];
    return [make("dt", "", say(`place.${place}`)), ...lines.map(([sign, text]) => make("dd", "", `${sign} `, ...shortened(text)))];
  }));
}

function told({ stolen, caught, used, carried }) {
  const reading = stolen === null ? ["✕", say("script.unread")] : ["✓", say(`script.${caught ? "caught" : "read"}`, { value: stolen })];
  const using = used ? ["✓", say("script.used", { member: used })] : ["✕", say("script.unused")];
  const carrying = carried ? ["✓", say("script.carried", { member: carried })] : ["✕", say("script.uncarried")];
  return [reading, using, carrying];
}
