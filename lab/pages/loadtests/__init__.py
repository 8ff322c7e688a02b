"""`/loadtests`: start a load test, watch it, and read its report."""

from lab.pages.loadtests.routes import loadtests_blueprint

__all__ = ["loadtests_blueprint"]
