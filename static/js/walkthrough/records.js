// The records that the server side keeps: which of them are live, and how many.

import { say } from "../shared/words.js";

const TOKEN = "refresh token "; // how the name of a token's record begins
const LOGIN = "login ";

/** Each record with its state: live, used, or ended with its login. */
export function withStates(records) {
  let isOver = false;
  return records.map((record) => {
    if (record.name.startsWith(LOGIN)) isOver = "revoked_at" in record.fields;
    const isOfLogin = record.name.startsWith(LOGIN) || record.name.startsWith(TOKEN);
    return { record, state: "spent_at" in record.fields ? "used" : isOver && isOfLogin ? "ended" : "live" };
  });
}

/** The state of each stored refresh token, by its hash. */
export function refreshTokens(records) {
  const tokens = withStates(records).filter(({ record }) => record.name.startsWith(TOKEN));
  return new Map(tokens.map(({ record, state }) => [record.name.slice(TOKEN.length), state]));
}

/** How many of the records are live, and how many only say what has ended. */
export function counted(records) {
  const all = withStates(records);
  const live = all.filter(({ state }) => state === "live").length;
  const kind = live === all.length ? "live" : live === 0 ? "ended" : "both";
  return say(`records.${kind}`, { live, ended: all.length - live });
}
