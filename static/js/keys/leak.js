// The question before a key is revoked, and the tokens that the revocation really ended.

import { say } from "../shared/words.js";
import { name } from "./cards.js";
import { find as keyOf } from "./ring.js";
import { verdict } from "./tokens.js";

const dialog = document.querySelector("[data-confirm]");
const part = (which) => dialog.querySelector(`[data-confirm-${which}]`);

function under(tokens, kid) {
  return tokens.filter((token) => token.header.kid === kid);
}

/** Ask the visitor to confirm. Return whether to revoke the key. */
export function confirmed(kid, keys, tokens) {
  const mine = under(tokens, kid).map(name).join(", ");
  part("title").textContent = say("confirm.title", { kid });
  part("mine").textContent = say(`confirm.${mine ? "mine" : "none"}`, { tokens: mine });
  part("active").hidden = keyOf(keys, kid)?.state !== "active";
  dialog.returnValue = "no";
  dialog.showModal();
  return new Promise((resolve) => dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true }));
}

/** Offer only keys that signed this page's tokens and can still be revoked: no other key is revoked by mistake. */
export function drawChoice(select, keys, tokens) {
  const held = keys.filter(({ kid, state }) => state !== "revoked" && under(tokens, kid).length > 0);
  const options = held.map(({ kid }) => new Option(say("option", { kid, tokens: under(tokens, kid).map(name).join(", ") }), kid));
  if (options.map((one) => one.text).join() === [...select.options].map((one) => one.text).join()) return;
  const chosen = select.value;
  select.replaceChildren(...options);
  if (held.some(({ kid }) => kid === chosen)) select.value = chosen;
}

/** The tokens that are accepted now. */
export function letIn(tokens) {
  return new Set(tokens.filter((token) => verdict(token) === "in"));
}

/** Show the effect of the revocation of `kid`: the tokens accepted `before` and now. */
export function finding(kid, tokens, before, { seconds }) {
  const [mine, rest] = [under(tokens, kid), tokens.filter((token) => token.header.kid !== kid)].map((list) => list.filter((token) => before.has(token)));
  const [died, lived] = [mine.filter((token) => verdict(token) === "refused"), rest.filter((token) => verdict(token) === "in")];
  const asItShould = died.length === mine.length && lived.length === rest.length;
  const word = !asItShould ? "odd" : mine.length === 0 ? "none" : rest.length === 0 ? "only" : "alone";
  return say(`finding.${word}`, { kid, held: mine.length, died: died.length, others: rest.length, lived: lived.length, seconds });
}
