// The results of this visit, by place. They last as long as the tab, and contain no credential.

import { keep, recall } from "./stored.js";

export class Visit {
  constructor(member, outcomes = {}) {
    this.member = member;
    this.outcomes = outcomes;
  }

  static recalled() {
    const found = recall(sessionStorage, "visit");
    return found && new Visit(found.member, found.outcomes);
  }

  of(place) {
    return this.outcomes[place] ?? {};
  }

  record(place, outcome) {
    this.outcomes[place] = { ...this.of(place), ...outcome };
    keep(sessionStorage, "visit", this);
  }

  begin() {
    keep(sessionStorage, "visit", this);
  }

  static forget() {
    keep(sessionStorage, "visit", null);
  }
}
