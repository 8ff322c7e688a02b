// A key of a sacrificial ring leaks: its secret signs an admin's token in this browser, until the key is revoked.

import { now } from "../shared/clock.js";
import { signedParts } from "../shared/hs256.js";
import { Refused, Sacrifice, verifiedBy } from "../shared/sacrifice.js";
import { hex } from "../shared/sha256.js";
import { joined } from "../shared/token.js";
import { make, say } from "../shared/words.js";

const LIVES_S = 3600;
const section = document.querySelector("[data-stolen]");
const find = (part) => section.querySelector(`[data-stolen-${part}]`);
const payload = document.getElementById("stolen-payload");
const STEPS = ["begin", "leak", "sign", "send", "revoke"];

let ring = null;
let leaked = null; // {kid, secret}
let rows = []; // {name, kid, by, token, page, answer}
let done = 0; // how many of the steps

const work = {
  async begin() {
    [leaked, rows] = [null, []];
    ring = await Sacrifice.begin();
    await logIn("alice");
    await ring.add();
    await logIn("bob");
  },
  async leak() {
    const { kid } = ring.active;
    leaked = { kid, secret: await ring.secretOf(kid) };
    payload.value = JSON.stringify({ iss: ring.issuer, sub: "mallory", role: "admin", iat: Math.floor(now()), exp: Math.floor(now()) + LIVES_S });
  },
  async sign() {
    const parts = signedParts({ alg: "HS256", kid: leaked.kid, typ: "JWT" }, payload.value, leaked.secret);
    rows = [...rows.slice(0, 2), { name: "forged", kid: leaked.kid, by: "browser", token: joined(parts), parts, page: "admin" }];
  },
  async send() {
    await ask(rows[2]);
  },
  async revoke() {
    await ring.revoke(leaked.kid);
    await Promise.all(rows.map(ask));
  },
};

async function logIn(username) {
  const row = { name: username, kid: ring.active.kid, by: "lab", token: await ring.login(username), page: "profile" };
  rows.push(row);
  await ask(row);
}

async function ask(row) {
  row.answer = await ring.open(row.page, row.token);
}

async function step(name) {
  const place = STEPS.indexOf(name);
  find("said").textContent = "";
  setBusy(true);
  try {
    await work[name]();
    done = place + 1;
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    find("said").textContent = `✕ ${error.message}`;
  } finally {
    setBusy(false);
    draw();
  }
}

function setBusy(isBusy) {
  for (const [place, name] of STEPS.entries()) find(name).disabled = isBusy || place > done;
}

function draw() {
  find("secret").textContent = leaked === null || done < 2 ? "" : say("stolen.secret", { kid: leaked.kid, secret: hex(leaked.secret) });
  find("forging").hidden = done < 2;
  const { parts } = rows[2] ?? {};
  find("token").hidden = parts === undefined;
  for (const part of ["header", "payload", "signature"]) find(part).textContent = parts?.[part] ?? "";
  find("table").hidden = rows.length === 0;
  find("table").tBodies[0].replaceChildren(...rows.map(rowOf));
  find("finding").textContent = finding();
}

function rowOf({ name, kid, by, page, answer }) {
  const row = make("tr", "", ...[
    cell("token", say(`stolen.name.${name}`)), cell("key", make("code", "", kid)), cell("by", say(`stolen.by.${by}`)),
    cell("answer", answer ? make("span", answer.ok ? "let-in" : "shut", verdict(answer, page)) : "–"),
    cell("inside", make("span", "wire small", answer ? verifiedBy(answer).join("; ") : "–")),
  ]);
  row.dataset.row = name;
  return row;
}

function cell(label, ...content) {
  const made = make("td", "", make("div", "", ...content));
  made.dataset.label = say(`stolen.column.${label}`);
  return made;
}

function verdict({ status, ok, body }, page) {
  const said = [body.title, body.detail].filter(Boolean).join(". ");
  return ok ? `✓ ${say(`stolen.opened.${page}`, { status, username: body.member.username, role: body.member.role })}` : `✕ ${status} ${said}`;
}

function finding() {
  const [alice, bob, forged] = rows.map(({ answer }) => answer?.ok);
  if (done === STEPS.length) return say(alice && bob === false && forged === false ? "stolen.found" : "stolen.odd");
  return done >= 4 && forged ? say("stolen.forged") : "";
}

export function startStolen() {
  for (const name of STEPS) find(name).addEventListener("click", () => step(name));
  setBusy(false);
}
