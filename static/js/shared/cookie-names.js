// The names of the lab's cookies in this browser: over https they have another prefix.

export const STICKY_COOKIE = "sot_node"; // the balancer's cookie

/** The full name of the cookie `sid`, `access` or `refresh`. */
export function cookieName(name) {
  return `${document.querySelector("meta[name=cookies]").content}${name}`;
}
