// The question before a telling step, and afterwards what was predicted beside what the lab really answered.

import { make, say } from "../shared/words.js";

/** Whether a step's question is open: until then the page does not tell what will happen. */
export function isAsked(walk, index) {
  return walk.story.steps[index].predict !== null && walk.results[index] === undefined;
}

/** Ask what will happen, if this step has a question and is yet to be done. `choose` is called with an option's index. */
export function drawQuestion(place, walk, index, choose) {
  const { predict } = walk.story.steps[index];
  place.hidden = !isAsked(walk, index);
  if (place.hidden) return place.replaceChildren();
  const buttons = predict.options.map(({ text }, option) => optionOf(text, option, walk.predicted(index), choose));
  place.replaceChildren(make("h3", "", predict.question), make("div", "options", ...buttons));
  return undefined;
}

function optionOf(text, option, chosen, choose) {
  const button = make("button", "button guess", make("kbd", "", String(option + 1)), " ", text);
  button.type = "button";
  button.dataset.predict = String(option);
  button.setAttribute("aria-pressed", String(option === chosen));
  button.addEventListener("click", () => choose(option));
  return button;
}

/** What was predicted, and whether the real answer was so; nothing if nothing was predicted. */
export function drawSaid(walk, index) {
  const [chosen, right] = [walk.predicted(index), walk.rightOption(index)];
  if (chosen === undefined || right === -1) return [];
  const { options } = walk.story.steps[index].predict;
  const values = { said: options[chosen].text, right: options[right].text };
  const said = make("p", chosen === right ? "said so" : "said", `${chosen === right ? "✓" : "✕"} ${say(chosen === right ? "said.so" : "said.otherwise", values)}`);
  said.dataset.said = chosen === right ? "so" : "otherwise";
  return [said];
}
