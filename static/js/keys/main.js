// The page of the keys: it gets tokens, changes keys, and after each change checks every token at every node.

import { mayPress, recall, shut, takeCode } from "../shared/instructor.js";
import { number, say } from "../shared/words.js";
import { drawCards } from "./cards.js";
import { startDropped } from "./dropped.js";
import { confirmed, drawChoice, finding, letIn } from "./leak.js";
import { pause } from "./nodes.js";
import { active, followed, handIn, isAsNew, look, remove, rotate, want } from "./ring.js";
import { canVerify, fetchCopy, hasCopy, showPublished, verifyAll } from "./service.js";
import { startStolen } from "./stolen.js";
import { drawLanes, onToggle } from "./timeline.js";
import { check, logIn, memberName, MOST } from "./tokens.js";
import { startUnnamed } from "./unnamed.js";

const POLL_MS = 1000;
const STUBBORN = 5; // polls after which an older ring is accepted: the file was replaced

const LOAD_MEMBERS = 1000;

const find = (part) => document.querySelector(`[data-${part}]`);
let keys = null;
let tokens = [];
let taken = 0;
let busy = false;
let older = 0;

// -- drawing

function draw() {
  const [ready, may] = [keys !== null && !busy, mayPress() && keys !== null && !busy];
  drawCards(find("cards"), tokens);
  if (keys !== null) {
    drawLanes(keys, tokens, may);
    drawChoice(find("leaked"), keys, tokens);
  }
  find("no-tokens").hidden = tokens.length > 0;
  find("leak").hidden = tokens.length === 0;
  find("take-three").disabled = !may || tokens.length + 3 > MOST;
  find("take-one").disabled = !ready || tokens.length >= MOST;
  for (const part of ["check", "forget"]) find(part).disabled = !ready || tokens.length === 0;
  for (const button of document.querySelectorAll("[data-rotate] button, [data-take-eddsa]")) button.disabled = !may;
  find("leak").querySelector("button").disabled = !may || find("leaked").value === "";
  find("fetch-and-verify").disabled = !ready || !canVerify;
  find("verify").disabled = !ready || !canVerify || !hasCopy();
}

function tell(text) {
  find("said").textContent = text;
}

/** Do one thing at a time. Buttons are disabled meanwhile. */
async function alone(work) {
  if (busy) return;
  busy = true;
  const pressed = document.activeElement;
  draw();
  try {
    await work();
  } finally {
    busy = false;
    draw();
    if (document.activeElement === document.body && pressed?.isConnected) pressed.focus({ preventScroll: true });
  }
}

// -- changes of keys

/** Send a command. Return the resulting ring, or show why not and return null. */
async function ordered(order, name) {
  const answer = await order;
  if (answer?.ok) return (keys = answer.body.keys);
  if (["code_needed", "wrong_code"].includes(answer?.body.code)) shut();
  complain(answer, name);
  return null;
}

function complain(answer, name) {
  const why = [answer?.body.title, answer?.body.detail].filter(Boolean).join(". ");
  tell(answer === null ? say("said.no_answer", { order: name }) : say("said.refused", { order: name, why }));
}

/** Wait until every node follows the move, and show who does. Return how long it took. */
async function nodesFollow(name) {
  let seconds = "";
  await followed(keys, (state) => {
    seconds = number(state.seconds, 1);
    const nodes = state.nodes.sort((one, other) => one.name.localeCompare(other.name, "en", { numeric: true })).map((node) => `${node.name} ${node.follows ? "✓" : "◷"}`).join(", ");
    find("followed").textContent = say(`followed.${state.all ? "done" : state.late ? "late" : "waiting"}`, { order: name, nodes, seconds });
  });
  return seconds;
}

/** Change a key. Then request the ring and check every token at every node, until all agree. */
async function move(order, name) {
  find("finding").textContent = "";
  if ((await ordered(order, name)) === null) return null;
  const startedAt = performance.now();
  draw();
  await Promise.all([nodesFollow(name), check(tokens, keys, draw)]);
  await showPublished();
  return { seconds: number((performance.now() - startedAt) / 1000, 1) };
}

