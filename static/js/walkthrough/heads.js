// What each participant of the diagram is called, and what it holds after a step.

import { say } from "../shared/words.js";

const CLIENTS = ["browser", "other"];

/** By column: {title, holds, isChanged}. `state`: {before, now} of clients.js. */
export function headsOf(columns, { before, now }) {
  return Object.fromEntries(columns.map((name) => [name, headOf(name, before, now)]));
}

function headOf(name, before, now) {
  if (name === "node") return { title: say("actor.node"), holds: "", isChanged: false };
  const [old, held] = CLIENTS.includes(name) ? [credentials(before.clients[name]), credentials(now.clients[name])] : [records(name, before), records(name, now)];
  return { title: say(`actor.${name}`), holds: held.text, isChanged: old.key !== held.key };
}

/** The kinds of a client's credentials: `sid`, `access, refresh`, or `access ×2` if two approaches gave one. */
function credentials({ cookies, memory }) {
  const names = [...Object.keys(cookies), ...Object.keys(memory)].map((name) => name.replace(/_token$/, "").replace(/^.*_/, ""));
  const counted = Object.entries(Object.groupBy(names, (name) => name)).map(([name, all]) => (all.length > 1 ? `${name}\u00a0×${all.length}` : name));
  return { text: counted.join(", ") || "∅", key: JSON.stringify([cookies, memory]) };
}

function records(name, { server }) {
  const mine = server.filter(({ where }) => where === name);
  const key = JSON.stringify(mine.map(({ name: record, fields }) => [record, fields]));
  return { text: mine.length === 0 ? "∅" : say("records", { count: mine.length }), key };
}
