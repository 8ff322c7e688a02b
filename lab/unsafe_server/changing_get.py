"""UNSAFE, DO NOT COPY: a server that changes something on a GET, which a link on any other site can send."""

from secrets import token_hex

from lab.trials import Kept

CHANGING_GET = "other-site"
COINS = 10
SITES = ("cross-site", "same-site", "same-origin", "none")


def coins_server() -> Kept:
    """Return what a new server keeps: alice's session id, her coins, and the last request that arrived."""
    return {"session": token_hex(16), "coins": COINS, "last": None, "done": False}


def transfer(kept: Kept, method: str, site: str | None, session_id: str | None) -> int | None:
    """Record the request, take one coin, and return how many are left; None without alice's cookie.

    `site`: where the browser says that the request comes from (`Sec-Fetch-Site`).
    THE HOLE: it does not look at the method, nor at where the request comes from.
    """
    logged_in = session_id == kept["session"]
    kept["last"] = {"method": method, "site": site if site in SITES else None, "cookie": logged_in}
    if not logged_in:
        return None
    kept["coins"] = max(0, kept["coins"] - 1)
    kept["done"] = kept["done"] or site == "cross-site"
    coins: int = kept["coins"]
    return coins
