// What the lab's cookies are called in this browser: over https their names begin otherwise.

export const STICKY_COOKIE = "sot_node"; // the balancer's own

/** The whole name of the cookie `sid`, `access` or `refresh`. */
export function cookieName(name) {
  return `${document.querySelector("meta[name=cookies]").content}${name}`;
}
