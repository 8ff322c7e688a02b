"""`/storage`: one login in seven places, and what a script or another site can do with each."""

from lab.pages.storage.backend import backend_blueprint
from lab.pages.storage.readable import readable_blueprint
from lab.pages.storage.routes import storage_blueprint

__all__ = ["backend_blueprint", "readable_blueprint", "storage_blueprint"]
