"""`/planner`: the planner's formulas and simulation, as pages."""

from lab.pages.planner.routes import planner_blueprint

__all__ = ["planner_blueprint"]
