// The facts of every approach, from the element in the base template: see service/approaches.py.

const told = JSON.parse(document.getElementById("approaches").textContent);

export const approaches = new Map(told.map((facts) => [facts.name, facts]));
export const withLogins = told.filter((facts) => facts.has_logins).map((facts) => facts.name);

export function isBearer(approach) {
  return approaches.get(approach)?.carrier === "bearer";
}

/** Whether only one node has the login, so that requests need the sticky port. */
export function isInOneNode(approach) {
  return approaches.get(approach)?.in_one_node ?? false;
}

export function labelOf(approach) {
  return approaches.get(approach).label;
}
