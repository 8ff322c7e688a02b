// One approach's lane: browser, node, what the server keeps, and the message that travels between them.

import { isBearer } from "../shared/approaches.js";
import { known, now } from "../shared/clock.js";
import { storedRecords } from "../shared/exchange.js";
import { claimsOf } from "../shared/member.js";
import { steps } from "../shared/trace.js";
import { number, say, words } from "../shared/words.js";
import { Message } from "./message.js";

const SHOWN = 8; // characters of a credential
const TICK_MS = 250;
const LIVES = { access_ttl_s: 60 }; // so short that one can see the copy end
const LEAST_S = 20; // a token with less left is renewed before the next act: nothing expires while one reads

const SENT = {
  "log-in": logIn,
  "log-out": (member, approach) => member.logOut(approach),
  replay: sendCopy,
  late: sendCopy,
};

export class Lane {
  /** `expired` is called when the copy of a token has expired before this page's eyes. */
  constructor(element, expired) {
    this.element = element;
    this.expired = expired;
    this.approach = element.dataset.lane;
    this.message = new Message(element);
    this.clock = null; // of the countdown
  }

  /** Send an act of this member, and show what came of it. Return whether the lab was able to answer it. */
  async send(act, member) {
    clearInterval(this.clock);
    this.tell("waiting", `◷ ${say("sending")}`);
    const login = member.login(this.approach);
    const isAnew = await keepAlive(act, member, this.approach);
    this.holds("client", holder(act), act === "log-in" ? null : (login.now ?? login.old));
    const [{ answer }] = await Promise.all([SENT[act](member, this.approach), this.message.goes("client", "node")]);
    const asked = steps(answer, "store") + steps(answer, "db");
    if (asked > 0) await this.message.goes("node", "keeper", "node");
    await this.message.goes("node", "client");
    // A log-in and a log-out are rare; what counts is what each request costs.
    this.part("asked").textContent = isTheft(act) ? say(asked > 0 ? "asked" : "not_asked", { count: number(asked) }) : "";
    this.element.dataset.asked = String(asked > 0);
    const credential = login.now ?? login.old;
    await this.showRecords(member, credential);
    this.holds("client", holder(act), act === "log-out" && login.now === null ? null : credential);
    this.conclude(act, answer, credential);
    if (credential?.access_token) await this.tellLife(act, credential, isAnew);
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
    const [verdict, sign] = answer.status < 400 ? ["let-in", "✓"] : ["refused", "✕"];
    const kind = answer.body.code === "expired_token" ? "expired" : answer.status < 400 ? "let-in" : "refused";
    const sentence = words.said[isTheft(act) ? "replay" : act][this.approach][kind] ?? answer.body.title ?? "";
    this.tell(verdict, `${sign} ${answer.status} ${sentence}`, isTheft(act));
  }

  /** Say how long the token lives, and count down once its copy is in the thief's hands. */
  async tellLife(act, credential, isAnew) {
    const { iat, exp } = claimsOf(credential);
    const isIn = this.part("outcome").dataset.verdict === "let-in";
    if (isTheft(act) && isIn) return this.countDown(exp, isAnew ? `${say("anew.replay")} ` : "");
    if (isTheft(act)) return;
    this.part("left").textContent = `◷ ${isAnew ? `${say("anew.log-out")} ` : ""}${say("lives", { seconds: number(exp - iat) })}`;
  }

  /** Show a verdict. A thief who is let in is bad for the member, a thief who is refused is good: the hue says so. */
  tell(verdict, text, isByThief = false) {
    this.part("outcome").dataset.verdict = verdict;
    this.part("outcome").toggleAttribute("data-by-thief", isByThief);
    this.part("outcome").classList.toggle("wanted", isByThief && verdict === "refused");
    this.part("outcome").textContent = text;
    this.part("left").textContent = "";
  }

  /** Show how long the copy still works, by the server's clock. */
  async countDown(exp, before) {
    await known();
    const show = () => {
      const left_s = Math.max(0, Math.ceil(exp - now()));
      const time = `${Math.floor(left_s / 60)}:${String(left_s % 60).padStart(2, "0")}`;
      this.part("left").textContent = left_s > 0 ? `◷ ${before}${say("left", { time })}` : `✕ ${say("over")}`;
      if (left_s > 0) return;
      clearInterval(this.clock);
      const [sign, status] = this.part("outcome").textContent.split(" ");
      this.part("outcome").textContent = `${sign} ${status} ${say("was_in")}`;
      this.expired();
    };
    this.clock = setInterval(show, TICK_MS);
    show();
  }
}

/** Who sends an act. */
function holder(act) {
  return isTheft(act) ? "thief" : "browser";
}

function isTheft(act) {
  return act === "replay" || act === "late";
}


function logIn(member, approach) {
  return member.logIn(approach, isBearer(approach) ? LIVES : {});
}

function sendCopy(member, approach) {
  return member.askAsOther(approach, member.login(approach).old, "profile");
}

/** Give the act a token that lives long enough: by a refresh, or after the log-out by a login anew. Return whether it did. */
async function keepAlive(act, member, approach) {
  const login = member.login(approach);
  const { exp } = claimsOf(login.now ?? login.old);
  if (!["log-out", "replay"].includes(act) || exp === undefined) return false;
  await known();
  if (exp - now() >= LEAST_S) return false;
  if (act === "log-out") await member.renew(approach);
  else for (const again of [logIn, SENT["log-out"]]) await again(member, approach);
  return true;
}
