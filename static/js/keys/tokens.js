// Tokens in this page's memory, and every node's answer to each of them.

import { decodeText, objectIn, takeApart } from "../shared/token.js";
import { ask, everyNode, pause, runningNodes, send } from "./nodes.js";
import { find } from "./ring.js";

const PASSWORD = "load"; // of the load members, whose logins may be ended at any time
const GIVE_UP_MS = 6000;
const ASK_AGAIN_MS = 150;

export const MOST = 9;

export function memberName(number) {
  return `load-${String(number).padStart(4, "0")}`;
}

/** Log in for real. Return the token, with this number on the page, or the unexpected answer. */
export async function logIn(username, number) {
  const answer = await send("POST", "/token/login", { username, password: PASSWORD });
  if (!answer?.ok) return { answer };
  const text = answer.body.access_token;
  return { token: { number, username, text, header: objectIn(takeApart(text).texts.header), answers: new Map(), settled: false } };
}

/** The claims of a token, unverified. */
export function claims(token) {
  return objectIn(decodeText(token.text.split(".")[1]));
}

/** The nodes' answers in one word: in, refused, expired, mixed, broken, silent. */
export function verdict(token) {
  const words = new Set([...token.answers.values()].map(wordOf));
  if (words.size === 0) return "silent";
  return words.size > 1 ? "mixed" : [...words][0];
}

export function wordOf({ status, body }) {
  if (status === 200) return "in";
  if (status !== 401) return "broken";
  return body.code === "expired_token" ? "expired" : "refused";
}

/** Send every token to every node, until all nodes agree with each other and with the ring. Return whether they do. */
export async function check(tokens, keys, show) {
  const startedAt = performance.now();
  for (const token of tokens) Object.assign(token, { settled: false, answers: new Map() });
  show();
  for (;;) {
    const running = await runningNodes();
    for (const token of tokens.filter((one) => !one.settled)) {
      token.answers = await everyNode(running ?? [], () => profile(token));
      token.settled = isSettled(token, keys) && Boolean(running?.every((node) => token.answers.has(node)));
      show();
    }
    if (tokens.every((token) => token.settled)) return true;
    if (performance.now() - startedAt > GIVE_UP_MS) break;
    await pause(ASK_AGAIN_MS);
  }
  for (const token of tokens) token.settled = true; // the final state, expected or not
  show();
  return false;
}

function profile({ text }) {
  return ask("/token/profile", { headers: { Authorization: `Bearer ${text}`, "X-Lab-Trace": "1" } });
}

function isSettled(token, keys) {
  const word = verdict(token);
  const key = find(keys, token.header.kid);
  return word === "expired" || word === (key === undefined || key.state === "revoked" ? "refused" : "in");
}
