// The board: each cell logs in, waits until the right tokens have expired, and sends both tokens together.

import { number, say } from "../shared/words.js";
import { clear, draw, drawAnew, drawOtherwise, put } from "./cell.js";
import { broughtBy, logIn, Otherwise, present } from "./requests.js";
import { untilExpired } from "./tokens.js";

const ALICE = { username: "alice", password: "wonderland" };
const SHORT_S = 2;
// The expected result of each case. Any other result is shown as it is.
const CLAIMS = {
  "valid-valid": { status: 200, reissued: false },
  "valid-expired": { status: 200, reissued: true },
  "expired-valid": { status: 200, reissued: true },
  "expired-expired": { status: 401, reissued: false },
};

/** Log in, wait until both tokens are in this state, and return them. `tick` gets the remaining seconds. */
export async function tokensIn(state, tick) {
  const [access, refresh] = state.split("-");
  const lifetimes = { ...(access === "expired" && { access_ttl_s: SHORT_S }), ...(refresh === "expired" && { refresh_ttl_s: SHORT_S }) };
  const tokens = await logIn(ALICE, lifetimes);
  await untilExpired([access === "expired" && tokens.access, refresh === "expired" && tokens.refresh].filter(Boolean), tick);
  return tokens;
}

export async function runCell(cell, carrier) {
  if (cell.ariaBusy === "true") return;
  cell.ariaBusy = "true";
  clear(cell);
  put(cell, "countdown", `◷ ${say("logging_in")}`);
  try {
    const tokens = await tokensIn(cell.dataset.state, (left) => put(cell, "countdown", `◷ ${say("waiting", { seconds: number(left, 1) })}`));
    const answer = await present(tokens, carrier);
    const brought = broughtBy(answer);
    if (!isAsClaimed(cell.dataset.state, answer, brought)) throw new Otherwise(answer);
    draw(cell, tokens, answer, brought);
    if (answer.status === 401) await logInAnew(cell);
  } catch (error) {
    drawOtherwise(cell, error);
  } finally {
    put(cell, "countdown", "");
    cell.ariaBusy = "false";
  }
}

/** Go on where the refusal leads to: name and password again, and two new tokens. */
async function logInAnew(cell) {
  put(cell, "countdown", `◷ ${say("logging_in")}`);
  drawAnew(cell, await logIn(ALICE));
}

function isAsClaimed(state, { status }, { access, refresh }) {
  const came = [access, refresh].filter(Boolean).length;
  return status === CLAIMS[state].status && came === (CLAIMS[state].reissued ? 2 : 0);
}
