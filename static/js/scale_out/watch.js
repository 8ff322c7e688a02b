// One request per approach every quarter of a second: which logins still work, and how long errors last.

import { labelOf, withLogins } from "../shared/approaches.js";
import { today } from "../shared/clock.js";
import { Timeline } from "./timeline.js";
import { askWhoIAm, forgetLogin, isLoggedIn, logIn } from "./visitor.js";
import { number, say } from "./words.js";

const EVERY_MS = 250;
const REMEMBERED = 8; // answers at least, and four of each node: fewer do not prove that no node recognizes you
const EVENTS_SHOWN = 8;

/** One approach's recent answers, and their meaning. */
class Lane {
  recent = [];
  mood = null; // its last shown state: in, lost, mixed, changed or broken
  brokenSince = null;

  constructor(approach, tell) {
    this.approach = approach;
    this.word = document.querySelector(`[data-lane="${approach}"] [data-lane-word]`);
    this.tell = tell;
  }

  forget() {
    this.recent = [];
    this.mood = null;
    this.brokenSince = null;
  }

  hear({ node, verdict }, at, nodes) {
    this.window = Math.max(REMEMBERED, 4 * nodes);
    if (verdict === "broken") {
      this.brokenSince ??= at;
      this.recent = [];
      this.show("broken", { seconds: number((at - this.brokenSince) / 1000, 1) });
      return;
    }
    if (verdict === "changed") {
      this.brokenSince = null;
      this.recent = [];
      this.change("changed", "changed");
      return;
    }
    if (this.brokenSince !== null) this.recover(verdict, at);
    this.recent = [...this.recent, { node, verdict }].slice(-this.window);
    this.judge();
  }

  recover(verdict, at) {
    const seconds = number((at - this.brokenSince) / 1000, 1);
    this.tell(say(verdict === "known" ? "event.back" : "event.back_lost", { approach: this.name, seconds }));
    this.brokenSince = null;
    this.mood = verdict === "known" ? "in" : null;
  }

  judge() {
    const known = this.recent.filter(({ verdict }) => verdict === "known");
    const nodes = [...new Set(known.map(({ node }) => node))].sort().join(", ");
    const refused = this.recent.findIndex(({ verdict }) => verdict === "refused");
    const knownAgain = this.recent.slice(refused).some(({ verdict }) => verdict === "known");
    if (refused === -1) this.change("in", "home");
    else if (knownAgain) this.change("mixed", "mixed", { nodes }); // otherwise it may be lost: too few answers so far
    else if (this.recent.length === this.window) {
      forgetLogin(this.approach);
      this.change("lost", "lost");
    }
  }

  /** Show the state, and announce a change once. "All is well" is announced only after a problem. */
  change(mood, event, values = {}) {
    const news = this.mood !== mood && !(mood === "in" && this.mood === null);
    if (news) this.tell(say(`event.${event}`, { approach: this.name, ...values }));
    this.show(mood, values);
  }

  show(mood, values) {
    this.mood = mood;
    this.word.dataset.mood = mood;
    this.word.textContent = say(`lane.${mood}`, values);
  }

  get name() {
    return labelOf(this.approach);
  }
}

/** The probe: its button starts and stops it; commands add marks meanwhile. */
export class Watch {
  constructor(listener) {
    this.listener = listener;
    this.events = document.querySelector("[data-events]");
    this.lanes = new Map(withLogins.map((approach) => [approach, new Lane(approach, (text) => this.tell(text))]));
    this.timeline = new Timeline(document.querySelector("[data-ticks]"), withLogins);
    this.running = null;
    this.rounds = 0;
    this.nodes = 1; // the last known number of running nodes
    this.busy = new Set(); // approaches with a request in flight
    this.loggingIn = new Set();
    this.place = document.querySelector("[data-timeline-place]");
    new IntersectionObserver(([seen]) => this.dock(!seen.isIntersecting)).observe(this.place);
  }

  get isRunning() {
    return this.running !== null;
  }

  async start() {
    this.place.hidden = false;
    this.running = setInterval(() => this.probeAll(), EVERY_MS);
    await this.logIn(withLogins.filter((approach) => !isLoggedIn(approach, this.listener())));
  }

  stop() {
    clearInterval(this.running);
    this.running = null;
    this.dock(false);
  }

  /** Keep the lines visible at the edge of the screen while the controls are in view. */
  dock(away) {
    document.documentElement.toggleAttribute("data-docked", away && this.isRunning);
  }

  /** Draw a vertical line for a command. */
  mark(text) {
    if (this.isRunning) this.timeline.mark(text, performance.now());
  }

  async logIn(which = withLogins) {
    if (which.length === 0) return;
    this.mark(say("login"));
    for (const approach of which) this.loggingIn.add(approach);
    for (const approach of which) {
      const failure = await logIn(approach, this.listener());
      this.lanes.get(approach).forget();
      this.loggingIn.delete(approach);
      if (failure) this.tell(`${labelOf(approach)}: ${say("login_failed", failure)}`);
    }
  }

  /** Another tab has logged in with this approach, so earlier answers belong to another login. */
  forget(approach) {
    this.lanes.get(approach).forget();
    this.mark(say("login"));
  }

  probeAll() {
    this.timeline.move(performance.now());
    // Without a shift an approach would always get the same node, if the nodes divide the requests of a round evenly.
    const first = withLogins.length % this.nodes === 0 ? this.rounds++ % withLogins.length : 0;
    for (const approach of [...withLogins.slice(first), ...withLogins.slice(0, first)]) this.probe(approach);
  }

  async probe(approach) {
    if (this.busy.has(approach) || this.loggingIn.has(approach)) return;
    this.busy.add(approach);
    const sentAt = performance.now();
    const answer = await askWhoIAm(approach, this.listener());
    this.busy.delete(approach);
    if (!this.isRunning || this.loggingIn.has(approach)) return;
    this.timeline.tick(approach, answer, sentAt);
    this.lanes.get(approach).hear(answer, sentAt, this.nodes);
  }

  tell(text) {
    const item = document.createElement("li");
    const time = document.createElement("time");
    time.textContent = today().toLocaleTimeString(document.documentElement.lang);
    item.append(time, ` ${text}`);
    document.querySelector("[data-latest]").textContent = text; // beside the docked lines
    this.events.prepend(item);
    while (this.events.children.length > EVENTS_SHOWN) this.events.lastElementChild.remove();
  }
}
