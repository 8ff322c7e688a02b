// The diagram of a step as a picture for slides: with its question, its step, its result and its figures.

import { savePicture } from "../shared/picture.js";
import { fill, microseconds, say } from "../shared/words.js";
import { partsOf } from "./inside.js";
import { withoutNumber } from "./rail.js";

/** Save the diagram of a step as a file. `kind`: svg or png. */
export async function saveStep(kind, { story, start, results }, index) {
  const step = story.steps[index];
  await savePicture(kind, `${story.slug}-${step.id}`, {
    drawing: document.querySelector("[data-diagram]"),
    title: document.querySelector("h1").textContent,
    caption: [`${index + 1}. ${withoutNumber(fill(step.title, start.values))}`],
    figures: figuresOf(results[index]),
  });
}

/** The result in a sentence, and what each part of the answer took. */
function figuresOf(result) {
  const said = [...document.querySelectorAll("[data-outcome] > p:first-child")].map((line) => line.textContent);
  const taken = (result?.answers ?? []).map(({ node, timing }) => `${node}: ${partsOf(timing).map(([name, us]) => `${say(`part.${name}`)} ${microseconds(us)}`).join(" · ")}`);
  return [...said, ...taken];
}
