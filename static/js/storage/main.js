// The page on the storage of a login: log in, reload, and try two attacks.

import { say } from "../shared/words.js";
import { drawHoldings, drawOutcomes, drawRecord } from "./drawing.js";
import { arrivalLine, findPlanted, noteLines, openOtherSite, outcomes } from "./other-site.js";
import { ask, held, isCookie, logIn, logOut, PLACES } from "./places.js";
import { drawScript, runScript } from "./script-attack.js";
import { CHANNEL } from "./stored.js";
import { Visit } from "./visit.js";

const MEMBERS = 1000; // load-0001 to load-1000
const PASSWORD = "load";

const part = (name) => document.querySelector(`[data-${name}]`);
const buttons = ["log-in", "clear", "reload", "tab", "script", "other-site"].map(part);
const channel = new BroadcastChannel(CHANNEL);
let visit = Visit.recalled();

/** Do one thing at a time: buttons are disabled meanwhile, and the pressed one gets the focus back. */
function press(name, act) {
  part(name).addEventListener("click", async () => {
    for (const button of buttons) button.disabled = true;
    await act();
    await draw();
    part(name).focus({ preventScroll: true });
  });
}

async function draw() {
  const answers = await Promise.all(PLACES.map(async (place) => [place, visit && (isCookie(place) || held(place)) ? await ask(place, "profile") : null]));
  drawHoldings(Object.fromEntries(answers));
  drawRecord(visit ? await sealedTokens() : null);
  drawOutcomes(visit);
  for (const button of buttons) button.disabled = visit === null;
  part("log-in").disabled = false;
  part("other-site").disabled ||= say("other_site") === null;
  for (const [name, isNext] of [["log-in", visit === null], ["script", visit !== null]]) {
    part(name).classList.toggle("primary", isNext);
    part(name).toggleAttribute("data-primary", isNext);
  }
}

async function owner(place) {
  return (await ask(place, "profile"))?.body.member?.username ?? null;
}

/** What the session on the server holds: {record, tokens}; null without a login. */
async function sealedTokens() {
  const answer = await ask("backend", "holdings");
  return answer?.status === 200 ? answer.body : null;
}

// -- logging in and out

async function logInEverywhere() {
  await clear();
  part("login-said").textContent = say("logging_in");
  const member = `load-${String(1 + Math.floor(Math.random() * MEMBERS)).padStart(4, "0")}`;
  for (const place of PLACES) {
    const answer = await logIn(place, member, PASSWORD);
    if (answer?.status === 200) continue;
    await clear();
    part("login-said").textContent = say("no_login", { status: answer?.status ?? "–", code: answer?.body.code ?? "" });
    return;
  }
  visit = new Visit(member);
  visit.begin();
  part("login-said").textContent = say("logged_in", { member, count: PLACES.length });
}

async function clear() {
  if (visit !== null) for (const place of PLACES) await logOut(place);
  visit = null;
  Visit.forget();
  for (const name of ["login-said", "found-said", "attack-said"]) part(name).textContent = "";
  for (const name of ["script-report", "other-site-report"]) part(name).hidden = true;
}

async function clearAndSay() {
  const lost = held("memory") === null;
  await clear();
  part("login-said").textContent = say(lost ? "cleared_but_one" : "cleared");
}

// -- after a reload, and in another tab

/** After loading, check what is stored. The visit's own tab remembers the visit, another tab does not. */
async function lookAround() {
  const column = visit === null ? "tab" : "reload";
  visit ??= held("localStorage") && new Visit(held("localStorage").username);
  if (visit === null) return;
  const found = Object.fromEntries(await Promise.all(PLACES.map(async (place) => [place, await isThere(place)])));
  for (const place of PLACES) visit.record(place, { [column]: found[place] });
  tell(column, found);
  if (column === "tab") channel.postMessage({ kind: "tab", member: visit.member, found });
}

async function isThere(place) {
  return isCookie(place) ? (await owner(place)) === visit.member : held(place) !== null;
}

function tell(key, found) {
  const named = (is) => PLACES.filter((place) => found[place] === is).map((place) => say(`place.${place}`)).join("; ") || say("found.none");
  part("found-said").textContent = say(`found.${key}`, { found: named(true), gone: named(false) });
}

channel.addEventListener("message", ({ data }) => {
  if (data.kind !== "tab" || data.member !== visit?.member) return;
  for (const place of PLACES) visit.record(place, { tab: data.found[place] });
  tell("other_tab", data.found);
  drawOutcomes(visit);
});

// -- the two attackers

async function letScriptLoose() {
  part("attack-said").textContent = say("script.running");
  try {
    const results = await runScript();
    const live = Object.entries(results).filter(([, { used }]) => used !== null); // an ended login gives no result
    for (const [place, { read, caught, used, carried }] of live) {
      visit.record(place, { read, caught, used: used !== null, carried: carried !== null });
    }
    drawScript(part("script-report"), results);
    part("attack-said").textContent = say(live.length === Object.keys(results).length ? "script.done" : "expired");
  } catch {
    part("attack-said").textContent = say("script.failed");
  }
}

async function letOtherSiteSend() {
  const [origin, report] = [say("other_site"), part("other-site-report")];
  const list = report.querySelector("ol");
  list.replaceChildren();
  report.hidden = false;
  part("attack-said").textContent = say("other.waiting");
  const arrivals = await openOtherSite(origin, channel, (seen) => list.append(arrivalLine(seen)));
  if (arrivals === null || arrivals.length === 0) {
    part("attack-said").textContent = say(`other.${arrivals === null ? "blocked" : "silent"}`, { origin });
    return;
  }
  const planted = await findPlanted();
  if (planted === null) {
    part("attack-said").textContent = say("expired");
    return;
  }
  list.append(...noteLines(planted));
  const became = outcomes(arrivals, planted);
  for (const place of PLACES) if (await isThere(place)) visit.record(place, became[place]); // skip places without a login
  part("attack-said").textContent = say("other.done");
}

press("log-in", logInEverywhere);
press("clear", clearAndSay);
press("script", letScriptLoose);
press("other-site", letOtherSiteSend);
part("reload").addEventListener("click", () => location.reload());
part("tab").addEventListener("click", () => window.open(location.href, "_blank", "noopener"));

await lookAround();
await draw();
