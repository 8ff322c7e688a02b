"""Numbers as the command line takes them."""

from math import isnan
from typing import Any

import click


class NumberRange(click.FloatRange):
    """A number between two others. `nan` is neither below nor above any, so click's own range lets it through."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the number. Raise `click.BadParameter`."""
        number = super().convert(value, param, ctx)
        if isnan(number):
            self.fail(f"{value} is not in the range {self.min}<=x<={self.max}.", param, ctx)
        return number
