// The page of a token: one is there on arrival. It is shown encoded and decoded, changed on either side, and judged by the server.

import { now } from "../shared/clock.js";
import { sign } from "../shared/hs256.js";
import { encodeText, joined, objectIn, READS_UP_TO, takeApart, Unreadable } from "../shared/token.js";
import { make, number, say } from "../shared/words.js";
import { logIn } from "./asking.js";
import { startByHand } from "./by-hand.js";
import { startEncoding } from "./encoding.js";
import { drawFields, startExplaining, tick } from "./fields.js";
import { compact, indented } from "./json.js";
import { startLeak } from "./leak.js";
import { ask, tell } from "./verdict.js";

const PARTS = ["header", "payload", "signature"];
const TEN_YEARS_S = 315_360_000;

const find = (name) => document.querySelector(`[data-${name}]`);
const cast = JSON.parse(document.getElementById("cast").textContent);
const encoded = document.getElementById("token");
const texts = { header: document.getElementById("header-text"), payload: document.getElementById("payload-text") };
const secret = document.getElementById("secret");

let login = null; // the last one: {member, tokens}
let logins = 0; // how often another token was wanted: only the newest log-in may show one
let original = null; // the unchanged token
let current = null; // the last three parts that could be read
let isReadable = false; // whether the encoded text is these parts
let signedHere = false; // signed with the visitor's own secret

// -- which token

/** Log in for real. The answer is dropped if another token is wanted meanwhile, or the visitor is about to put one in. */
async function logInAs(member, password, source) {
  const turn = ++logins;
  find("source").textContent = `◷ ${say("source.logging_in", { member })}`;
  const { tokens, answer } = await logIn(member, password);
  if (turn !== logins) return;
  if (tokens === null || document.activeElement === encoded) {
    find("source").textContent = tokens === null ? `✕ ${say("source.none", { reason: reasonOf(answer) })}` : "";
    if (current === null) tell("unknown", "◷", say("no_token"));
    return;
  }
  login = { member, tokens };
  find("which").hidden = false;
  find("which").elements.which.value = "access_token";
  open(tokens.access_token, source);
}

function reasonOf(answer) {
  return answer === null ? say("source.silent") : `${answer.status} ${answer.body.code ?? ""}`.trim();
}

/** Show this token of the last log-in. */
function open(token, source) {
  find("source").textContent = say(`source.${source}`, { member: login.member });
  original = takeApart(token);
  putBack();
}

function putBack() {
  signedHere = false;
  find("secret-said").textContent = "";
  encoded.value = joined(original);
  showDecoded(original);
}

/** The encoded text was edited. It is another token if it has fewer than two parts of the last one. */
function encodedEdited() {
  logins++;
  try {
    const parts = takeApart(encoded.value);
    if (current === null || PARTS.filter((part) => parts[part] === current[part]).length < 2) replaceBy(parts);
    if (encoded.value !== joined(parts)) encoded.value = joined(parts); // it came with white space, or with its scheme
    signedHere = false;
    showDecoded(parts);
  } catch (error) {
    showUnreadable(encoded.value.trim() === "" ? ["unknown", "◷", say("no_token")] : ["unreadable", "✕", explain(error)]);
  }
}

function replaceBy(parts) {
  original = parts;
  find("which").hidden = true;
  find("source").textContent = say("source.pasted");
}

function showDecoded(parts) {
  for (const [part, field] of Object.entries(texts)) field.value = indented(parts.texts[part]);
  current = { ...parts };
  draw();
}

function showUnreadable(verdict) {
  isReadable = false;
  tell(...verdict);
  opened().hidden = true;
  drawEncoded();
}

function explain(error) {
  if (!(error instanceof Unreadable)) throw error;
  const { part, ...values } = error.values;
  for (const key of ["length", "longest", "count"]) if (key in values) values[key] = number(values[key]);
  return `${part ? `${say(`part.${part}`)}: ` : ""}${say(`unreadable.${error.code}`, values)}`;
}

