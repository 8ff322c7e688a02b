// What the clients and the server side store, before and after a step. Changes are marked + − ~.

import { shortened } from "../shared/secret.js";
import { language, make, say } from "../shared/words.js";

const MARKS = { added: "+", removed: "−", changed: "~", same: " " };
const IS_TIME = /_at$/;

/** Draw what each client stores. `before` and `now`: states of clients.js. */
export function drawClients(place, before, now) {
  const blocks = ["browser", "other"].flatMap((who) => {
    const [old, current] = [clientRows(before.clients[who]), clientRows(now.clients[who])];
    if (who === "other" && old.size + current.size === 0) return [];
    return [block(say(`actor.${who}`), old, current, [], attributes(now.clients[who], before.clients[who])), ...safeOf(who, before, now)];
  });
  place.replaceChildren(...blocks);
}

/** Draw what the server stores. `before` and `now`: lists of records. */
export function drawServer(place, before, now) {
  const names = [...new Map([...before, ...now].map((record) => [`${record.where} ${record.name}`, record])).entries()];
  const of = (list, name) => list.find((record) => `${record.where} ${record.name}` === name);
  const blocks = names.map(([name, { where, node }]) => {
    const [old, current] = [of(before, name), of(now, name)];
    const title = [say(`where.${where}`, { node }), " ", make("code", "", ...shortened((current ?? old).name))];
    return block(title, serverRows(old), serverRows(current), current === undefined ? [] : extras(current));
  });
  const nothing = now.length === 0 ? [make("p", "nothing", say("server_nothing"))] : [];
  place.replaceChildren(...nothing, ...blocks);
}

/** The client’s safe place is a holder of its own: what is in it is not sent with a page’s request. */
function safeOf(who, before, now) {
  const [old, current] = [before, now].map((state) => new Map(Object.entries(state.clients[who].safe)));
  if (old.size + current.size === 0) return [];
  const where = make("a", "", say("line.which_place"));
  where.href = "/storage";
  return [block(say("line.safe", { who: say(`actor.${who}`) }), old, current, [where])];
}

function clientRows({ cookies, memory }) {
  const jar = Object.entries(cookies).map(([name, { value }]) => [cookieName(name), value]);
  return new Map([...jar, ...Object.entries(memory).map(([name, value]) => [`${say("line.memory")}: ${name}`, value])]);
}

/** Each cookie's attributes. Its lifetime is sent twice; the longer form, the date, is left out. */
function attributes(...clients) {
  const said = clients.toReversed().flatMap(({ cookies }) => Object.entries(cookies));
  return new Map(said.map(([name, cookie]) => [cookieName(name), cookie.attributes.replace(/Expires=[^;]*; /i, "")]));
}

function cookieName(name) {
  return `${say("line.cookies")}: ${name}`;
}

function serverRows(record) {
  return new Map(Object.entries(record?.fields ?? {}).map(([name, value]) => [name, spoken(name, value)]));
}

function spoken(name, value) {
  return IS_TIME.test(name) ? new Date(value * 1000).toLocaleString(language) : String(value);
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
