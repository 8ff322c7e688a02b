// What a kid saves: the signatures that the server computes for a token with a kid and for one without, counted.

import { now } from "../shared/clock.js";
import { signedParts } from "../shared/hs256.js";
import { ask, Refused, Sacrifice, verifications, verifiedBy } from "../shared/sacrifice.js";
import { joined } from "../shared/token.js";
import { figure, make, number, say } from "../shared/words.js";

const LIVES_S = 3600;
const section = document.querySelector("[data-unnamed]");
const find = (part) => section.querySelector(`[data-unnamed-${part}]`);
const select = document.getElementById("key-count");
const NO_KEY = new Uint8Array(32); // a secret that no ring has

async function measure() {
  const ring = await Sacrifice.begin();
  for (let count = 1; count < Number(select.value); count++) await ring.add();
  const [oldest, newest] = [ring.keys[0].kid, ring.active.kid];
  const [oldSecret, newSecret] = [await ring.secretOf(oldest), await ring.secretOf(newest)];
  const claims = JSON.stringify({ iss: ring.issuer, sub: "alice", role: "user", iat: Math.floor(now()), exp: Math.floor(now()) + LIVES_S });
  const token = (header, secret) => joined(signedParts({ alg: "HS256", ...header, typ: "JWT" }, claims, secret));
  return [
    await row("named", () => ring.open("profile", token({ kid: oldest }, oldSecret))),
    await row("newest", () => ring.open("profile", token({}, newSecret))),
    await row("oldest", () => ring.open("profile", token({}, oldSecret))),
    await row("forged", () => ring.open("profile", token({}, NO_KEY))),
    await row("real", () => ask("GET", "/token/profile", undefined, { Authorization: `Bearer ${token({}, newSecret)}`, "X-Lab-Trace": "1" })),
  ];
}

async function row(kind, send) {
  const answer = await send();
  const computed = verifications(answer);
  return { kind, answer, count: computed.length, took: computed.reduce((sum, { duration_us }) => sum + duration_us, 0) };
}

function drawn({ kind, answer, count, took }) {
  const made = make("tr", "",
    cell("token", say(`unnamed.kind.${kind}`)),
    cell("answer", make("span", answer.ok ? "let-in" : "shut", `${answer.ok ? "✓" : "✕"} ${answer.status}`)),
    cell("count", make("strong", "", number(count))), cell("took", figure(took)),
    cell("inside", make("span", "wire small", verifiedBy(answer).join("; "))));
  made.dataset.row = kind;
  made.dataset.count = count;
  return made;
}

function cell(label, ...content) {
  const made = make("td", "", make("div", "", ...content));
  made.dataset.label = say(`unnamed.column.${label}`);
  return made;
}

function finding(rows) {
  const count = Object.fromEntries(rows.map((one) => [one.kind, one.count]));
  return say("unnamed.found", { keys: select.value, named: count.named, newest: count.newest, oldest: count.oldest, forged: count.forged });
}

export function startUnnamed() {
  find("measure").addEventListener("click", async () => {
    find("measure").disabled = true;
    find("said").textContent = "";
    try {
      const rows = await measure();
      find("table").hidden = false;
      find("table").tBodies[0].replaceChildren(...rows.map(drawn));
      find("said").textContent = finding(rows);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      find("said").textContent = `✕ ${error.message}`;
    } finally {
      find("measure").disabled = false;
    }
  });
  find("measure").disabled = false;
}
