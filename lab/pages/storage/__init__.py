"""`/storage`: one login in five places, and what a script or another site can do with each."""

from lab.pages.storage.routes import storage_blueprint

__all__ = ["storage_blueprint"]
