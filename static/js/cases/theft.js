// A thief with a copy of one access token: the same moves at two servers, with real requests to both.

import { number, say } from "../shared/words.js";
import { Log } from "./log.js";
import { broughtBy, logIn, logOut, otherwise, Otherwise, present } from "./requests.js";
import { untilExpired } from "./tokens.js";

const SERVERS = ["folk", "token"];
const ALICE = { username: "alice", password: "wonderland" };
const BOB = { username: "bob", password: "builder" };
const LIFETIMES = { access_ttl_s: 5, refresh_ttl_s: 12 }; // as at the naive server
const MOST_ROUNDS = 200; // a limit for pages that are left open
const MOVES = ["account", "alice", "copy", "alone", "beside", "expired", "logout", "after_logout", "outlived"];
// The expected status and tokens of each answer. Any other answer is shown as it is, and ends the log.
const CLAIMS = {
  alone: { folk: "200 refresh", token: "200" },
  beside: { folk: "200 refresh", token: "200" },
  expired: { folk: "200 access", token: "401" },
  logout: { folk: "204", token: "204" },
  after_logout: { folk: "200 refresh", token: "401" },
  outlived: { folk: "200 access", token: "401" },
};

class Stopped extends Error {}

export class Theft {
  isGoing = false;

  /** Make every move, then let the thief renew his tokens until he is stopped. */
  async go() {
    this.log = new Log();
    this.isGoing = true;
    try {
      for (const move of MOVES) {
        this.goOn();
        await this[move]();
      }
      for (let round = 1; round <= MOST_ROUNDS; round += 1) await this.renewed(round);
      this.log.conclude();
    } catch (error) {
      if (error instanceof Stopped) this.log.conclude();
      else this.log.say(otherwise(error));
    } finally {
      this.isGoing = false;
      this.log.wait("");
    }
  }

  stop() {
    this.isGoing = false;
  }

  goOn() {
    if (!this.isGoing) throw new Stopped();
  }

  /** The thief is also a member. At /token his own refresh token expires first, as the third case needs. */
  async account() {
    this.bobs = await each((at) => logIn(BOB, at === "token" ? { refresh_ttl_s: 1 } : {}, at));
    await this.until([this.bobs.token.refresh], "wait.bobs");
    this.log.add("account", both((at) => ({ brought: this.bobs[at] })));
  }

  async alice() {
    this.alices = await each((at) => logIn(ALICE, at === "token" ? LIFETIMES : {}, at));
    this.log.add("alice", both((at) => ({ brought: this.alices[at] })));
  }

  async copy() {
    this.holds = both((at) => ({ access: this.alices[at].access, refresh: null }));
    this.log.add("copy", both((at) => ({ brought: this.holds[at] })));
  }

  async alone() {
    await this.knock("alone", () => ({ refresh: null }));
  }

  async beside() {
    await this.knock("beside", (at) => ({ refresh: this.bobs[at].refresh }));
  }

  async expired() {
    await this.until(SERVERS.map((at) => this.holds[at].access), "wait.stolen");
    await this.knock("expired", (at) => ({ refresh: this.holds[at].refresh ?? this.bobs[at].refresh }));
  }

  /** Her access token has expired too, so her refresh token is sent. */
  async logout() {
    const answers = await each((at) => logOut(this.alices[at], at));
    this.loggedOutAt = performance.now();
    this.show("logout", answers);
  }

  async after_logout() {
    await this.knock("after_logout", () => ({ refresh: null }));
  }

  /** By now all tokens of alice's log-in have expired. */
  async outlived() {
    await this.until(SERVERS.flatMap((at) => Object.values(this.alices[at])), "wait.alices");
    await this.knock("outlived", (at) => ({ refresh: this.holds[at].refresh }));
  }

  /** The new access token gets a refresh token. After it has expired, the refresh token gets the next access token. */
  async renewed(round) {
    await this.knockAt("folk", { refresh: null });
    await this.until([this.holds.folk.access], "wait.round");
    const answer = await this.knockAt("folk", {});
    if (outcome(answer) !== "200 access") throw new Otherwise(answer);
    this.log.round(round, (performance.now() - this.loggedOutAt) / 1000);
  }

  /** Send his tokens to both servers, some of them replaced. */
  async knock(move, using) {
    this.show(move, await each((at) => this.knockAt(at, using(at))));
  }

  /** The thief keeps all returned tokens. */
  async knockAt(at, using) {
    const answer = await present({ ...this.holds[at], ...using }, "headers", at);
    const { access, refresh } = broughtBy(answer);
    this.holds[at] = { access: access ?? this.holds[at].access, refresh: refresh ?? this.holds[at].refresh };
    return answer;
  }

  show(move, answers) {
    for (const at of SERVERS) if (outcome(answers[at]) !== CLAIMS[move][at]) throw new Otherwise(answers[at]);
    this.log.add(move, both((at) => ({ answer: answers[at], brought: broughtBy(answers[at]) })));
  }

  async until(tokens, reason) {
    await untilExpired(tokens, (left) => this.log.wait(say(reason, { seconds: number(left, 1) })), () => this.isGoing);
    this.log.wait("");
    this.goOn();
  }
}

function outcome(answer) {
  const { access, refresh } = broughtBy(answer);
  return [answer.status, access && "access", refresh && "refresh"].filter(Boolean).join(" ");
}

function both(of) {
  return Object.fromEntries(SERVERS.map((at) => [at, of(at)]));
}

async function each(ask) {
  const answers = await Promise.all(SERVERS.map(ask));
  return both((at) => answers[SERVERS.indexOf(at)]);
}
