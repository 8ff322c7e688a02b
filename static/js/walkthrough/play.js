// Automatic play: each step gets the time that its text takes to read, and a question waits for its answer.

import { language, say } from "../shared/words.js";

const LEAST_MS = 4000;
const MS_A_LETTER = { en: 45, ko: 80 };

export class Play {
  /** `button` has the pace, 1 for a reader, in data-pace. `walk`: {isAsked, isDone, isLast, run, next, bringInSight, text}. */
  constructor(button, word, walk) {
    Object.assign(this, { button, word, walk, turn: null, isHeld: false });
    button.addEventListener("click", () => (this.turn === null ? this.begin({ isUnasked: this.isHeld }) : this.stop()));
  }

  stop() {
    this.set(null, false);
  }

  /** Go on if it waited at a question. */
  answered() {
    if (this.isHeld) this.begin({ isUnasked: true });
  }

  /** `isUnasked`: the open question needs no answer. */
  async begin({ isUnasked }) {
    const mine = {};
    this.set(mine, false);
    this.walk.bringInSight();
    for (let isFirst = true; this.turn === mine; isFirst = false) {
      if (this.walk.isAsked() && !(isFirst && isUnasked)) return this.set(null, true);
      if (!this.walk.isDone()) await this.walk.run();
      if (this.turn !== mine) return undefined;
      if (!this.walk.isDone() || this.walk.isLast()) return this.stop();
      await new Promise((resolve) => setTimeout(resolve, this.reading_ms));
      if (this.turn !== mine) return undefined;
      this.walk.next();
      this.walk.bringInSight();
    }
    return undefined;
  }

  get reading_ms() {
    const letter_ms = MS_A_LETTER[language] ?? MS_A_LETTER.en;
    return Math.max(LEAST_MS, letter_ms * this.walk.text().length) * Number(this.button.dataset.pace);
  }

  set(turn, isHeld) {
    Object.assign(this, { turn, isHeld });
    this.button.setAttribute("aria-pressed", String(turn !== null));
    this.word.textContent = say(`button.${isHeld ? "unasked" : turn === null ? "play" : "pause"}`);
  }
}
