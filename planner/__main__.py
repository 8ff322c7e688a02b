"""`python -m planner plan`."""

from planner.commands import group

if __name__ == "__main__":
    group()(prog_name="python -m planner")
