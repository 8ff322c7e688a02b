// The steps that the server sends along with an answer.

const SUMMED = /^(\d+) more$/; // a long trace ends with the sums of the remaining steps

/** The number of a trace's steps of one part. */
export function steps(answer, part) {
  return (answer?.trace ?? []).filter((step) => step.part === part).reduce((count, { what }) => count + Number(SUMMED.exec(what)?.[1] ?? 1), 0);
}
