// A walk under way: which steps were done and what each brought. It survives a reload, and dies with the tab.

import { perform } from "./acts.js";
import { isAsClaimed } from "./claims.js";
import { after, empty } from "./clients.js";
import { exchange, holdings } from "./exchange.js";
import { claims } from "./jwt.js";

const ALMOST_S = 0.7; // a token that expires on its way is as good as expired

export class Walk {
  constructor(story) {
    this.story = story;
    this.key = `walk ${story.slug}`;
    Object.assign(this, this.recalled() ?? this.beginning());
  }

  /** What is held before a step. */
  before(index) {
    return this.results[index - 1]?.now ?? this.start;
  }

  /** Whether every step before it was done: each needs what the others bring. */
  isReady(index) {
    return this.story.steps.slice(0, index).every((_, at) => this.isDone(at));
  }

  isDone(index) {
    return this.results[index]?.asClaimed === true;
  }

  /** The step to begin with so that this one can be done: one that is missing, or that brings a token anew. */
  firstToDo(index) {
    const { steps } = this.story;
    const next = this.isReady(index) ? index : steps.findIndex((_, at) => !this.isDone(at));
    const { alive } = steps[next];
    if (alive === null || claims(this.held(next).values[alive]).exp > Date.now() / 1000 + ALMOST_S) return next;
    return steps.slice(0, next).findLastIndex(({ request }) => request && alive in request.keeps);
  }

  /** Do a step; return its result: {answers, asClaimed, before, now, said}, or null if `signal` ended it. */
  async run(index, { tick, signal }) {
    const step = this.story.steps[index];
    const result = step.look ? this.look(index) : await this.done(index, { tick, signal });
    if (result === null || signal.aborted) return null;
    const later = step.look ? this.results.slice(index + 1) : []; // what came later was said of another login
    this.results = [...this.results.slice(0, index), result, ...later];
    this.keep();
    return result;
  }

  /** Read the exchange of the step before again. */
  look(index) {
    const { answers, before, now } = this.results[index - 1];
    return { answers, before, now, asClaimed: isAsClaimed(this.story.steps[index].expect, answers, now.values) };
  }

  async done(index, { tick, signal }) {
    const step = this.story.steps[index];
    const before = this.held(index);
    const result = step.act ? await this.act(index, before, { tick, signal }) : await this.send(step, before);
    return result && { ...result, ...(await this.kept(before, result.now)) };
  }

  async send(step, before) {
    const sent = Array.from({ length: step.request.times }, () => exchange(step.who, step.request, before.values));
    const answers = (await Promise.all(sent)).filter((answer) => answer !== null);
    answers.sort((one, other) => other.trace.length - one.trace.length); // of two tabs, first the one that did more
    const complete = answers.length === step.request.times;
    const now = complete ? after(before, step.who, step, answers[0]) : structuredClone(before);
    return { answers, now, sentAt: Date.now(), asClaimed: complete && isAsClaimed(step.expect, answers, now.values) };
  }

  async act(index, before, { tick, signal }) {
    const lastSentAt = this.results.slice(0, index).findLast(({ sentAt }) => sentAt)?.sentAt;
    const acted = await perform(this.story.steps[index].act, before, { lastSentAt, tick, signal });
    return acted && { ...acted, answers: [], asClaimed: true };
  }

  /** What is held when a step begins: one that is done again goes on from where the walk has come to. */
  held(index) {
    return this.results.length > index ? this.results.at(-1).now : this.before(index);
  }

  /** Both states with what the server keeps for their credentials; as it was before, if it cannot be asked. */
  async kept(before, now) {
    const asked = Object.entries(this.story.credentials).flatMap(([approach, name]) =>
      [...new Set([before.values[name], now.values[name]])].filter(Boolean).map((credential) => ({ approach, credential })));
    const answers = await Promise.all(asked.map(({ approach, credential }) => holdings(approach, credential)));
    if (answers.includes(null)) return { before, now: { ...now, server: before.server } };
    const found = answers.flatMap(({ node, holds }, at) => holds.map((holding) => ({ ...holding, ...asked[at], node })));
    const server = [...new Map(found.map((holding) => [`${holding.approach} ${holding.name}`, holding])).values()];
    const stillAsked = ({ credential }) => asked.some((each) => each.credential === credential);
    return { before: { ...before, server: before.server.filter(stillAsked) }, now: { ...now, server } };
  }

  restart() {
    Object.assign(this, this.beginning());
    this.keep();
  }

  beginning() {
    return { start: empty(this.story.given), results: [] };
  }

  keep() {
    sessionStorage.setItem(this.key, JSON.stringify({ ids: this.ids, start: this.start, results: this.results }));
  }

  /** What this tab has kept of the walk, if it is of the same steps. */
  recalled() {
    const kept = JSON.parse(sessionStorage.getItem(this.key) ?? "null");
    return kept?.ids === this.ids ? { start: kept.start, results: kept.results } : null;
  }

  get ids() {
    return this.story.steps.map(({ id }) => id).join(" ");
  }
}
