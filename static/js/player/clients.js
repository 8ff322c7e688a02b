// What each client holds after a step: cookies as Set-Cookie said, and what scripts keep in memory.

/** A walk's beginning: nobody holds anything. */
export function empty() {
  return { values: {}, clients: { browser: { cookies: {}, memory: {} }, other: { cookies: {}, memory: {} } } };
}

/** The state after an answer: its cookies in the jar of who asked, its named values taken. */
export function after(state, who, step, answer) {
  const next = structuredClone(state);
  if (answer.wire !== null) for (const line of setCookies(answer.wire)) keep(next.clients[who].cookies, line);
  if (answer.status >= 400) return next;
  for (const [name, source] of Object.entries(step.request.keeps)) take(next, who, name, source, answer, state);
  return next;
}

/** The state after a copy: the other client holds it too. */
export function copied(state, name) {
  const next = structuredClone(state);
  next.values.copied = state.values[name];
  next.clients.other.cookies[name] = { value: state.values[name], attributes: "" };
  return next;
}

function take(next, who, name, source, answer, before) {
  const [kind, path] = source.split(" ");
  if (kind === "cookie") next.values[name] = next.clients[who].cookies[path]?.value;
  if (kind === "var") next.values[name] = before.values[path];
  if (kind === "body") next.values[name] = path.split(".").reduce(inside, answer.body);
  if (kind === "body" && name.endsWith("_token")) next.clients[who].memory[name] = next.values[name];
}

/** A field; in a list, `current` is the one that says so. */
function inside(found, key) {
  return Array.isArray(found) && key === "current" ? found.find((item) => item.current) : found?.[key];
}

export function setCookies(wire) {
  return wire.response.headers.filter(([name]) => name.toLowerCase() === "set-cookie").map(([, value]) => value);
}

function keep(jar, line) {
  const [pair, ...attributes] = line.split("; ");
  const at = pair.indexOf("=");
  const name = pair.slice(0, at);
  if (attributes.some((attribute) => /^max-age=0$/i.test(attribute))) delete jar[name];
  else jar[name] = { value: pair.slice(at + 1), attributes: attributes.join("; ") };
}
