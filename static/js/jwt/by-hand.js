// A token made by hand, step by step: characters, bytes, six-bit groups, base64url; then the HMAC. The server judges it.

import { now } from "../shared/clock.js";
import { hmacOf } from "../shared/hs256.js";
import { Refused, Sacrifice, verifiedBy } from "../shared/sacrifice.js";
import { hex } from "../shared/sha256.js";
import { encodeBytes, encodeText } from "../shared/token.js";
import { make, number, say } from "../shared/words.js";
import { bytesOf, bytesTable, charactersList, groupsTable, lettersTable } from "./workings.js";

const LIVES_S = 86_000; // less than a day: nothing expires while one reads
const section = document.querySelector("[data-by-hand]");
const find = (part) => section.querySelector(`[data-hand-${part}]`);
const texts = { header: document.getElementById("hand-header"), payload: document.getElementById("hand-payload") };
const token = document.getElementById("hand-token");

// Each step: the part it works on, and what it shows.
const STEPS = [
  ["header", "bytes"], ["header", "groups"], ["header", "letters"],
  ["payload", "bytes"], ["payload", "groups"], ["payload", "letters"],
  ["signature", "joined"], ["signature", "hmac"], ["signature", "letters"], ["token", "send"],
];

let ring = null;
let secret = null;
let at = 0;

async function begin() {
  ring = await Sacrifice.begin();
  secret = await ring.secretOf(ring.active.kid);
  texts.header.value = JSON.stringify({ alg: "HS256", kid: ring.active.kid });
  const issuedAt = Math.floor(now());
  texts.payload.value = JSON.stringify({ sub: "앨리스", role: "user", iss: ring.issuer, iat: issuedAt, exp: issuedAt + LIVES_S });
  token.value = "";
  at = 0;
  find("steps").hidden = false;
}

function parts() {
  const encoded = { header: encodeText(texts.header.value), payload: encodeText(texts.payload.value) };
  return { ...encoded, signature: encodeBytes(hmacOf(encoded, secret)) };
}

function draw() {
  const [part, kind] = STEPS[at];
  find("position").textContent = say("hand.position", { now: at + 1, all: STEPS.length });
  find("title").textContent = say(`hand.title.${kind}`, { part: say(`hand.part.${part}`) });
  find("told").textContent = say(`hand.told.${kind}`);
  for (const field of section.querySelectorAll("[data-hand-field]")) field.hidden = field.dataset.handField !== part;
  find("working").replaceChildren(...working(part, kind));
  find("working").className = `workings ${part}-part`;
  find("result").replaceChildren(...result(part, kind));
  find("assembly").hidden = kind !== "send";
  find("answer").textContent = "";
  find("back").disabled = at === 0;
  find("next").disabled = at === STEPS.length - 1;
}

function working(part, kind) {
  if (kind === "joined") return [make("p", "wire", ...coloured(["header", "payload"]))];
  if (kind === "send") return [];
  if (part !== "signature") {
    const bytes = bytesOf(texts[part].value);
    return { bytes: () => [charactersList(texts[part].value)], groups: () => [groupsTable(bytes)], letters: () => [lettersTable(bytes)] }[kind]();
  }
  const bytes = hmacOf(parts(), secret);
  return kind === "hmac" ? [bytesTable(bytes)] : [groupsTable(bytes), lettersTable(bytes)];
}

function result(part, kind) {
  if (kind === "letters") return [make("span", `${part}-part`, parts()[part])];
  if (kind === "hmac") return [say("hand.key", { kid: ring.active.kid, secret: hex(secret) })];
  if (kind === "bytes") {
    const text = texts[part].value;
    return [say("hand.counted", { characters: number([...text].length), bytes: number(bytesOf(text).length) })];
  }
  return [];
}

function coloured(names) {
  const all = parts();
  return names.flatMap((name, place) => [...(place === 0 ? [] : ["."]), make("span", `${name}-part`, all[name])]);
}

function go(step) {
  at = Math.min(Math.max(at + step, 0), STEPS.length - 1);
  draw();
  find("title").focus({ preventScroll: true });
}

async function send() {
  const answer = await ring.open("profile", token.value.trim());
  const said = [answer.body.title, answer.body.detail].filter(Boolean).join(". ");
  const outcome = answer.ok ? `✓ ${say("hand.let_in", { status: answer.status, username: answer.body.member.username })}` : `✕ ${answer.status} ${said}`;
  find("answer").replaceChildren(make("span", answer.ok ? "let-in" : "shut", outcome), " ", make("span", "wire small", verifiedBy(answer).join("; ")));
}

/** Run a request, and show a refusal. */
async function trying(work) {
  find("fault").textContent = "";
  try {
    await work();
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    find("fault").textContent = `✕ ${error.message}`;
  }
}

export function startByHand() {
  find("begin").addEventListener("click", () => trying(async () => {
    await begin();
    draw();
  }));
  find("back").addEventListener("click", () => go(-1));
  find("next").addEventListener("click", () => go(1));
  find("send").addEventListener("click", () => trying(send));
  find("clear").addEventListener("click", () => (token.value = ""));
  for (const button of section.querySelectorAll("[data-hand-piece]")) {
    const { handPiece: piece } = button.dataset;
    button.addEventListener("click", () => (token.value += piece === "dot" ? "." : parts()[piece]));
  }
  for (const field of Object.values(texts)) field.addEventListener("input", draw);
  find("begin").disabled = false;
}
