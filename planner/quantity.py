"""Numbers that record their formula, so that the code of a formula is also its displayed text."""

import math
from dataclasses import dataclass

SUM, PRODUCT, ATOM = range(3)  # operator precedence of a text, for parentheses


@dataclass(frozen=True)
class Quantity:
    """A value with its formula: `text` in names, `worked` in numbers. `name`: its name in other formulas."""

    value: float
    text: str
    worked: str
    binds: int = ATOM
    name: str = ""

    def __add__(self, other: "Operand") -> "Quantity":
        return _joined(self, "+", quantity(other), SUM, self.value + float(quantity(other).value))

    def __sub__(self, other: "Operand") -> "Quantity":
        other = quantity(other)
        return _joined(self, "−", other, SUM, self.value - other.value)

    def __mul__(self, other: "Operand") -> "Quantity":
        return _joined(self, "×", quantity(other), PRODUCT, self.value * quantity(other).value)

    def __truediv__(self, other: "Operand") -> "Quantity":
        divisor = quantity(other)
        return _joined(self, "÷", divisor, PRODUCT, self.value / divisor.value if divisor.value else math.inf)

    def __radd__(self, other: "Operand") -> "Quantity":
        return quantity(other) + self

    def __rsub__(self, other: "Operand") -> "Quantity":
        return quantity(other) - self

    def __rtruediv__(self, other: "Operand") -> "Quantity":
        return quantity(other) / self

    def called(self, name: str) -> "Quantity":
        """Return it with a name for other formulas. Its text is still its own formula, or its previous name."""
        return Quantity(self.value, self.in_names, self.in_numbers, self.binds, name)

    def rounded_up(self) -> "Quantity":
        """Return it rounded up to an integer."""
        up = math.ceil(self.value) if math.isfinite(self.value) else self.value
        return Quantity(up, f"⌈{self.text}⌉", f"⌈{self.worked}⌉")

    def rounded_down(self) -> "Quantity":
        """Return it rounded down to an integer."""
        down = math.floor(self.value) if math.isfinite(self.value) else self.value
        return Quantity(down, f"⌊{self.text}⌋", f"⌊{self.worked}⌋")

    @property
    def in_names(self) -> str:
        """Return its text in another formula: its name, if it has one."""
        return self.name or self.text

    @property
    def in_numbers(self) -> str:
        return readable(self.value) if self.name else self.worked


Operand = Quantity | float | int


def quantity(value: Operand, name: str = "") -> Quantity:
    """Return a number as a quantity. Formulas show it as `name`, if given."""
    if isinstance(value, Quantity):
        return value
    return Quantity(value, name or readable(value), readable(value), name=name)


def smaller(one: Quantity, other: Quantity) -> Quantity:
    """Return the smaller of two."""
    return _chosen("min", min(one.value, other.value), one, other)


def larger(one: Quantity, other: Quantity) -> Quantity:
    """Return the larger of two."""
    return _chosen("max", max(one.value, other.value), one, other)


def fading(power: Quantity) -> Quantity:
    """Return e to the power of minus `power`."""
    in_names, in_numbers = (_within(power, text, PRODUCT) for text in (power.in_names, power.in_numbers))
    return Quantity(math.exp(-power.value), f"e^(−{in_names})", f"e^(−{in_numbers})")


def noticed(value: float) -> float:
    """Return a number, or 0 if it is below 10^-9 (once in thirty years, for a rate per second)."""
    return value if abs(value) >= 1e-9 else 0


def readable(value: float) -> str:
    """Format a number with at least three significant digits and thousands separators."""
    if not math.isfinite(value):
        return "∞"
    value = noticed(value)
    if abs(value) >= 100 or value == int(value):
        return f"{value:,.0f}"
    if abs(value) >= 0.001:
        return f"{value:.3g}"
    digits, power = f"{value:.2e}".split("e")
    return f"{digits}E{int(power)}"


def _chosen(word: str, value: float, one: Quantity, other: Quantity) -> Quantity:
    in_names, in_numbers = f"{one.in_names}, {other.in_names}", f"{one.in_numbers}, {other.in_numbers}"
    return Quantity(value, f"{word}({in_names})", f"{word}({in_numbers})")


def _joined(left: Quantity, sign: str, right: Quantity, binds: int, value: float) -> Quantity:
    right_binds = binds + (sign in "÷−")  # a ÷ (b × c) is not a ÷ b × c
    text = f"{_within(left, left.in_names, binds)} {sign} {_within(right, right.in_names, right_binds)}"
    worked = f"{_within(left, left.in_numbers, binds)} {sign} {_within(right, right.in_numbers, right_binds)}"
    return Quantity(value, text, worked, binds)


def _within(part: Quantity, text: str, binds: int) -> str:
    return f"({text})" if not part.name and part.binds < binds else text
