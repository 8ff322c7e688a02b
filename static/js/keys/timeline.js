// The ring as a timeline: a lane for each key from its creation on. Each change is one step to the right.

import { today } from "../shared/clock.js";
import { language, make, say } from "../shared/words.js";
import { name, sign } from "./cards.js";

const NEWEST = 8;
const place = document.querySelector("[data-lanes]");
const toggle = document.querySelector("[data-show-all]");
let showsAll = false;
let drawn = "";

/** Draw the lanes. Unchanged elements, and the focus, stay. */
export function drawLanes(keys, tokens, mayMove) {
  const shown = visible(keys, tokens);
  const lanes = shown.map((key) => lane(key, momentsOf(shown), tokens, mayMove));
  const now = lanes.map((one) => one.outerHTML).join("");
  if (now === drawn) return;
  drawn = now;
  const focused = document.activeElement?.dataset.move;
  place.replaceChildren(...lanes);
  if (focused) place.querySelector(`[data-move="${focused}"]:not(:disabled)`)?.focus();
  document.querySelector("[data-axis-from]").textContent = clock(shown[0]?.created_at);
  toggle.hidden = keys.length <= NEWEST;
  toggle.textContent = say(`older.${showsAll ? "less" : "more"}`, { count: keys.length });
  toggle.setAttribute("aria-pressed", String(showsAll));
}

export function onToggle(again) {
  toggle.addEventListener("click", () => {
    showsAll = !showsAll;
    again();
  });
}

export function clock(moment) {
  const time = new Date(moment ?? NaN);
  if (Number.isNaN(time.getTime())) return "–";
  const isToday = time.toDateString() === today().toDateString();
  return isToday ? time.toLocaleTimeString(language) : time.toLocaleString(language, { dateStyle: "short", timeStyle: "short" });
}

function visible(keys, tokens) {
  const held = new Set(tokens.map((token) => token.header.kid));
  return keys.filter((key, place) => showsAll || place >= keys.length - NEWEST || held.has(key.kid));
}

function momentsOf(keys) {
  const moments = keys.flatMap((key) => [key.created_at, key.signed_until, key.revoked_at]).filter(Boolean).map(Date.parse);
  return [...new Set(moments)].filter((moment) => !Number.isNaN(moment)).sort((one, other) => one - other);
}

function lane(key, moments, tokens, mayMove) {
  const state = make("strong", "state", say(`state.${key.state}`));
  const row = make(
    "li",
    "lane",
    make("p", "lane-name", make("code", "", key.kid), make("span", "small soft", key.alg), state),
    life(key, moments),
    make("p", "lane-times small soft", times(key)),
    make("p", "lane-tokens small", ...marks(key, tokens)),
    make("div", "lane-moves", ...moves(key, mayMove)),
  );
  Object.assign(row.dataset, { key: key.kid, state: key.state });
  return row;
}

function life(key, moments) {
  const at = (moment) => (moment === null ? 1 : Math.max(moments.indexOf(Date.parse(moment)), 0) / Math.max(moments.length, 1));
  const ends = key.state === "revoked" ? at(key.revoked_at ?? key.signed_until) : 1;
  const line = make("div", "life", ...stretch("signs", at(key.created_at), Math.min(at(key.signed_until), ends)));
  line.append(...stretch("verifies", Math.min(at(key.signed_until), ends), ends), ...stretch("refused", ends, 1));
  line.setAttribute("aria-hidden", "true");
  line.style.setProperty("--steps", Math.max(moments.length, 1));
  return line;
}

function stretch(kind, from, to) {
  if (to <= from) return [];
  const made = make("span", `stretch ${kind}`, ...(kind === "refused" ? ["✕", make("i")] : []));
  made.style.setProperty("--from", from);
  made.style.setProperty("--to", to);
  return [made];
}

function times(key) {
  const values = { from: clock(key.created_at), until: clock(key.signed_until), revoked: clock(key.revoked_at), dropped: clock(key.needed_until) };
  return say(`times.${key.state === "revoked" && key.revoked_at === null ? "revoked_unknown" : key.state}`, values);
}

function marks(key, tokens) {
  const held = tokens.filter((token) => token.header.kid === key.kid);
  return held.map((token) => make("span", { "✓": "let-in", "✕": "shut" }[sign(token)] ?? "waiting", `${sign(token)} ${name(token)}`));
}

function moves({ kid, state }, mayMove) {
  const offered = { active: ["retire", "revoke"], retired: ["revoke"], revoked: ["delete"] }[state];
  return offered.map((move) => {
    const button = make("button", move === "retire" ? "button" : "button ending", say(`move.${move}`), make("span", "unseen", ` ${kid}`));
    Object.assign(button, { type: "button", disabled: !mayMove });
    button.dataset.move = `${move} ${kid}`;
    return button;
  });
}
