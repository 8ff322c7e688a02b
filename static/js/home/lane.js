// One approach's lane: browser, node, what the server keeps, and the message that travels between them.

import { known, now } from "../shared/clock.js";
import { storedRecords } from "../shared/exchange.js";
import { claimsOf } from "../shared/member.js";
import { steps } from "../shared/trace.js";
import { number, say, words } from "../shared/words.js";
import { Message } from "./message.js";

const SHOWN = 8; // characters of a credential
const TICK_MS = 250;

const SENT = {
  "log-in": (member, approach) => member.logIn(approach),
  "log-out": (member, approach) => member.logOut(approach),
  replay: (member, approach) => member.askAsOther(approach, member.login(approach).old, "profile"),
};

export class Lane {
  constructor(element) {
    this.element = element;
    this.approach = element.dataset.lane;
    this.message = new Message(element);
    this.clock = null; // of the countdown
  }

  /** Send an act of this member, and show what came of it. Return whether the lab was able to answer it. */
  async send(act, member) {
    clearInterval(this.clock);
    this.tell("waiting", `◷ ${say("sending")}`);
    const login = member.login(this.approach);
    this.holds("client", holder(act), act === "log-in" ? null : (login.now ?? login.old));
    const [{ answer }] = await Promise.all([SENT[act](member, this.approach), this.message.goes("client", "node")]);
    const asked = steps(answer, "store") + steps(answer, "db");
    if (asked > 0) await this.message.goes("node", "keeper", "node");
    await this.message.goes("node", "client");
    this.part("asked").textContent = say(asked > 0 ? "asked" : "not_asked", { count: number(asked) });
    this.element.dataset.asked = String(asked > 0);
    const credential = login.now ?? login.old;
    await this.showRecords(member, credential);
    this.holds("client", holder(act), act === "log-out" && login.now === null ? null : credential);
    this.conclude(act, answer, credential);
    return answer !== null && answer.status < 500;
  }

  clear() {
    clearInterval(this.clock);
    this.tell("", "");
    this.part("asked").textContent = "";
    delete this.element.dataset.asked;
    this.holds("client", "browser", null);
    this.part("records").textContent = say("nothing");
    this.part("keeper").dataset.holds = "false";
  }

  part(name) {
    return this.element.querySelector(`[data-${name}]`);
  }

  /** Show whose credential it is, and its first characters. */
  holds(place, who, credential) {
    const value = credential?.sid ?? credential?.access_token;
    this.part("who").textContent = say(`who.${who}`);
    this.part("credential").textContent = value === undefined ? say("nothing") : `${value.slice(0, SHOWN)}…`;
    this.part(place).dataset.holds = String(value !== undefined);
    this.part(place).dataset.by = who;
  }

  /** Show whether the server still keeps the login of this credential. A revoked record no longer counts. */
  async showRecords({ username }, credential) {
    const kept = credential && (await storedRecords(this.approach, credential.sid ?? credential.refresh_token));
    if (!kept) return;
    const isKept = kept.holds.length > 0 && kept.holds.every(({ fields }) => fields.revoked_at === undefined);
    this.part("records").textContent = say(isKept ? "kept" : "nothing", { username });
    this.part("keeper").dataset.holds = String(isKept);
  }

  conclude(act, answer, credential) {
    if (answer === null) return this.tell("refused", `✕ ${say("silent")}`);
    const verdict = answer.status < 400 ? "let-in" : "refused";
    const kind = answer.body.code === "expired_token" ? "expired" : verdict;
    const sentence = words.said[act][this.approach][kind] ?? answer.body.title ?? "";
    this.tell(verdict, `${verdict === "let-in" ? "✓" : "✕"} ${answer.status} ${sentence}`);
    this.part("outcome").classList.toggle("wanted", act === "replay" && kind === "refused");
    if (act === "replay" && verdict === "let-in" && credential.access_token) this.countDown(claimsOf(credential).exp);
  }

  tell(verdict, text) {
    this.part("outcome").dataset.verdict = verdict;
    this.part("outcome").classList.remove("wanted");
    this.part("outcome").textContent = text;
    this.part("left").textContent = "";
  }

  /** Show how long the copy still works, by the server's clock. */
  async countDown(exp) {
    await known();
    const show = () => {
      const left_s = Math.max(0, Math.ceil(exp - now()));
      const time = `${Math.floor(left_s / 60)}:${String(left_s % 60).padStart(2, "0")}`;
      this.part("left").textContent = left_s > 0 ? `◷ ${say("left", { time })}` : `✕ ${say("over")}`;
      if (left_s === 0) clearInterval(this.clock);
    };
    this.clock = setInterval(show, TICK_MS);
    show();
  }
}

/** Who sends an act: the third one is the thief's. */
function holder(act) {
  return act === "replay" ? "thief" : "browser";
}
