"""Pages of the lab that show one thing each: what a token tells, and what happens to a session below HTTP."""

from exhibits.routes import exhibits_blueprint

__all__ = ["exhibits_blueprint"]
