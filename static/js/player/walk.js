// A walk under way: which steps were done and what each brought. It survives a reload, and dies with the tab.

import { after, copied, empty } from "./clients.js";
import { decoded, exchange, holdings } from "./exchange.js";

export class Walk {
  constructor(story) {
    this.story = story;
    this.key = `walk ${story.slug}`;
    this.results = this.recalled();
  }

  /** What is held before a step. */
  before(index) {
    return this.results[index - 1]?.now ?? { ...empty(), server: [] };
  }

  /** Whether every step before it was done: each needs what the others bring. */
  isReady(index) {
    return this.story.steps.slice(0, index).every((_, at) => this.isDone(at));
  }

  isDone(index) {
    return this.results[index]?.asClaimed === true;
  }

  /** Do a step; return its result: {answer, asClaimed, before, now, said}. `tick` hears how many seconds are left. */
  async run(index, tick) {
    const step = this.story.steps[index];
    const before = this.before(index);
    const result = step.act ? await this.act(step, before, tick) : await this.send(step, before);
    result.before = before;
    result.now.server = await this.held(result.now, before.server);
    this.results = [...this.results.slice(0, index), result]; // what came later was said of another login
    this.keep();
    return result;
  }

  async send(step, before) {
    const answer = await exchange(step.who, step.request, before.values);
    if (answer === null) return { answer, asClaimed: false, now: structuredClone(before) };
    return { answer, asClaimed: isAsClaimed(step.expect, answer), now: { ...before, ...after(before, step.who, step, answer) } };
  }

  async act({ act }, before, tick) {
    if (act.kind === "copy") return { answer: null, asClaimed: true, now: { ...before, ...copied(before, act.of) }, said: "copied" };
    const [header, payload] = before.values[act.of].split(".").slice(0, 2).map((part) => JSON.parse(decoded(part)));
    if (act.kind === "wait") await until(payload.exp, tick);
    const told = act.kind === "read" ? { said: "decoded", decoded: { header, payload } } : { said: "waited" };
    return { answer: null, asClaimed: true, now: structuredClone(before), ...told };
  }

  /** What the server keeps for the story's credentials; what it kept before, if it cannot be asked. */
  async held({ values }, before) {
    const known = this.story.credentials.map((name) => values[name]).filter(Boolean);
    const answers = await Promise.all(known.map((credential) => holdings(this.story.approach, credential)));
    if (answers.includes(null)) return before;
    return answers.flatMap(({ node, holds }) => holds.map((holding) => ({ ...holding, node })));
  }

  restart() {
    this.results = [];
    this.keep();
  }

  keep() {
    sessionStorage.setItem(this.key, JSON.stringify(this.results));
  }

  recalled() {
    try {
      return JSON.parse(sessionStorage.getItem(this.key)) ?? [];
    } catch {
      return [];
    }
  }
}

function isAsClaimed(expect, { status, body }) {
  if (expect === null) return true;
  const named = expect.member === null || body.member?.username === expect.member;
  return status === expect.status && named && (expect.code === null || body.code === expect.code);
}

async function until(epochSeconds, tick) {
  for (;;) {
    const left = epochSeconds - Date.now() / 1000;
    if (left <= -0.2) return;
    tick(Math.max(0, left));
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
