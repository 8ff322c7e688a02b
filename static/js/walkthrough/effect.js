// What an answer means for the member. The diagram and the text say the same of the same answer.

/** An answer's kind: let-in; bad, if a copy was let in; wanted, a refusal that the lesson wants; or refused. */
export function effectOf({ who }, status, asClaimed) {
  if (status < 400) return who === "other" ? "bad" : "let-in";
  return asClaimed ? "wanted" : "refused";
}

/** The sign says what the server answered; word and hue say for whom it is good. */
export function signOf(effect) {
  return effect === "let-in" || effect === "bad" ? "✓" : "✕";
}
