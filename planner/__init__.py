"""How large a lab would have to be: formulas over measured constants, and a simulation held to measured runs."""

from planner.routes import planner_blueprint

__all__ = ["planner_blueprint"]
