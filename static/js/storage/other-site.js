// Another site sends requests: what the server received, and whether they had an effect.

import { make, say } from "../shared/words.js";
import { ask, isCookie, pathOf, PLACES } from "./places.js";

const PATHS = [...new Set(PLACES.map(pathOf))];
const EXPECTED = 2 * PATHS.length; // a POST and a link for each cookie; then one more POST ends the run
const PATIENCE_MS = 45_000;
const LOOKS = 3; // checks of the notes, a second apart: the last POST may still be in flight at the first check

/** Open the other site's window. Return null if the browser blocks it, else the server's reports as they arrive. */
export function openOtherSite(origin, channel, saw) {
  const opened = window.open(`${origin}/storage/elsewhere?language=${document.documentElement.lang}`, "_blank", "popup,width=760,height=560");
  if (opened === null) return null;
  const arrivals = [];
  return new Promise((resolve) => {
    const tooLate = setTimeout(() => finish(), PATIENCE_MS);
    const hear = ({ data }) => {
      if (data.kind !== "arrived") return;
      arrivals.push(data);
      saw(data);
      if (arrivals.length === EXPECTED) finish();
    };
    const finish = () => {
      clearTimeout(tooLate);
      channel.removeEventListener("message", hear);
      resolve(arrivals.length === EXPECTED ? arrivals : []);
    };
    channel.addEventListener("message", hear);
  });
}

/** Read the member's notes with the member's login. Return by path whether the other site's note is there. */
export async function findPlanted() {
  const found = Object.fromEntries(PATHS.map((path) => [path, false]));
  for (let look = 0; look < LOOKS; look++) {
    await new Promise((resolve) => setTimeout(resolve, 1000));
    const texts = await notes();
    if (texts === null) return null;
    for (const path of PATHS) found[path] ||= texts.includes(`${say("planted")} (${path}/notes)`);
  }
  return found;
}

async function notes() {
  for (const place of PLACES) {
    const answer = await ask(place, "notes");
    if (answer?.status === 200) return answer.body.notes.map(({ text }) => text);
  }
  return null;
}

/** The result for each login: {post, link, note}. */
export function outcomes(arrivals, planted) {
  return Object.fromEntries(PLACES.map((place) => {
    const came = (method) => arrivals.filter((seen) => seen.prefix === pathOf(place) && seen.method === method)
      .some((seen) => (isCookie(place) ? seen.cookies.length > 0 : seen.authorization));
    return [place, { post: came("POST"), link: came("GET"), note: isCookie(place) && planted[pathOf(place)] }];
  }));
}

/** One line per request: what the browser added, and the result of the origin check. */
export function arrivalLine({ prefix, method, site, cookies, authorization, refused }) {
  const came = [...cookies, ...(authorization ? ["Authorization"] : [])];
  const values = { request: `${method} ${prefix}/witness`, site: site ?? "?", names: came.join(", ") };
  const check = say(`other.${refused ? "refused" : "passes"}`);
  const isGood = came.length === 0;
  return make("li", "", make("span", isGood ? "good" : "bad", say(`other.${isGood ? "without" : "with"}`, values)), ` ${check}`);
}

export function noteLines(planted) {
  return PATHS.map((path) => {
    const request = `POST ${path}/notes`;
    return make("li", planted[path] ? "bad" : "good", say(`other.note.${planted[path] ? "present" : "absent"}`, { request }));
  });
}
