// One step on the screen.

import { drawWire, line } from "../shared/wire.js";
import { fill, make, say } from "../shared/words.js";
import { drawCompared } from "./compared.js";
import { drawDiagram } from "./diagram.js";
import { drawClients, drawServer } from "./holders.js";
import { drawInside } from "./inside.js";
import { drawOutcome } from "./outcome.js";

const part = (name) => document.querySelector(`[data-${name}]`);

/** Show a step's present state. `isFresh`: it has just been done. */
export function show(walk, index, isFresh = false) {
  const { story } = walk;
  const [step, result] = [story.steps[index], walk.results[index]];
  part("player").dataset.step = step.id;
  part("player").dataset.approach = step.approach ?? story.approach;
  part("position").textContent = say("position", { now: index + 1, all: story.steps.length });
  for (const name of ["title", "what", "why"]) part(name).textContent = fill(step[name], walk.start.values);
  part("differs").replaceChildren(...(story.differs[step.id] ?? []).map((text) => make("p", "differs", make("strong", "", say("differs")), " ", text)));
  showButtons(walk, index);
  drawOutcome(part("outcome"), walk, index);
  drawDiagram(part("diagram"), walk, index, isFresh);
  showMessages(step, result);
  part("compared-pane").hidden = step.compares === null;
  if (step.compares) drawCompared(part("compared"), result?.compared ?? [], step.approach ?? story.approach);
  showHolders(step, result?.before ?? walk.before(index), result?.now ?? walk.before(index));
  showWhatTells();
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

function showButtons(walk, index) {
  const [done, ready, step] = [walk.isDone(index), walk.isReady(index), walk.story.steps[index]];
  part("back").disabled = index === 0;
  part("next").disabled = !done || index === walk.story.steps.length - 1;
  const word = !ready ? "before" : step.look ? "look" : walk.isOver(index) ? "anew" : done ? "again" : "do";
  part("do").textContent = say(`button.${word}`, { from: walk.anewFrom(index) + 1 });
  part("do").classList.toggle("primary", !done);
  part("next").classList.toggle("primary", done);
}

function showMessages(step, result) {
  const answers = result?.answers ?? [];
  part("other-note").hidden = step.who !== "other" || !step.request;
  part("wire-note").hidden = answers.length === 0;
  if (answers.length > 0) drawWire(part("wire"), step.look_at, answers[0]);
  else if (result?.decoded) part("wire").replaceChildren(...decodedParts(result.decoded, step.look_at));
  else part("wire").replaceChildren(make("p", "soft", say(step.request || step.look ? "not_yet" : "no_server")));
  if (answers.length > 0) drawInside(part("inside"), step.look_at, answers);
  else part("inside").replaceChildren(make("p", "soft", say(step.request || step.look ? "not_yet" : "no_server")));
}

/** In a walk with several approaches, show only what belongs to this step's approach. */
function showHolders(step, before, now) {
  const ofStep = ({ approach }) => step.approach === null || approach === step.approach;
  drawClients(part("clients"), before, now);
  drawServer(part("server"), before.server.filter(ofStep), now.server.filter(ofStep));
}

/** In each pane, scroll to the first highlighted line. The page itself does not scroll. */
function showWhatTells() {
  for (const pane of document.querySelectorAll("[data-scrolls]:not([data-diagram])")) {
    const first = pane.querySelector(".telling, [data-change]:not([data-change=same])");
    const below = first === null ? 0 : first.getBoundingClientRect().bottom - pane.getBoundingClientRect().top + pane.scrollTop;
    pane.scrollTop = below > pane.clientHeight ? below - pane.clientHeight / 2 : 0;
  }
}

/** A token's header and payload, one line per field. `lookAt`: the lines to highlight, such as `payload exp`. */
function decodedParts(decoded, lookAt) {
  const parts = ["header", "payload"].map((name) => {
    const fields = Object.entries(decoded[name]).map(([field, value]) =>
      line(`"${field}": ${JSON.stringify(value)}`, lookAt.includes(`${name} ${field}`)));
    return make("div", `jwt-part ${name}`, line(name, false), ...fields);
  });
  return [make("h3", "small", say("decoded")), ...parts];
}
