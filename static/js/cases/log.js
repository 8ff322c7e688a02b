// The log of a theft: a line for each move, with the answers of both servers.

import { make, number, say } from "../shared/words.js";
import { shortId } from "./tokens.js";

const find = (name) => document.querySelector(`[data-theft-${name}]`);

export class Log {
  constructor() {
    this.lines = 0;
    this.rounds = 0;
    find("log").hidden = false;
    find("log").tBodies[0].replaceChildren();
    for (const name of ["said", "renewed", "wait"]) find(name).textContent = "";
  }

  /** Add a move, with each server's answer, if any, and the returned tokens. */
  add(move, results) {
    this.lines += 1;
    const said = `${this.lines}. ${say(`theft.move.${move}`)}`;
    const what = make("td", "move", make("div", "", make("p", "", said), make("p", "small soft", say(`theft.why.${move}`))));
    const line = make("tr", "", what, ...Object.entries(results).map(([at, result]) => cell(at, result)));
    line.dataset.move = move;
    find("log").tBodies[0].append(line);
    find("said").textContent = said;
  }

  /** Show that the thief got through another round: how often, and how long after the logout. */
  round(count, seconds) {
    this.rounds = count;
    find("renewed").textContent = say("theft.renewed", { count, seconds: number(seconds) });
    find("renewed").dataset.rounds = count;
  }

  wait(text) {
    find("wait").textContent = text && `◷ ${text}`;
  }

  say(text) {
    find("said").textContent = text;
  }

  conclude() {
    this.say(say(this.rounds > 0 ? "theft.conclusion" : "theft.stopped"));
  }
}

function cell(at, { answer, brought }) {
  const made = make("td", "", make("div", "", ...(answer ? [status(answer)] : []), ...gained(answer, brought)));
  made.dataset.at = at;
  made.dataset.label = say(`theft.at.${at}`);
  if (answer) made.dataset.status = answer.status;
  return made;
}

function status({ status: code, body }) {
  if (code >= 400) return make("p", "shut", `✕ ${code} ${body.code}`);
  return make("p", "let-in", body.member ? `✓ ${say("theft.in", { status: code, member: body.member.username })}` : `✓ ${code}`);
}

function gained(answer, brought) {
  const tokens = ["access", "refresh"].filter((kind) => brought[kind]).map((kind) => gift(kind, brought[kind]));
  return tokens.length > 0 || answer.status !== 200 ? tokens : [make("p", "small soft", say("nothing"))];
}

function gift(kind, token) {
  const line = make("p", "small", `+ ${say(`kind.${kind}`)} `, make("code", "", shortId(token)));
  line.dataset.gained = kind;
  line.dataset.id = token.id;
  return line;
}
