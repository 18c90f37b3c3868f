"""Arithmetic as it stands on paper: a line of printed numbers, and what they make."""

import math
import re
from collections.abc import Iterable
from fractions import Fraction
from typing import Any, NamedTuple

DECIMALS = 4


class Line(NamedTuple):
    """One number, and how it is made."""

    name: str  # z1[0, 0]
    written: str  # 1 × (-1) + 1 × 1 + 0.5
    value: float  # as it was computed, with all its digits
    remark: str = ""

    @property
    def sign(self) -> str:
        """Between the written numbers and the printed value: = if they make it exactly, ≈ if they
        make it once the result is rounded, ≠ if they make something else.
        """
        made, value = worked_out(self.written), Fraction(printed(self.value))
        if made == value:
            return "="
        return "≈" if rounded(made) == value else "≠"


def printed(value: float) -> str:
    """With 4 decimals; a whole number, a half or a quarter as it is."""
    if (4 * value).is_integer():
        return f"{value + 0.0:.16g}"  # + 0.0 makes 0 of -0.0
    return f"{value:.{DECIMALS}f}"


def rounded(value: Fraction) -> Fraction:
    """To 4 decimals as one does on paper, where a last 5 goes away from 0."""
    units = math.floor(abs(value) * 10**DECIMALS + Fraction(1, 2))
    return Fraction(units if value >= 0 else -units, 10**DECIMALS)


def written(template: str, numbers: Iterable[Any]) -> str:
    """The template with these numbers in the place of each {}; negative ones stand in brackets,
    but for those that open a line or a bracket.
    """
    texts = (printed(float(number)) for number in numbers)
    line = template.format(*(f"({text})" if text.startswith("-") else text for text in texts))
    return re.sub(r"(^|\()\((-[\d.]+)\)(?!²)", r"\1\2", line)


def worked_out(line: str) -> Fraction:
    """What a written line makes; exact, but for exp and log."""
    arithmetic = re.sub(r"\d+(\.\d+)?", r"Fraction('\g<0>')", line)
    arithmetic = arithmetic.replace("×", "*").replace("²", "**2")
    result: Fraction = eval(arithmetic, {"__builtins__": {}, **_FUNCTIONS})
    return result


_FUNCTIONS = {
    "Fraction": Fraction,
    "max": max,
    "exp": lambda x: Fraction(math.exp(x)),
    "log": lambda x: Fraction(math.log(x)),
}
