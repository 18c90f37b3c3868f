"""What may stand in an edited line: names, constants, operators, and what is put around a part;
and what such a part gives.
"""

import ast
import math
import re
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Environment = Mapping[str, Any]

# Of the largest value, on the batch that is searched; the others must confirm.
CLOSE = {"float64": 1e-9, "float32": 1e-5}
INPUTS = ("X", "W1", "b1", "W2", "b2", "reg", "N", "D", "H", "C")
LARGEST = 4096  # elements of a value in between


def _wraps() -> dict[str, Callable[[Any], Any]]:
    """What may stand around a part, as text with `_` for the part, and as a function."""
    texts = (
        "-_",
        "_.T",
        "2 * _",
        "0.5 * _",
        "_**2",
        "_ / N",
        "_ * N",
        "_ / C",
        "_ * reg",
        "1 - _",
        "1 / _",
        "abs(_)",
        "np.sign(_)",
        "np.exp(_)",
        "np.log(_)",
        "np.sqrt(_)",
        "np.tanh(_)",
        "np.maximum(_, 0)",
        "np.minimum(_, 0)",
        "_ * (1 - _)",
        "(_ > 0)",
        "1 / (1 + np.exp(-_))",
        "_[:-1]",
        "_[1:]",
        "_[::-1]",
        "_[:, :-1]",
        "_[:, 1:]",
        "_[:, ::-1]",
        "_[-1:]",
        "_[:1]",
        "_.sum()",
        "_.mean()",
        "_.max()",
        "_.sum(axis=0, keepdims=True)",
        "_.sum(axis=1, keepdims=True)",
        "_.mean(axis=0, keepdims=True)",
        "_.mean(axis=1, keepdims=True)",
        "_.max(axis=0, keepdims=True)",
        "_.max(axis=1, keepdims=True)",
        "_.sum(axis=0)",
        "_.sum(axis=1)",
        "np.round(_)",
        "np.trunc(_)",
    )
    return {text: eval(f"lambda _, N, C, reg: {text}", {"np": np}) for text in texts}


WRAPS = _wraps()
OPERATORS: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.Div: lambda a, b: a / b,
    ast.MatMult: lambda a, b: a @ b,
    ast.Pow: lambda a, b: (float(a) if isinstance(a, int) else a) ** b,  # no endless integers
}
COMPARISONS: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Gt: lambda a, b: a > b,
    ast.GtE: lambda a, b: a >= b,
    ast.Lt: lambda a, b: a < b,
    ast.LtE: lambda a, b: a <= b,
    ast.Eq: lambda a, b: a == b,
    ast.NotEq: lambda a, b: a != b,
}
FUNCTIONS = ("maximum", "minimum", "exp", "exp2", "expm1", "log", "log10", "log1p", "log2", "tanh")
REDUCTIONS = ("sum", "mean", "max", "min", "prod", "std")
CONSTANTS = (0, 1, 2, 0.5, -1, 3, 0.1, 0.01)


class OutOfTimeError(Exception):
    """The search has used up its seconds."""


def arange(stop: Any) -> Array:
    """np.arange of an edited argument, which may be any number."""
    if not 0 <= stop <= LARGEST:
        raise ValueError(f"stop: expected 0 to {LARGEST}, got {stop}")
    return np.arange(stop)


def tried(function: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
    try:
        value = function(*arguments, **options)
    except (ArithmeticError, TypeError, ValueError, IndexError, AttributeError, MemoryError):
        return None
    return value if np.size(value) <= LARGEST else None


def equal(value: Any, observed: Array, close: float) -> bool:
    if np.shape(value) != observed.shape:
        return False
    array = np.asarray(value, np.float64)
    largest = float(np.max(abs(observed), initial=0))
    return bool((abs(array - observed) <= close * largest).all())


def digits(close: float) -> int:
    """How many of a fitted number's are known, where the values are known so closely."""
    return round(-math.log10(close))


def filled(wrap: str, text: str) -> ast.expr:
    return ast.parse(re.sub(r"\b_\b", lambda _: text, wrap), mode="eval").body
