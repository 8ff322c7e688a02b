// One step on the screen.

import { fill, make, say } from "../shared/words.js";
import { drawDiagram } from "./diagram.js";
import { drawOutcome } from "./outcome.js";
import { drawPanes } from "./panes.js";
import { drawQuestion, isAsked } from "./prediction.js";
import { withoutNumber } from "./rail.js";
import { isStaged } from "./stage.js";

const LONGEST_CAPTION = 100; // characters

const part = (name) => document.querySelector(`[data-${name}]`);

/** Show a step's present state. `isFresh`: it has just been done. `choose`: called with a prediction. */
export function show(walk, index, { isFresh, choose }) {
  const { story } = walk;
  const step = story.steps[index];
  part("player").dataset.step = step.id;
  part("player").dataset.approach = step.approach ?? story.approach;
  part("position").textContent = say("position", { now: index + 1, all: story.steps.length });
  for (const name of ["what", "why"]) {
    part(name).textContent = fill(step[name], walk.start.values);
    part(name).hidden = isAsked(walk, index);
  }
  part("caption").textContent = isAsked(walk, index) ? step.predict.question : captionOf(part("what").textContent);
  part("title").textContent = withoutNumber(fill(step.title, walk.start.values));
  part("differs").hidden = isAsked(walk, index);
  part("differs").replaceChildren(...(story.differs[step.id] ?? []).map((text) => make("p", "differs", make("strong", "", say("differs")), " ", text)));
  drawQuestion(part("asks"), walk, index, choose);
  drawOutcome(part("outcome"), walk, index);
  showButtons(walk, index);
  drawPanes(walk, index, isStaged());
  drawDiagram(part("diagram"), walk, index, { isFresh, isStaged: isStaged() });
}

/** The first sentence; of a long one only what stands before its colon. */
function captionOf(text) {
  const sentence = text.split(/(?<=\.)\s/)[0];
  return sentence.length <= LONGEST_CAPTION ? sentence : sentence.replace(/:\s.*/, ".");
}

/** Show a countdown at every tick, and announce it once to screen readers. */
export function showTick(seconds, kind, count = {}) {
  const left = (digits) => say(`waiting.${kind}`, { ...count, seconds: seconds.toFixed(digits) });
  if (part("countdown") === null) {
    const shown = make("p", "countdown");
    shown.dataset.countdown = "";
    shown.ariaHidden = "true";
    part("outcome").replaceChildren(make("p", "unseen", left(0)), shown);
  }
  part("countdown").textContent = `◷ ${left(1)}`;
}

/** Show which of the steps before the open one is being done. The button says it: it is in sight on the stage too. */
export function showProgress(at, all) {
  part("do").textContent = say("progress", { now: at + 1, all });
}

/** Show the buttons. One of them is the next thing to press; after the last step it is the link to the next walk. */
function showButtons(walk, index) {
  const [done, ready, step] = [walk.isDone(index), walk.isReady(index), walk.story.steps[index]];
  const isLast = index === walk.story.steps.length - 1;
  part("back").disabled = index === 0;
  const isEnd = isLast && (!isStaged() || "closing" in part("player").dataset);
  part("next").disabled = !done || isEnd;
  const word = !ready ? "before" : step.look ? "look" : walk.isOver(index) ? "anew" : done ? "again" : "do";
  part("do").textContent = say(`button.${word}`, { from: walk.anewFrom(index) + 1 });
  part("ending").hidden = !(done && isLast);
  part("next-walk").search = isStaged() ? "?stage" : ""; // the next walk begins there too
  const primary = !done ? "do" : isEnd ? "next-walk" : "next";
  for (const name of ["do", "next", "next-walk"]) {
    part(name).classList.toggle("primary", name === primary);
    part(name).toggleAttribute("data-primary", name === primary);
  }
}
