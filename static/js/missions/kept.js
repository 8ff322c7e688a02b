// What this browser keeps of the missions: which are solved, and the tries that were begun.

const KEY = "missions";

/** `{solved: [name, …], tries: {name: {trial, given}}}`. What another program has left under this name counts as nothing. */
export function kept() {
  try {
    const { solved, tries } = JSON.parse(localStorage.getItem(KEY));
    return { solved: Array.isArray(solved) ? solved : [], tries: tries instanceof Object ? tries : {} };
  } catch {
    return { solved: [], tries: {} };
  }
}

/** Keep what `change` makes of it. Return whether the browser allows that. */
export function keep(change) {
  const now = kept();
  change(now);
  try {
    localStorage.setItem(KEY, JSON.stringify(now));
    return true;
  } catch {
    return false;
  }
}