async function revoke(kid) {
  if (!(await confirmed(kid, keys, tokens))) return;
  const before = letIn(tokens);
  await alone(async () => {
    const done = await move(want(kid, "revoked"), say("move.named", { move: say("move.revoke"), kid }));
    if (done !== null && tokens.length > 0) find("finding").textContent = finding(kid, tokens, before, done);
  });
}

async function retire(kid) {
  await alone(() => move(want(kid, "retired"), say("move.named", { move: say("move.retire"), kid })));
}

async function erase(kid) {
  // Its tokens were refused before, too. What the nodes say of them is new only when all have followed.
  await thenCheck(() => move(remove(kid), say("move.named", { move: say("move.delete"), kid })));
}

async function rotateTo(algorithm) {
  tell(say("said.rotating"));
  const done = await move(rotate(algorithm), say("move.rotate"));
  if (done !== null) tell("");
  return done;
}

// -- tokens

/** Log in under the active key. Return whether that worked. */
async function takeOne() {
  const member = (taken % LOAD_MEMBERS) + 1;
  const expected = active(keys).kid;
  tell(say("said.logging_in", { username: memberName(member) }));
  const { token, answer } = await logIn(memberName(member), member);
  if (token === undefined) {
    tell(say("said.no_login", { status: answer?.status ?? "–", code: answer?.body.code ?? "" }));
    return false;
  }
  taken += 1;
  tokens.push(token);
  const values = { username: token.username, kid: token.header.kid };
  tell(say(token.header.kid === expected ? "said.taken" : "said.other_key", values));
  return true;
}

async function takeThree() {
  for (let key = 0; key < 3; key++) {
    if ((await rotateTo(find("algorithm").value)) === null || !(await takeOne())) return;
    draw();
  }
  if ((await rotateTo(find("algorithm").value)) !== null) tell(say("said.taken_three"));
}

async function thenCheck(work) {
  await alone(async () => {
    await work();
    await check(tokens, keys, draw);
  });
}

// -- polling

/** Follow changes by other users. A node that has not followed yet returns a ring that we already have. */
async function follow() {
  for (;;) {
    if (!busy && document.visibilityState === "visible") await lookOnce();
    await pause(POLL_MS);
  }
}

async function lookOnce() {
  const answer = await look();
  if (busy || !answer?.ok) return;
  const seen = answer.body.keys;
  if (keys !== null && !isAsNew(seen, keys) && ++older < STUBBORN) return;
  older = 0;
  const changed = JSON.stringify(seen) !== JSON.stringify(keys);
  keys = seen;
  draw();
  if (!changed) return;
  await showPublished();
  if (tokens.length > 0) await alone(() => check(tokens, keys, draw));
}

// -- wiring

const on = (part, event, work) => find(part).addEventListener(event, work);

on("take-three", "click", () => thenCheck(takeThree));
on("take-one", "click", () => thenCheck(takeOne));
on("check", "click", async () => {
  await thenCheck(() => {});
  tell(say("said.checked"));
});
on("forget", "click", () => {
  tokens = [];
  find("finding").textContent = "";
  tell(say("said.put_away"));
  draw();
});
on("leak", "submit", (event) => {
  event.preventDefault();
  revoke(find("leaked").value);
});
on("rotate", "submit", (event) => {
  event.preventDefault();
  alone(() => rotateTo(find("algorithm").value));
});
on("lanes", "click", (event) => {
  const [verb, kid] = event.target.closest("[data-move]")?.dataset.move.split(" ") ?? [];
  if (verb) ({ retire, revoke, delete: erase })[verb](kid);
});
on("take-eddsa", "click", () =>
  thenCheck(async () => {
    find("algorithm").value = "EdDSA";
    if ((await rotateTo("EdDSA")) !== null) await takeOne();
  }),
);
on("fetch-and-verify", "click", () =>
  alone(async () => {
    await fetchCopy();
    if (hasCopy()) await verifyAll(tokens);
  }),
);
on("verify", "click", () => alone(() => verifyAll(tokens)));
onToggle(draw);
takeCode(async (code) => {
  const answer = await handIn(code);
  answer?.ok ? tell(say("said.opened")) : complain(answer, say("said.code"));
  return Boolean(answer?.ok);
});
find("cannot-verify").hidden = canVerify;
startStolen();
startDropped();
startUnnamed();
recall().then(draw);
follow();
