// The player: a story, its buttons and keys, and an address for each step.

import { show, showTick } from "./screen.js";
import { Walk } from "./walk.js";
import { say } from "./words.js";

const BETWEEN_MS = 1800; // long enough to see what has changed

const story = JSON.parse(document.getElementById("story").textContent);
const walk = new Walk(story);
const part = (name) => document.querySelector(`[data-${name}]`);
const root = `/walkthrough/${story.slug}`;
let index = indexInAddress();
let busy = false;
let playing = false;

function indexInAddress() {
  const id = location.pathname.slice(root.length + 1);
  return Math.max(0, story.steps.findIndex((step) => step.id === id));
}

function open(at, { focus = true } = {}) {
  index = at;
  const path = `${root}/${story.steps[at].id}`;
  if (location.pathname !== path) history.pushState(null, "", path);
  for (const field of document.querySelectorAll("[name=next]")) field.value = path; // a change of language comes back here
  show(walk, index);
  if (focus) part("title").focus({ preventScroll: true });
}

/** Do this step; where something is missing, the steps before it as well. */
async function run() {
  if (busy) return;
  busy = true;
  part("player").setAttribute("aria-busy", "true");
  const first = walk.isReady(index) ? index : walk.story.steps.findIndex((_, at) => !walk.isDone(at));
  for (let at = first; at <= index; at++) {
    const { asClaimed } = await walk.run(at, showTick);
    if (!asClaimed && at < index) open(at);
    if (!asClaimed) break;
  }
  part("player").removeAttribute("aria-busy");
  busy = false;
  show(walk, index);
}

function next() {
  if (!busy && walk.isDone(index) && index < story.steps.length - 1) open(index + 1);
}

function back() {
  if (!busy && index > 0) open(index - 1);
}

async function play() {
  setPlaying(!playing);
  while (playing) {
    if (!walk.isDone(index)) await run();
    if (!walk.results[index]?.asClaimed || index === story.steps.length - 1) break;
    await new Promise((resolve) => setTimeout(resolve, BETWEEN_MS));
    if (playing) next();
  }
  setPlaying(false);
}

function setPlaying(on) {
  playing = on;
  part("play").setAttribute("aria-pressed", String(on));
  part("play-word").textContent = say(`button.${on ? "pause" : "play"}`);
}

function restart() {
  if (busy) return;
  setPlaying(false);
  walk.restart();
  open(0);
}

part("do").addEventListener("click", run);
part("next").addEventListener("click", next);
part("back").addEventListener("click", back);
part("play").addEventListener("click", play);
part("restart").addEventListener("click", restart);
addEventListener("popstate", () => open(indexInAddress()));
addEventListener("keydown", (event) => {
  if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey || event.target.closest("input, textarea, [data-diagram]")) return;
  if (event.key === "ArrowRight") walk.isDone(index) ? next() : run();
  else if (event.key === "ArrowLeft") back();
});
open(index, { focus: false });
