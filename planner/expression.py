"""Numbers that record their formula, so that the code of a formula is also its displayed text."""

import math
from dataclasses import dataclass
from decimal import Decimal

SUM, PRODUCT, ATOM = range(3)  # operator precedence of a text, for parentheses


@dataclass(frozen=True)
class Expression:
    """A value with its formula: `text` in names, `worked` in numbers. `name`: its name in other formulas."""

    value: float
    text: str
    worked: str
    binds: int = ATOM
    name: str = ""

    def __add__(self, other: "Operand") -> "Expression":
        return _joined(self, "+", expression(other), SUM, self.value + float(expression(other).value))

    def __sub__(self, other: "Operand") -> "Expression":
        other = expression(other)
        return _joined(self, "−", other, SUM, self.value - other.value)

    def __mul__(self, other: "Operand") -> "Expression":
        return _joined(self, "×", expression(other), PRODUCT, self.value * expression(other).value)

    def __truediv__(self, other: "Operand") -> "Expression":
        divisor = expression(other)
        return _joined(self, "÷", divisor, PRODUCT, self.value / divisor.value if divisor.value else math.inf)

    def __radd__(self, other: "Operand") -> "Expression":
        return expression(other) + self

    def __rsub__(self, other: "Operand") -> "Expression":
        return expression(other) - self

    def __rtruediv__(self, other: "Operand") -> "Expression":
        return expression(other) / self

    def called(self, name: str) -> "Expression":
        """Return it with a name for other formulas. Its text is still its own formula, or its previous name."""
        return Expression(self.value, self.in_names, self.in_numbers, self.binds, name)

    def rounded_up(self) -> "Expression":
        """Return it rounded up to an integer."""
        up = math.ceil(self.value) if math.isfinite(self.value) else self.value
        return Expression(up, f"⌈{self.text}⌉", f"⌈{self.worked}⌉")

    def rounded_down(self) -> "Expression":
        """Return it rounded down to an integer."""
        down = math.floor(self.value) if math.isfinite(self.value) else self.value
        return Expression(down, f"⌊{self.text}⌋", f"⌊{self.worked}⌋")

    @property
    def in_names(self) -> str:
        """Return its text in another formula: its name, if it has one."""
        return self.name or self.text

    @property
    def in_numbers(self) -> str:
        return readable(self.value) if self.name else self.worked


Operand = Expression | float | int


def expression(value: Operand, name: str = "") -> Expression:
    """Return a number as an expression. Formulas show it as `name`, if given."""
    if isinstance(value, Expression):
        return value
    return Expression(value, name or readable(value), readable(value), name=name)


def smaller(one: Expression, other: Expression) -> Expression:
    """Return the smaller of two."""
    return _chosen("min", min(one.value, other.value), one, other)


def larger(one: Expression, other: Expression) -> Expression:
    """Return the larger of two."""
    return _chosen("max", max(one.value, other.value), one, other)


def fading(power: Expression) -> Expression:
    """Return e to the power of minus `power`."""
    in_names, in_numbers = (_within(power, text, PRODUCT) for text in (power.in_names, power.in_numbers))
    return Expression(math.exp(-power.value), f"e^(−{in_names})", f"e^(−{in_numbers})")


def power(base: Expression, exponent: int) -> Expression:
    """Return `base` to the power of a whole number."""
    in_names, in_numbers = (_within(base, text, ATOM) for text in (base.in_names, base.in_numbers))
    return Expression(base.value**exponent, f"{in_names}^{exponent}", f"{in_numbers}^{exponent}")


def noticed(value: float) -> float:
    """Return a number, or 0 if it is below 10^-9 (once in thirty years, for a rate per second)."""
    return value if abs(value) >= 1e-9 else 0


def significant(value: float) -> Decimal:
    """Return a number rounded to three significant digits, with exactly these digits: 0.100 for 0.09999."""
    return Decimal(f"{value:.2e}")


def readable(value: float) -> str:
    """Format a number with at least three significant digits and thousands separators."""
    if not math.isfinite(value):
        return "∞"
    value = noticed(value)
    if abs(value) >= 100 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.3g}" if abs(value) >= 0.001 else f"{significant(value):f}"


def _chosen(word: str, value: float, one: Expression, other: Expression) -> Expression:
    in_names, in_numbers = f"{one.in_names}, {other.in_names}", f"{one.in_numbers}, {other.in_numbers}"
    return Expression(value, f"{word}({in_names})", f"{word}({in_numbers})")


def _joined(left: Expression, sign: str, right: Expression, binds: int, value: float) -> Expression:
    right_binds = binds + (sign in "÷−")  # a ÷ (b × c) is not a ÷ b × c
    text = f"{_within(left, left.in_names, binds)} {sign} {_within(right, right.in_names, right_binds)}"
    worked = f"{_within(left, left.in_numbers, binds)} {sign} {_within(right, right.in_numbers, right_binds)}"
    return Expression(value, text, worked, binds)


def _within(part: Expression, text: str, binds: int) -> str:
    return f"({text})" if not part.name and part.binds < binds else text
