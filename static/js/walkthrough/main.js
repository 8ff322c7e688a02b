// The player: a story, its buttons and keys, and an address for each step.

import { say } from "../shared/words.js";
import { listen } from "./keys.js";
import { fitOpen, openOnly } from "./panes.js";
import { Play } from "./play.js";
import { isAsked } from "./prediction.js";
import { drawRail } from "./rail.js";
import { show, showProgress, showTick } from "./screen.js";
import { beginsStaged, isStaged, setStaged } from "./stage.js";
import { Walk } from "./walk.js";

const IS_PHONE = matchMedia("(max-width: 44rem)");

const story = JSON.parse(document.getElementById("story").textContent);
const walk = new Walk(story);
const part = (name) => document.querySelector(`[data-${name}]`);
const root = `/walkthrough/${story.slug}`;
let index = indexInAddress();
let running = null; // the AbortController of the running step
const playing = new Play(part("play"), part("play-word"), {
  isAsked: () => isAsked(walk, index),
  isDone: () => walk.isDone(index),
  isLast: () => index === story.steps.length - 1,
  run,
  next,
  bringInSight,
  text: () => part("title").parentElement.innerText,
});

function indexInAddress() {
  const id = location.pathname.slice(root.length + 1);
  return Math.max(0, story.steps.findIndex((step) => step.id === id));
}

function open(at) {
  openQuietly(at, "pushState");
  part("title").focus({ preventScroll: true });
}

/** Open a step without moving the focus. Opening it by address or by "back" adds no history entry. */
function openQuietly(at, arrive = "replaceState") {
  stop();
  index = at;
  const path = `${root}/${story.steps[at].id}`;
  if (location.pathname !== path) history[arrive](null, "", path + location.search);
  for (const field of document.querySelectorAll("[name=next]")) field.value = path; // changing the language returns to this step
  delete part("player").dataset.closing;
  draw();
}

function draw(isFresh = false) {
  drawRail(part("rail"), walk, index, go); // first, because the diagram takes the height that is left on the stage
  show(walk, index, { isFresh, choose });
  if (isStaged()) fitOpen();
}

function go(at) {
  playing.stop();
  open(at);
}

/** Do this step, and first the missing steps before it. */
async function run() {
  if (running) return;
  const mine = (running = new AbortController());
  part("player").setAttribute("aria-busy", "true");
  const first = await walk.firstToDo(index);
  const hadRunOut = walk.isReady(index) && walk.hasRunOut(index);
  await runFrom(first, mine, hadRunOut);
  if (running === mine && !walk.isDone(index) && walk.isReady(index) && walk.hasRunOut(index)) {
    await runFrom(walk.anewFrom(index), mine, true); // the token expired in transit
  }
  if (running === mine) ended(first);
}

/** Do the steps from the first to the open one. If a result is unexpected, stop and open that step. */
async function runFrom(first, mine, hadRunOut) {
  for (let at = first; at <= index; at++) {
    if (running !== mine) return;
    if (first < index) showProgress(at, story.steps.length);
    const tick = (seconds, count) => showTick(seconds, story.steps[at].act.kind, count);
    const result = await walk.run(at, { tick, signal: mine.signal });
    if (running !== mine) return;
    if (at === index && hadRunOut) result.redoneFrom = first + 1;
    if (result.asClaimed) continue;
    if (at < index) open(at);
    return;
  }
}

function ended(first) {
  stop();
  draw(true);
  if (story.steps.slice(first, index + 1).some(changesLogin)) document.dispatchEvent(new Event("login-changed"));
  if (walk.isDone(index)) playing.answered();
}

function changesLogin({ who, request }) {
  return who === "browser" && request && /\/(login|logout)$/.test(request.path);
}

/** Cancel the running step: its answer is ignored. */
function stop() {
  running?.abort();
  running = null;
  part("player").removeAttribute("aria-busy");
}

function next() {
  if (running || !walk.isDone(index)) return;
  if (index < story.steps.length - 1) open(index + 1);
  else if (isStaged()) close(true); // there the ending comes after the last result
}

/** Show a step that plays from its heading on: on a phone the button for it is below the panes. */
function bringInSight() {
  if (!isStaged()) part("title").scrollIntoView({ block: IS_PHONE.matches ? "start" : "nearest" });
}

function close(isClosing) {
  part("player").toggleAttribute("data-closing", isClosing);
  draw();
  if (isClosing) part("next-walk").focus(); // Enter opens it
}

function back() {
  if ("closing" in part("player").dataset) close(false);
  else if (index > 0) go(index - 1);
}

/** Do this step, or go on to the next one. */
function goOn() {
  if (walk.isDone(index)) next();
  else run();
}

/** Predict what will happen, and see. */
function choose(option) {
  const isAsked = !part("asks").hidden && story.steps[index].predict?.options[option] !== undefined;
  if (!isAsked || running) return;
  walk.predict(index, option);
  draw();
  run();
}

function stage(isOn) {
  setStaged(isOn);
  delete part("player").dataset.closing;
  openOnly(null);
  draw();
  scrollTo(0, 0);
}

function togglePane(name) {
  const pane = document.querySelector(`[data-pane=${name}]`);
  openOnly(pane.open || pane.hidden ? null : name);
  fitOpen();
}

/** Save the picture. Few visitors do, so its scripts are loaded for it. */
async function save(kind) {
  const { saveStep } = await import("./save.js");
  await saveStep(kind, walk, index);
}

function restart() {
  walk.restart();
  go(0);
}

part("do").addEventListener("click", run);
part("next").addEventListener("click", next);
part("back").addEventListener("click", back);
part("restart").addEventListener("click", restart);
part("stage").addEventListener("click", () => stage(true));
part("leave").addEventListener("click", () => stage(false));
for (const button of document.querySelectorAll("[data-opens]")) button.addEventListener("click", () => togglePane(button.dataset.opens));
for (const button of document.querySelectorAll("[data-save]")) button.addEventListener("click", () => save(button.dataset.save));
// On a walk the projector's switch leads to the stage.
document.querySelector("[name=projector]").addEventListener("click", (event) => {
  event.preventDefault();
  stage(true);
});
addEventListener("popstate", () => openQuietly(indexInAddress()));
addEventListener("resize", () => draw());
// On the stage a pane that gets more text, a value in full or an answer, is fitted again.
new MutationObserver(() => isStaged() && fitOpen()).observe(part("panes"), { childList: true, subtree: true });
part("picker").addEventListener("toggle", () => part("picker").open && part("picker").querySelector("nav").scrollIntoView({ block: "nearest" }));
part("picker").addEventListener("keydown", ({ key }) => {
  if (key === "Escape") part("picker").open = false;
});
listen({ goOn, back, choose, leave: () => stage(false), togglePane });
if (beginsStaged()) setStaged(true);
openQuietly(index);
