// The page of a token: get one, read it, change it, and see the server's answer.

import { now } from "../shared/clock.js";
import { sign } from "../shared/hs256.js";
import { encodeText, joined, objectIn, takeApart, Unreadable } from "../shared/token.js";
import { number, say } from "../shared/words.js";
import { logIn, showToken } from "./asking.js";
import { startByHand } from "./by-hand.js";
import { startEncoding } from "./encoding.js";
import { drawFields, tick } from "./fields.js";
import { startLeak } from "./leak.js";

const PARTS = ["header", "payload", "signature"];
const TEN_YEARS_S = 315_360_000;

const find = (name) => document.querySelector(`[data-${name}]`);
const opened = find("opened");
const pasted = document.getElementById("pasted");
const texts = { header: document.getElementById("header-text"), payload: document.getElementById("payload-text") };
const secret = document.getElementById("secret");

let tokens = null; // from the last log-in
let original = null; // the unchanged token
let current = null; // the three parts of the present token
let signedHere = false; // signed with the visitor's own secret

function explain(error) {
  if (!(error instanceof Unreadable)) throw error;
  const { part, ...values } = error.values;
  for (const key of ["length", "longest", "count"]) if (key in values) values[key] = number(values[key]);
  return `${part ? `${say(`part.${part}`)}: ` : ""}${say(`unreadable.${error.code}`, values)}`;
}

function complain(text) {
  find("complaint").textContent = text;
}

/** Show this token, or why it cannot be shown. The previous one is removed from the page in any case. */
function open(text) {
  close();
  try {
    original = takeApart(text);
  } catch (error) {
    complain(explain(error));
  }
  putBack();
}

function close() {
  complain("");
  original = null;
  putBack();
}

function putBack() {
  current = original && { ...original };
  signedHere = false;
  for (const [part, field] of Object.entries(texts)) field.value = original?.texts[part] ?? "";
  find("secret-said").textContent = "";
  draw();
}

/** An unchanged part keeps its original characters, even if others would decode to the same. */
function edited() {
  for (const [part, field] of Object.entries(texts)) {
    current[part] = field.value === original.texts[part] ? original[part] : encodeText(field.value);
  }
  signedHere = false;
  draw();
}

function changed(part) {
  return current[part] !== original[part];
}

function draw() {
  opened.hidden = current === null;
  forgetAnswer();
  if (current === null) return;
  for (const part of PARTS) {
    find(`token-${part}`).textContent = current[part];
    find(`${part}-changed`).hidden = !changed(part);
  }
  for (const [part, field] of Object.entries(texts)) {
    const fields = objectIn(field.value);
    drawFields(find(`${part}-fields`), fields, part);
    find(`${part}-fault`).textContent = fields === null ? say("not_an_object") : "";
  }
  const verdict = signatureWord();
  find("signature-said").textContent = say(`signature.${verdict}`);
  find("signature-said").dataset.verdict = verdict;
  find("put-back").disabled = !PARTS.some(changed);
  for (const button of document.querySelectorAll("[data-change]")) button.disabled = !texts.payload.value;
  tick();
}

/** What can be said about the signature without the key. */
function signatureWord() {
  if (current.signature === "") return "none";
  if (signedHere) return "own";
  if (changed("header") || changed("payload")) return "broken";
  return changed("signature") ? "other" : "as_it_came";
}

// -- changes by button

const changes = {
  role: () => rewrite("payload", { role: "admin" }),
  exp: () => rewrite("payload", { exp: Math.floor(now()) + TEN_YEARS_S }),
  alg() {
    rewrite("header", { alg: "none" });
    current.signature = "";
    draw();
  },
};

function rewrite(part, more) {
  texts[part].value = JSON.stringify({ ...objectIn(texts[part].value), ...more });
  edited();
}

// -- the server's answer

function forgetAnswer() {
  find("answer").hidden = true;
}

async function askServer() {
  const [asked, reason] = [joined(current), reasonIfRefused()];
  const answer = await showToken(asked);
  if (current === null || asked !== joined(current)) return; // changed meanwhile: this answer is for another token
  const verdict = answer === null ? "silent" : answer.status === 200 ? "let_in" : answer.status === 401 ? reason : "other";
  find("answer-status").textContent = answer === null ? "–" : `${answer.status === 200 ? "✓" : "✕"} ${answer.status}`;
  find("answer-status").className = answer?.status === 200 ? "let-in" : "shut";
  find("answer-code").textContent = answer?.body.code ?? "–";
  find("answer-challenge").textContent = answer?.challenge ?? "–";
  find("answer-body").textContent = answer === null ? "–" : JSON.stringify(answer.body); // formatted again, so that Korean text is readable
  find("answer-why").textContent = say(`why.${answer?.body.code === "expired_token" ? "expired" : verdict}`);
  find("answer").hidden = false;
}

function reasonIfRefused() {
  if (signedHere) return "own_secret";
  if (current.signature === "") return "unsigned";
  if (changed("header")) return "header";
  if (changed("payload")) return "payload";
  return objectIn(texts.header.value)?.typ === "rt+jwt" ? "refresh" : "foreign";
}

// -- the visitor's own secret

function signHere() {
  if (!secret.value) return;
  current.signature = sign(current, typed());
  signedHere = true;
  find("secret-said").textContent = say("secret.signed");
  draw();
}

function checkHere() {
  if (!secret.value) return;
  find("secret-said").textContent = say(current.signature === sign(current, typed()) ? "secret.fits" : "secret.does_not_fit");
}

function typed() {
  return new TextEncoder().encode(secret.value);
}

// -- wiring

find("log-in").addEventListener("submit", async (event) => {
  event.preventDefault();
  const { selectedOptions } = event.target.elements.member;
  const attempt = await logIn(selectedOptions[0].value, selectedOptions[0].dataset.password);
  tokens = attempt.tokens;
  pasted.value = "";
  if (tokens === null) {
    close();
    complain(say("no_login", { status: attempt.answer?.status ?? "–", code: attempt.answer?.body.code ?? "" }));
    return;
  }
  find("which").hidden = false;
  find("which").elements.which.value = "access_token";
  open(tokens.access_token);
  opened.scrollIntoView({ block: "nearest" });
});

find("which").addEventListener("change", (event) => open(tokens[event.target.value]));
pasted.addEventListener("input", () => {
  find("which").hidden = true;
  pasted.value.trim() === "" ? close() : open(pasted.value);
});
for (const field of Object.values(texts)) field.addEventListener("input", edited);
for (const button of document.querySelectorAll("[data-change]")) {
  button.addEventListener("click", () => changes[button.dataset.change]());
}
find("put-back").addEventListener("click", putBack);
find("ask").addEventListener("click", askServer);
find("sign").addEventListener("click", signHere);
find("check").addEventListener("click", checkHere);

startEncoding(explain);
startByHand();
startLeak();
setInterval(tick, 1000);
