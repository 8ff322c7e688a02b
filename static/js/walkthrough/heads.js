// What each participant of the diagram is called, and what it holds after a step.

import { say } from "../shared/words.js";
import { isKept } from "./clients.js";
import { counted } from "./records.js";

const CLIENTS = ["browser", "other"];

/** By column: {title, holds, isChanged}. `state`: {before, now} of clients.js. */
export function headsOf(columns, { before, now }) {
  return Object.fromEntries(columns.map((name) => [name, headOf(name, before, now)]));
}

function headOf(name, before, now) {
  if (name === "node") return { title: say("actor.node"), holds: "", isChanged: false };
  const [old, held] = CLIENTS.includes(name) ? [credentials(before.clients[name]), credentials(now.clients[name])] : [records(name, before), records(name, now)];
  return { title: say(`actor.${now.clients[name]?.plays ?? name}`), holds: held.text, isChanged: old.key !== held.key };
}

/** A client's credentials by their kinds, and which of them are copies or were kept over a log-out. */
function credentials(client) {
  const { cookies, memory, copies } = client;
  const [kept, own] = [true, false].map((isWanted) => Object.keys(memory).filter((name) => isKept(client, name) === isWanted));
  const lists = [kinds([...Object.keys(cookies), ...own]), marked("kept", kept), marked("copy", Object.keys(copies))];
  return { text: lists.filter(Boolean).join(", ") || "∅", key: JSON.stringify([cookies, memory, copies]) };
}

function marked(mark, names) {
  return names.length > 0 ? `${kinds(names)} ${say(`head.${mark}`).replaceAll(" ", "\u00a0")}` : "";
}

/** `sid`, `access, refresh`, or `access ×2` if two approaches gave one. */
function kinds(names) {
  const short = names.map((name) => name.replace(/_token$/, "").replace(/^.*_/, ""));
  return Object.entries(Object.groupBy(short, (name) => name)).map(([name, all]) => (all.length > 1 ? `${name}\u00a0×${all.length}` : name)).join(", ");
}

function records(name, { server }) {
  const mine = server.filter(({ where }) => where === name);
  const key = JSON.stringify(mine.map(({ name: record, fields }) => [record, fields]));
  return { text: mine.length === 0 ? "∅" : counted(mine), key };
}