/** A decoded text was edited. A part keeps its original characters if only white space differs. */
function decodedEdited() {
  for (const [part, field] of Object.entries(texts)) {
    const text = compact(field.value);
    current[part] = text === compact(original.texts[part]) ? original[part] : encodeText(text);
  }
  signedHere = false;
  draw();
}

// -- drawing

/** Show the current parts on both sides, and ask the server about them. */
function draw() {
  isReadable = true;
  if (encoded.value !== joined(current)) encoded.value = joined(current);
  drawEncoded();
  opened().hidden = false;
  for (const part of PARTS) find(`${part}-changed`).hidden = !changed(part);
  for (const [part, field] of Object.entries(texts)) {
    const fields = objectIn(field.value);
    drawFields(part, fields);
    find(`${part}-fault`).textContent = fields === null ? say("not_an_object") : "";
  }
  find("signature-said").dataset.word = signatureWord();
  find("signature-said").textContent = say(`signature.${signatureWord()}`);
  tick();
  askServer();
}

/** Colour the text behind the field: its parts in their three shades. */
function drawEncoded() {
  const parts = encoded.value.length > READS_UP_TO ? [] : encoded.value.split(".");
  find("shades").replaceChildren(...parts.flatMap((text, place) => [place === 0 ? "" : ".", make("span", place < 3 ? `${PARTS[place]}-part` : "", text)]));
  encoded.classList.toggle("plain", parts.length === 0);
  find("put-back").disabled = original === null || (isReadable && !PARTS.some(changed));
  for (const button of document.querySelectorAll("[data-change], [data-ask]")) button.disabled = !isReadable;
}

function opened() {
  return find("opened");
}

function changed(part) {
  return current[part] !== original[part];
}

/** What can be said about the signature without the key. */
function signatureWord() {
  if (current.signature === "") return "none";
  if (signedHere) return "own";
  if (changed("header") || changed("payload")) return "broken";
  return changed("signature") ? "other" : "as_it_came";
}

// -- the server's verdict

function askServer() {
  ask(joined(current), reasonIfRefused());
}

function reasonIfRefused() {
  if (signedHere) return "own_secret";
  if (current.signature === "") return "unsigned";
  const part = PARTS.find(changed);
  if (part) return part;
  return objectIn(texts.header.value)?.typ === "rt+jwt" ? "refresh" : "foreign";
}

/** Every second: count down, and ask again if the token has just expired. */
let lastSecond = now();
function everySecond() {
  tick();
  const [since, exp] = [lastSecond, isReadable ? objectIn(texts.payload.value)?.exp : undefined];
  lastSecond = now();
  if (since < exp && exp <= lastSecond) askServer();
}

// -- changes by button

const changes = {
  role: () => rewrite("payload", { role: "admin" }),
  exp: () => rewrite("payload", { exp: Math.floor(now()) + TEN_YEARS_S }),
  alg() {
    current.signature = "";
    rewrite("header", { alg: "none" });
  },
};

function rewrite(part, more) {
  texts[part].value = indented(JSON.stringify({ ...objectIn(texts[part].value), ...more }));
  decodedEdited();
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

find("log-in").addEventListener("submit", (event) => {
  event.preventDefault();
  const [{ value, dataset }] = event.target.elements.member.selectedOptions;
  logInAs(value, dataset.password, "access_token");
});
find("which").addEventListener("change", ({ target }) => open(login.tokens[target.value], target.value));
encoded.addEventListener("paste", ({ clipboardData }) => {
  if (clipboardData.getData("text").split(".").length === 3) encoded.select(); // a whole token replaces the text, wherever the caret is
});
encoded.addEventListener("input", encodedEdited);
for (const [part, field] of Object.entries(texts)) {
  field.addEventListener("input", decodedEdited);
  startExplaining(part);
}
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
setInterval(everySecond, 1000);

/** A random load member, whose logins may be ended at any time. */
const member = `load-${String(1 + Math.floor(Math.random() * cast.members)).padStart(4, "0")}`;
tell("waiting", "◷", say("asking_for_one"));
logInAs(member, cast.password, "arrival");
