// The rail: a link to each step's address, with its number, its name and its state.

import { fill, make, say } from "../shared/words.js";

/** Draw the rail. `go` opens a step without leaving the page. */
export function drawRail(place, walk, current, go) {
  const { slug, steps } = walk.story;
  const links = steps.map((step, index) => {
    const [state, name] = [stateOf(walk, index), fill(step.name, walk.start.values)];
    const link = make("a", "", make("span", "sign", String(index + 1)), make("span", "name", withoutNumber(name)));
    link.href = `/walkthrough/${slug}/${step.id}${location.search}`;
    link.title = fill(step.title, walk.start.values);
    link.dataset.state = state;
    link.setAttribute("aria-label", say(`rail.${state}`, { number: index + 1, title: link.title }));
    if (index === current) link.setAttribute("aria-current", "step");
    link.addEventListener("click", (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return; // opens in a new tab
      event.preventDefault();
      go(index);
    });
    return make("li", "", link);
  });
  place.replaceChildren(...links);
}

/** The name of a step, without a number of its own: the rail has one already. */
export function withoutNumber(name) {
  return name.replace(/^\d+\. /, "");
}

function stateOf(walk, index) {
  if (walk.isDone(index)) return "done";
  return walk.results[index] ? "wrong" : "open";
}
