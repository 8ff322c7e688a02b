// Another site sends requests: what the server received, and whether they had an effect.

import { make, say } from "../shared/words.js";
import { ask, isCookie, PLACES } from "./places.js";

const EXPECTED = 4; // a POST and a link for each cookie; then one more POST ends the run
const PATIENCE_MS = 20_000;
const LOOKS = 3; // checks of the notes, a second apart: the last POST may still be in flight at the first check
const APPROACHES = ["token", "session"];

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

/** Read the member's notes with the member's login. Return by approach whether the other site's note is there. */
export async function findPlanted() {
  const found = Object.fromEntries(APPROACHES.map((approach) => [approach, false]));
  for (let look = 0; look < LOOKS; look++) {
    await new Promise((resolve) => setTimeout(resolve, 1000));
    const texts = await notes();
    if (texts === null) return null;
    for (const approach of APPROACHES) found[approach] ||= texts.includes(`${say("planted")} (/${approach}/notes)`);
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
    const approach = place === "session" ? "session" : "token";
    const came = (method) => arrivals.filter((seen) => seen.approach === approach && seen.method === method)
      .some((seen) => (isCookie(place) ? seen.cookies.length > 0 : seen.authorization));
    return [place, { post: came("POST"), link: came("GET"), note: isCookie(place) && planted[approach] }];
  }));
}

/** One line per request: what the browser added, and the result of the origin check. */
export function arrivalLine({ approach, method, site, cookies, authorization, refused }) {
  const came = [...cookies, ...(authorization ? ["Authorization"] : [])];
  const values = { request: `${method} /${approach}/witness`, site: site ?? "?", names: came.join(", ") };
  const check = say(`other.${refused ? "refused" : "passes"}`);
  return make("li", "", `${say(`other.${came.length > 0 ? "with" : "without"}`, values)} ${check}`);
}

export function noteLines(planted) {
  return APPROACHES.map((approach) => {
    const request = `POST /${approach}/notes`;
    return make("li", "", say(`other.note.${planted[approach] ? "present" : "absent"}`, { request }));
  });
}
