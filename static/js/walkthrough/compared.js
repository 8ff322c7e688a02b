// What a step compares: a credential of the client with what the server stores. It joins the panes of both.

import { exchange, post } from "../shared/exchange.js";
import { shortened } from "../shared/secret.js";
import { hex, sha256 } from "../shared/sha256.js";
import { make, say } from "../shared/words.js";
import { claims, forged } from "./jwt.js";
import { refreshTokens as rowsOf } from "./records.js";

const VERDICT = { live: "same", used: "used", ended: "ended" }; // of a token whose row was found, by the row's state
const encoder = new TextEncoder();
const answered = new Map(); // the server's answers to forged tokens that were sent

/** Compare as this step of a walk does. Return the comparisons as data: [{kind, lines: [[name, value]], verdict}]. */
export function compared({ compares }, result) {
  return compares === "password" ? passwords(result) : refreshTokens(result);
}

/** Draw the comparisons of a step. `approach`: where a forged token can be sent. */
export function drawCompared(place, comparisons, approach) {
  const said = comparisons.length > 0 ? comparisons.map((one) => drawn(one, approach)) : [make("p", "soft", say("not_yet"))];
  place.replaceChildren(...said);
}

/** The token that came, the same token once more, and a forged one, each with the row that its hash leads to. */
function refreshTokens({ answers, before, now }) {
  const sent = refreshTokenIn(answers[0]?.wire);
  const approach = answers[0]?.wire?.request.path.split("/")[1];
  const [rowsBefore, rowsNow] = [before, now].map(({ server }) => rowsOf(server.filter((record) => record.approach === approach)));
  if (sent === undefined || rowsBefore.size === 0) return [];
  const fake = forged(sent, { jti: changed(claims(sent).jti) });
  const again = byHash("again", sent, rowsNow);
  // Only a used token whose login is live has a successor, which the server gives again.
  return [
    byHash("sent", sent, rowsBefore),
    { ...again, grace_s: again.isReplaced && now.values.grace_s },
    { ...byHash("forged", fake, rowsNow), forged: fake },
  ];
}

function byHash(kind, token, rows) {
  const { jti } = claims(token);
  const hash = hex(sha256(encoder.encode(jti)));
  const row = rows.get(hash);
  const valid = [...rows].find(([, state]) => state === "live")?.[0];
  const stored = row === "live" ? [["row_valid", hash]] : [[`row_${row ?? "none"}`, row ? hash : ""], ...(valid ? [["row_valid", valid]] : [])];
  return { kind, lines: [["jwt", token], ["jti", jti], ["hash", hash], ...stored], verdict: VERDICT[row] ?? "unknown", isReplaced: row === "used" && valid !== undefined };
}

function refreshTokenIn(wire) {
  if (!wire) return undefined;
  const header = (wanted) => wire.request.headers.find(([name]) => name.toLowerCase() === wanted)?.[1];
  const inCookie = header("cookie")?.match(/(?:^|; )[\w-]*refresh=([^;]+)/)?.[1];
  return header("x-refresh-token") ?? inCookie ?? inBody(wire.request.body);
}

function inBody(body) {
  try {
    return JSON.parse(body).refresh_token;
  } catch {
    return undefined;
  }
}

/** Another id that differs in its first character. */
function changed(jti) {
  return `${jti[0] === "0" ? "1" : "0"}${jti.slice(1)}`;
}

/** The member's row, and two passwords hashed with its salt. The lab hashes them: a page has no Argon2. */
async function passwords({ answers }) {
  const { username } = JSON.parse(answers[0].wire.request.body);
  const response = await post("/walkthrough/password", { username }).catch(() => null);
  if (!response?.ok) return [];
  const { row, tried } = await response.json();
  const stored = [["username", row.username], ["role", row.role], ["password_hash", row.password_hash]];
  const hashed = ({ kind, hash, same }) => ({ kind, lines: [["typed", "****"], ["salt", row.salt], ["argon2", hash], ["row_hash", row.hash]], verdict: same ? "same" : "different" });
  return [{ kind: "row", lines: stored }, ...tried.map(hashed)];
}

function drawn({ kind, lines, verdict, grace_s, forged: fake }, approach) {
  const box = make("section", "comparison", make("h3", "", say(`compared.${kind}`)), make("dl", "chain", ...lines.flatMap(lineOf)));
  box.dataset.kind = kind;
  if (verdict) box.append(make("p", verdict === "same" ? "let-in" : "shut", say(`verdict.${verdict}`)));
  if (grace_s) box.append(graceOf(grace_s));
  if (fake) box.append(sender(fake, approach));
  return box;
}

function graceOf(grace_s) {
  const said = make("p", "small soft", say("compared.grace", { grace_s }));
  said.dataset.grace = "";
  return said;
}

function lineOf([name, value]) {
  const shown = make("dd", "", ...shortened(value));
  shown.dataset.line = name;
  return [make("dt", "", say(`compared.${name}`)), shown];
}

/** A button that sends the forged token, and the server's answer. */
function sender(token, approach) {
  const button = make("button", "button", say("compared.send"));
  const said = make("p", "small");
  Object.assign(button, { type: "button" });
  said.setAttribute("role", "status");
  button.dataset.sendForged = "";
  said.dataset.forgedAnswer = "";
  const show = () => (said.textContent = answered.get(token) ?? "");
  button.addEventListener("click", async () => {
    answered.set(token, sentence(await sent(token, approach)));
    show();
  });
  show();
  return make("div", "doing", button, said);
}

function sent(token, approach) {
  const request = { method: "POST", path: `/${approach}/refresh`, headers: {}, body: { refresh_token: token }, cookies: false };
  return exchange("other", request, {});
}

function sentence(answer) {
  if (answer === null) return `◷ ${say("unreachable")}`;
  const { status, node, body, trace } = answer;
  const refused = say("refused", { status, node, code: body.code ?? "" });
  return `✕ ${refused} ${say("compared.looked", { steps: trace.map(({ what }) => what).join("; "), count: trace.filter(({ part }) => part === "db").length })}`;
}
