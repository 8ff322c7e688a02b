// A dot that travels between the places of a lane; not with prefers-reduced-motion.

const TRAVEL_MS = 300;

export class Message {
  constructor(lane) {
    this.lane = lane;
    this.dot = lane.querySelector("[data-message]");
  }

  /** Travel from place to place. Return when it has arrived. */
  async goes(...places) {
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) return;
    const frames = places.map((place) => ({ transform: `translateX(${this.middleOf(place)}px)`, opacity: 1 }));
    await this.dot.animate(frames, { duration: TRAVEL_MS * (places.length - 1), easing: "ease-in-out" }).finished;
  }

  middleOf(place) {
    const [{ left, width }, way] = [this.lane.querySelector(`[data-${place}]`), this.dot.parentElement].map((element) => element.getBoundingClientRect());
    return left + width / 2 - way.left;
  }
}
