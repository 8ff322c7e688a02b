// The panes beside the diagram. Each says in one line what it holds; only the one that a step has changed is open.

import { drawWire, line } from "../shared/wire.js";
import { make, microseconds, say } from "../shared/words.js";
import { isKept } from "./clients.js";
import { drawCompared } from "./compared.js";
import { drawClients, drawServer } from "./holders.js";
import { drawInside, totalOf } from "./inside.js";
import { showsKey } from "./outcome.js";
import { counted } from "./records.js";
import { short } from "./sequence.js";

const part = (name) => document.querySelector(`[data-${name}]`);
const pane = (name) => document.querySelector(`[data-pane=${name}]`);
// On the stage the first of each that fits: how brief a pane is (walkthrough.css says what is left out), and its letters.
const BRIEF = ["no", "less", "least"];
const LETTERS = [1.5, 1.35, 1.2, 1.1, 1];
const SIGNS = { added: "+", removed: "−", changed: "~" };

let shown = {}; // the step and the result that the panes were opened for

/** Show what a step has left in each pane. `isStaged`: panes open on demand only. */
export function drawPanes(walk, index, isStaged) {
  const [step, result] = [walk.story.steps[index], walk.results[index]];
  const now = walk.shown(index);
  showMessages(step, result);
  showHolders(step, now.before, now.now);
  pane("compared").hidden = step.compares === null || (result !== undefined && !result.compared);
  if (step.compares) drawCompared(part("compared"), result?.compared ?? [], step.approach ?? walk.story.approach);
  sumUp(step, result, now.now);
  if (shown.index !== index || shown.result !== result) openOnly(isStaged ? null : changed(step, result));
  shown = { index, result };
}

/** Open one pane, or none, and close the others. */
export function openOnly(name) {
  for (const each of document.querySelectorAll("[data-pane]")) {
    each.open = each.dataset.pane === name;
    delete each.dataset.brief;
  }
}

/** The open pane of the stage, which does not scroll, fills it, or leaves out what is not telling until the rest fits. */
export function fitOpen() {
  for (const each of document.querySelectorAll("[data-pane][open]")) {
    const fits = (letter, brief) => {
      each.style.setProperty("--letter", letter);
      each.dataset.brief = brief;
      return each.scrollHeight <= each.clientHeight && each.scrollWidth <= each.clientWidth;
    };
    const brief = BRIEF.find((how) => fits(1, how)) ?? BRIEF.at(-1);
    LETTERS.find((letter) => fits(letter, brief));
  }
}

/** The pane that a result has changed most; none before a result, or after an unexpected one. */
function changed({ compares, look_at }, result) {
  if (!result?.asClaimed) return null;
  if (compares && result.compared?.length > 0) return "compared";
  if (result.decoded) return "wire";
  const isIn = (name) => pane(name).querySelector("[data-change]:not([data-change=same])") !== null;
  if (!isLook(result) && isIn("server")) return "server";
  if (!isLook(result) && isIn("clients")) return "clients";
  return look_at.some((line) => line.startsWith("inside ")) ? "inside" : "wire";
}

function isLook({ answeredAt, said }) {
  return answeredAt === undefined && said === undefined;
}

function showMessages(step, result) {
  const answers = result?.answers ?? [];
  part("other-note").hidden = step.who !== "other" || !step.request;
  part("wire-note").hidden = answers.length === 0;
  part("key-note").hidden = !showsKey({ answers });
  const nothing = () => make("p", "soft", say(step.request || step.look ? "not_yet" : "no_server"));
  if (answers.length > 0) drawWire(part("wire"), step.look_at, answers[0]);
  else part("wire").replaceChildren(...(result?.decoded ? decodedParts(result.decoded, step.look_at) : [nothing()]));
  if (answers.length > 0) drawInside(part("inside"), step.look_at, answers);
  else part("inside").replaceChildren(nothing());
}

/** In a walk with several approaches, show only what belongs to this step's approach. */
function showHolders(step, before, now) {
  const ofStep = ({ approach }) => step.approach === null || approach === step.approach;
  drawClients(part("clients"), before, now);
  drawServer(part("server"), before.server.filter(ofStep), now.server.filter(ofStep));
}

/** In each pane's head, say in a line what it holds, and count what has changed. */
function sumUp(step, result, { clients, server }) {
  const answers = result?.answers ?? [];
  const nothing = say(step.request || step.look ? "line.not_yet" : "line.no_server");
  const lines = {
    wire: answers.length > 0 ? answers.map(exchangeLine)[0] : result?.decoded ? say("line.decoded") : nothing,
    inside: answers.length > 0 ? insideLine(answers) : nothing,
    clients: clientsLine(clients),
    server: serverLine(server),
    compared: (result?.compared ?? []).filter(({ verdict }) => verdict).map(({ verdict }) => say(`verdict.${verdict}`)).join(" · ") || nothing,
  };
  for (const [name, text] of Object.entries(lines)) {
    pane(name).querySelector("[data-holds]").textContent = text;
    pane(name).querySelector("[data-changes]").textContent = changesIn(pane(name));
  }
}

function exchangeLine({ wire, status }) {
  return wire ? `${wire.request.method} ${short(wire.request.path)} → ${status}` : `→ ${status}`;
}

function insideLine(answers) {
  const total = answers.reduce((sum, { timing }) => sum + totalOf(timing), 0);
  return say("line.steps", { count: answers.flatMap(({ trace }) => trace).length, time: microseconds(total) });
}

function clientsLine(clients) {
  const copied = (copies) => Object.keys(copies).map((name) => say("copy_of", { name }));
  const inMemory = (client) => Object.keys(client.memory).map((name) => (isKept(client, name) ? `${name} ${say("head.kept")}` : name));
  const held = Object.entries(clients).map(([who, client]) =>
    [client.plays ?? who, [...Object.keys(client.cookies), ...inMemory(client), ...copied(client.copies)]]);
  const said = held.filter(([, names]) => names.length > 0).map(([who, names]) => `${say(`actor.${who}`)}: ${names.join(", ")}`);
  return said.join(" · ") || say("line.nothing");
}

function serverLine(server) {
  const places = [...new Set(server.map(({ where, node }) => say(`where.${where}`, { node })))];
  const at = (place) => server.filter(({ where, node }) => say(`where.${where}`, { node }) === place);
  return places.map((place) => `${place}: ${counted(at(place))}`).join(" · ") || say("line.nothing");
}

function changesIn(place) {
  const counts = Object.entries(SIGNS).map(([kind, sign]) => [sign, place.querySelectorAll(`[data-change=${kind}]`).length]);
  return counts.filter(([, count]) => count > 0).map(([sign, count]) => `${sign}${count}`).join(" ");
}

/** A token's header and payload, one line per field. `lookAt`: the lines to highlight, such as `payload exp`. */
function decodedParts(decoded, lookAt) {
  const parts = ["header", "payload"].map((name) => {
    const fields = Object.entries(decoded[name]).map(([field, value]) =>
      line(`"${field}": ${JSON.stringify(value)}`, lookAt.includes(`${name} ${field}`)));
    return make("div", name === "payload" ? "jwt-part payload" : "jwt-part", line(name, false), ...fields); // .header is the page's
  });
  return [make("h3", "small", say("decoded")), ...parts];
}
