// The state of a walk: completed steps and their results. It survives a reload, and ends with the tab.

import { known, latest, now as serverTime } from "../shared/clock.js";
import { exchange, storedRecords } from "../shared/exchange.js";
import { perform } from "./acts.js";
import { isAsClaimed } from "./claims.js";
import { after, begun, empty } from "./clients.js";
import { compared } from "./compared.js";
import { hindranceOf, isOver } from "./hindrance.js";
import { claims } from "./jwt.js";

export class Walk {
  constructor(story) {
    this.story = story;
    this.key = `walk, ${story.slug}`; // with the content of `empty()`: a new name if that changes
    Object.assign(this, this.recalled() ?? this.beginning());
  }

  /** The state before a step. */
  before(index) {
    return this.results[index - 1]?.now ?? this.start;
  }

  /** The states before and after a step that is shown; both are the one in which it begins if it is not done yet. */
  shown(index) {
    const start = begun(this.before(index), this.story.steps[index]);
    return this.results[index] ?? { before: start, now: start };
  }

  /** Whether every step before it was done: a step needs their results. */
  isReady(index) {
    return this.story.steps.slice(0, index).every((_, at) => this.isDone(at));
  }

  isDone(index) {
    return this.results[index]?.asClaimed === true;
  }

  /** The step from which to start so that this one can be done: the first missing one, or the start of a repetition. */
  async firstToDo(index) {
    await known();
    const next = this.isReady(index) ? index : this.story.steps.findIndex((_, at) => !this.isDone(at));
    return this.hasRunOut(next) || this.isOver(next) ? this.anewFrom(next) : next;
  }

  /** Whether the token that a step needs has expired, by its time or by the answer. */
  hasRunOut(index) {
    const { alive } = this.story.steps[index];
    return alive !== null && claims(this.held(index).values[alive]).exp <= serverTime();
  }

  /** Whether a step has failed and cannot succeed any more, because its login has ended. */
  isOver(index) {
    return isOver(this.results[index]?.hindrance);
  }

  /** The last step before this one from which the walk can be repeated. */
  anewFrom(index) {
    const { steps, anew } = this.story;
    return Math.max(0, steps.slice(0, index).findLastIndex(({ id }) => anew.includes(id)));
  }

  /** Keep what a visitor predicts for a step: the index of an option. */
  predict(index, option) {
    this.predictions[this.story.steps[index].id] = option;
    this.keep();
  }

  predicted(index) {
    return this.predictions[this.story.steps[index].id];
  }

  /** The index of the option that the real answer agrees with; -1 if there is none, or nothing was asked. */
  rightOption(index) {
    const [{ predict }, result] = [this.story.steps[index], this.results[index]];
    if (!predict || !result || result.answers.length === 0) return -1;
    return predict.options.findIndex(({ means }) => isAsClaimed(means, result.answers, result.now.values));
  }

  /** Do a step. Return its result {answers, asClaimed, before, now, said}, or null if `signal` ended it. */
  async run(index, { tick, signal }) {
    const step = this.story.steps[index];
    const result = step.look ? this.look(index) : await this.done(index, { tick, signal });
    if (result === null || signal.aborted) return null;
    if (step.compares && result.asClaimed) result.compared = await compared(step, result);
    const later = step.look ? this.results.slice(index + 1) : []; // later results belong to another login
    this.results = [...this.results.slice(0, index), result, ...later];
    this.keep();
    return result;
  }

  /** Show the previous step's exchange again. */
  look(index) {
    const { answers, before, now } = this.results[index - 1];
    const asClaimed = isAsClaimed(this.story.steps[index].expect, answers, now.values);
    return { answers, before, now, asClaimed, hindrance: asClaimed ? null : { kind: "other" } };
  }

  async done(index, { tick, signal }) {
    const step = this.story.steps[index];
    const before = begun(this.held(index), step);
    const since = this.results.slice(0, index).findLast(({ answeredAt }) => answeredAt)?.answeredAt;
    const sent = step.request ? await this.send(step, before) : { answers: [], now: before, answeredAt: since, asClaimed: true };
    const result = sent.asClaimed && step.act ? await this.act(step, sent, { tick, signal }) : sent;
    return result && { ...result, ...(await this.kept(before, result.now)) };
  }

  async send(step, before) {
    const sent = Array.from({ length: step.request.times }, () => exchange(step.who, step.request, before.values));
    const answers = (await Promise.all(sent)).filter((answer) => answer !== null);
    const answeredAt = latest();
    answers.sort((one, other) => other.trace.length - one.trace.length); // of two tabs, the one with more steps comes first
    const complete = answers.length === step.request.times;
    const now = complete ? after(before, step.who, step, answers[0]) : structuredClone(before);
    const asClaimed = complete && isAsClaimed(step.expect, answers, now.values);
    const hindrance = await hindranceOf(step, before, answers, asClaimed);
    const isMine = hindrance?.kind !== "another" && hindrance?.kind !== "gone";
    return { answers, now: isMine ? now : structuredClone(before), answeredAt, asClaimed: hindrance === null, hindrance };
  }

  async act(step, sent, { tick, signal }) {
    const acted = await perform(step, sent.now, { since: sent.answeredAt, tick, signal });
    return acted && { ...sent, ...acted };
  }

  /** The state when a step begins: a repeated step continues from the latest state. */
  held(index) {
    return this.results.length > index ? this.results.at(-1).now : this.before(index);
  }

  /** Both states with the server's records of their credentials; the previous records if there is no answer. */
  async kept(before, now) {
    const asked = Object.entries(this.story.credentials).flatMap(([approach, name]) =>
      [...new Set([before.values[name], now.values[name]])].filter(Boolean).map((credential) => ({ approach, credential })));
    const answers = await Promise.all(asked.map(({ approach, credential }) => storedRecords(approach, credential)));
    if (answers.includes(null)) return { before, now: { ...now, server: before.server } };
    const found = answers.flatMap(({ node, holds }, at) => holds.map((record) => ({ ...record, ...asked[at], node })));
    const server = [...new Map(found.map((record) => [`${record.approach} ${record.name}`, record])).values()];
    const stillAsked = ({ credential }) => asked.some((each) => each.credential === credential);
    return { before: { ...before, server: before.server.filter(stillAsked) }, now: { ...now, server } };
  }

  restart() {
    Object.assign(this, this.beginning());
    this.keep();
  }

  beginning() {
    return { start: empty(this.story.given), results: [], predictions: {} };
  }

  keep() {
    sessionStorage.setItem(this.key, JSON.stringify({ ids: this.ids, start: this.start, results: this.results, predictions: this.predictions }));
  }

  /** This tab's stored state of the walk, if the steps are the same. */
  recalled() {
    const kept = JSON.parse(sessionStorage.getItem(this.key) ?? "null");
    if (kept?.ids !== this.ids) return null;
    return { start: kept.start, results: kept.results, predictions: kept.predictions ?? {} };
  }

  get ids() {
    return this.story.steps.map(({ id }) => id).join(" ");
  }
}
