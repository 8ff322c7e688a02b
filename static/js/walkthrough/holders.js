// What the clients and the server side store, before and after a step. Changes are marked + − ~.

import { shortened } from "../shared/secret.js";
import { language, make, say } from "../shared/words.js";
import { isKept } from "./clients.js";

const MARKS = { added: "+", removed: "−", changed: "~", same: " " };
const IS_TIME = /_at$/;
const TIME = { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" };
const MOST_ALIKE = 3; // records in a row that differ in nothing but their ids and times

/** Draw what each client stores. `before` and `now`: states of clients.js. */
export function drawClients(place, before, now) {
  const blocks = ["browser", "other"].flatMap((who) => {
    const [old, current] = [clientRows(before.clients[who]), clientRows(now.clients[who])];
    if (who === "other" && old.size + current.size === 0) return [];
    return [block(say(`actor.${now.clients[who].plays ?? who}`), old, current, [], attributes(now.clients[who], before.clients[who])), ...safeOf(who, before, now)];
  });
  place.replaceChildren(...blocks);
}

/** Draw what the server stores. `before` and `now`: lists of records. */
export function drawServer(place, before, now) {
  const names = [...new Map([...before, ...now].map((record) => [`${record.where} ${record.name}`, record])).entries()];
  const of = (list, name) => list.find((record) => `${record.where} ${record.name}` === name);
  const blocks = names.map(([name, { where, node, name: record }]) => {
    const [old, current] = [of(before, name), of(now, name)];
    const title = [say(`where.${where}`, { node }), " ", make("code", "", ...shortened((current ?? old).name))];
    const box = block(title, serverRows(old), serverRows(current), current === undefined ? [] : extras(current));
    return { box, kind: [where, record.replace(/\S+$/, ""), ...changesOf(box)].join(" ") };
  });
  const nothing = now.length === 0 ? [make("p", "nothing", say("server_nothing"))] : [];
  place.replaceChildren(...nothing, ...withoutRepetition(blocks));
}

function changesOf(box) {
  return [...box.querySelectorAll("[data-change]")].map((row) => `${row.dataset.change} ${row.querySelector(".name").textContent}`);
}

/** Of many records that are alike the first and the last one; the others are counted, and there when asked for. */
function withoutRepetition(blocks) {
  const runs = [];
  for (const { box, kind } of blocks) {
    if (runs.at(-1)?.kind === kind) runs.at(-1).boxes.push(box);
    else runs.push({ kind, boxes: [box] });
  }
  return runs.flatMap(({ boxes }) => (boxes.length <= MOST_ALIKE ? boxes : [boxes[0], othersOf(boxes.slice(1, -1)), boxes.at(-1)]));
}

function othersOf(boxes) {
  return make("details", "alike", make("summary", "small", say("alike", { count: boxes.length })), make("div", "holders", ...boxes));
}

/** The client’s safe place is a holder of its own: what is in it is not sent with a page’s request. */
function safeOf(who, before, now) {
  const [old, current] = [before, now].map((state) => new Map(Object.entries(state.clients[who].safe)));
  if (old.size + current.size === 0) return [];
  const where = make("a", "", say("line.which_place"));
  where.href = "/storage";
  return [block(say("line.safe", { who: say(`actor.${who}`) }), old, current, [where])];
}

function clientRows({ cookies, memory, copies }) {
  const jar = Object.entries(cookies).map(([name, { value }]) => [cookieName(name), value]);
  const copied = Object.entries(copies).map(([name, value]) => [say("copy_of", { name }), value]);
  return new Map([...jar, ...Object.entries(memory).map(([name, value]) => [memoryName(name), value]), ...copied]);
}

/** Each cookie's attributes, and what was kept over a log-out. A lifetime is sent twice; its longer form is left out. */
function attributes(...clients) {
  const said = clients.toReversed().flatMap(({ cookies }) => Object.entries(cookies));
  const kept = Object.keys(clients[0].memory).filter((name) => isKept(clients[0], name));
  return new Map([
    ...said.map(([name, cookie]) => [cookieName(name), cookie.attributes.replace(/Expires=[^;]*; /i, "")]),
    ...kept.map((name) => [memoryName(name), say("line.kept")]),
  ]);
}

function memoryName(name) {
  return `${say("line.memory")}: ${name}`;
}

function cookieName(name) {
  return `${say("line.cookies")}: ${name}`;
}

function serverRows(record) {
  return new Map(Object.entries(record?.fields ?? {}).map(([name, value]) => [name, spoken(name, value)]));
}

function spoken(name, value) {
  return IS_TIME.test(name) ? new Date(value * 1000).toLocaleString(language, TIME) : String(value);
}

function extras({ ttl_s, slides, size_bytes }) {
  const said = [];
  if (ttl_s !== null) said.push(say(slides ? "ttl.unused" : "ttl.fixed", { seconds: Math.round(ttl_s) }));
  if (size_bytes !== null) said.push(say("bytes", { bytes: size_bytes }));
  return said;
}

function block(title, old, current, extra, notes = new Map()) {
  const list = make("ul", "rows");
  const kept = [...new Set([...old.keys(), ...current.keys()])];
  for (const name of kept) {
    const change = kind(old.get(name), current.get(name));
    const row = make("li", "", mark(change), make("span", "name", ...shortened(name)), make("span", "value", ...values(change, old.get(name), current.get(name))));
    if (notes.get(name)) row.append(make("span", "note", notes.get(name)));
    row.dataset.change = change;
    list.append(row);
  }
  const foot = extra.length > 0 ? [make("p", "small soft", ...extra.flatMap((part, at) => (at > 0 ? [" · ", part] : [part])))] : [];
  const body = kept.length > 0 ? list : make("p", "nothing", say("line.nothing"));
  return make("div", "holder", make("h3", "", ...[title].flat()), body, ...foot);
}

function values(change, old, current) {
  if (change !== "changed") return shortened(current ?? old);
  return [make("del", "", ...shortened(old)), " → ", ...shortened(current)];
}

function kind(old, current) {
  if (old === current) return "same";
  if (old === undefined) return "added";
  return current === undefined ? "removed" : "changed";
}

function mark(change) {
  const sign = make("span", "change", MARKS[change]);
  if (change !== "same") sign.append(make("span", "unseen", say(change)));
  return sign;
}
