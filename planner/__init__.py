"""Capacity planner: formulas over measured constants, and a simulation that is checked against measured runs."""
