// The player's keys. A clicker sends PageDown and PageUp; they scroll the page but on the stage.

import { isStaged } from "./stage.js";

const ON = ["ArrowRight"];
const BACK = ["ArrowLeft"];
const STAGED_ON = [...ON, "ArrowDown", "PageDown", "Space"];
const STAGED_BACK = [...BACK, "ArrowUp", "PageUp"];
const NUMBER = /^(?:Digit|Numpad)([1-9])$/;

/** Listen to the keys. Letters are told by their place, so that a Korean keyboard has them too. */
export function listen({ goOn, back, choose, leave, togglePane }) {
  addEventListener("keydown", (event) => {
    const { target } = event;
    const code = event.code || event.key; // a remote control may send no code
    if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey || target.closest("input, textarea, select, .picker")) return;
    if (code === "Space" && target.matches(":is(button, a, summary):focus-visible")) return; // it presses that
    const act = actOf(code, { goOn, back, choose, leave, togglePane });
    if (act === undefined) return;
    event.preventDefault();
    act();
  });
}

function actOf(code, { goOn, back, choose, leave, togglePane }) {
  if ((isStaged() ? STAGED_ON : ON).includes(code)) return goOn;
  if ((isStaged() ? STAGED_BACK : BACK).includes(code)) return back;
  const number = NUMBER.exec(code)?.[1];
  if (number !== undefined) return () => choose(number - 1);
  if (!isStaged()) return undefined;
  if (code === "Escape") return leave;
  const pane = document.querySelector(`[data-key="${code}"]`)?.dataset.opens;
  return pane && (() => togglePane(pane));
}
