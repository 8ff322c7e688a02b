"""Number types of the command line."""

from math import isnan
from typing import Any

import click

from service.terminal import _


class NumberRange(click.FloatRange):
    """A number in a range. click's own range accepts `nan`, which is neither below nor above any number."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the number. Raise `click.BadParameter`."""
        number = super().convert(value, param, ctx)
        if isnan(number):
            self.fail(
                _("%(value)s is not in the range %(range)s.", value=value, range=f"{self.min}<=x<={self.max}"),
                param,
                ctx,
            )
        return number
