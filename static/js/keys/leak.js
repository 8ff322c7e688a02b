// The question before a key is revoked, and what really died of it.

import { say } from "../shared/words.js";
import { name } from "./cards.js";
import { find as keyOf } from "./ring.js";
import { verdict } from "./tokens.js";

const dialog = document.querySelector("[data-confirm]");
const part = (which) => dialog.querySelector(`[data-confirm-${which}]`);

function under(tokens, kid) {
  return tokens.filter((token) => token.header.kid === kid);
}

/** Let the visitor think again. Return whether the key is to be revoked. */
export function confirmed(kid, keys, tokens) {
  const mine = under(tokens, kid).map(name).join(", ");
  part("title").textContent = say("confirm.title", { kid });
  part("mine").textContent = say(`confirm.${mine ? "mine" : "none"}`, { tokens: mine });
  part("active").hidden = keyOf(keys, kid)?.state !== "active";
  dialog.returnValue = "no";
  dialog.showModal();
  return new Promise((resolve) => dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true }));
}

/** Offer the keys that signed tokens here and can still be revoked; nobody else's key is a slip away. */
export function drawChoice(select, keys, tokens) {
  const held = keys.filter(({ kid, state }) => state !== "revoked" && under(tokens, kid).length > 0);
  const options = held.map(({ kid }) => new Option(say("option", { kid, tokens: under(tokens, kid).map(name).join(", ") }), kid));
  if (options.map((one) => one.text).join() === [...select.options].map((one) => one.text).join()) return;
  const chosen = select.value;
  select.replaceChildren(...options);
  if (held.some(({ kid }) => kid === chosen)) select.value = chosen;
}

/** The tokens that are let in now. */
export function letIn(tokens) {
  return new Set(tokens.filter((token) => verdict(token) === "in"));
}

/** Say what the revocation of `kid` did, by what was let in `before` and is now. */
export function finding(kid, tokens, before, { seconds }) {
  const [mine, rest] = [under(tokens, kid), tokens.filter((token) => token.header.kid !== kid)].map((list) => list.filter((token) => before.has(token)));
  const [died, lived] = [mine.filter((token) => verdict(token) === "refused"), rest.filter((token) => verdict(token) === "in")];
  const asItShould = died.length === mine.length && lived.length === rest.length;
  const word = !asItShould ? "odd" : mine.length === 0 ? "none" : rest.length === 0 ? "only" : "alone";
  return say(`finding.${word}`, { kid, held: mine.length, died: died.length, others: rest.length, lived: lived.length, seconds });
}
