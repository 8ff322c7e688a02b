// Check whether the answers match a step's expectation: status, content, and the server's steps.

import { fill } from "../shared/words.js";
import { claims } from "./jwt.js";

export function isAsClaimed(expect, answers, values) {
  if (expect === null) return true;
  const same = expect.same === null || new Set(answers.map(({ body }) => idOf(body[expect.same]))).size === 1;
  return same && answers.every((answer) => holds(expect, answer, values));
}

function holds(expect, { status, body, trace }, values) {
  const fits = (claimed, found) => claimed === null || fill(claimed, values) === found;
  const said = fits(expect.code, body.code) && fits(expect.member, body.member?.username) && fits(expect.role, body.member?.role);
  const did = expect.inside.every((beginning) => trace.some(({ what }) => what.startsWith(beginning)));
  return status === expect.status && said && did && !trace.some(({ part }) => expect.not_inside.includes(part));
}

/** Two tokens with the same id are the same refresh token, even if it was signed twice. */
function idOf(token) {
  return token === undefined ? undefined : claims(token).jti;
}
