"""Pages of the lab that show one thing each: what a token tells, its keys, what happens to a session below HTTP."""

from exhibits.keys import keys_blueprint
from exhibits.routes import exhibits_blueprint

__all__ = ["exhibits_blueprint", "keys_blueprint"]
