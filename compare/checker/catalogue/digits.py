"""Values that are cut off: at a limit, at a norm, or after some decimals."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from compare.checker.catalogue.mistake import RATE, Edit, Mistake
from compare.checker.catalogue.pieces import (
    BIASES,
    DATA_LOSS,
    GRADIENT,
    MEAN,
    NORMALISE,
    PENALTY_LOSS,
    SUM,
    WEIGHTS,
    at,
)

Array = npt.NDArray[Any]

LOSS = f"{DATA_LOSS} + {PENALTY_LOSS}"


def largest(values: Array) -> float | None:
    return float(f"{abs(values).max():.9g}") or None


def norm(values: Array) -> float | None:
    return float(f"{np.linalg.norm(values):.9g}") or None


def last_decimal(values: Array) -> float | None:
    """0.001 if no value has more than three decimals, and some of them no fewer."""
    for decimals in range(10):
        if (abs(np.round(values, decimals) - values) <= 1e-15 * abs(values)).all():
            return float(f"1e-{decimals}")
    return None


def around(wrapped: Callable[[str], str]) -> dict[str, tuple[Edit, ...]]:
    """At each quantity of the backward pass the edit that wraps its whole value."""
    return {
        **{q: ((old, wrapped(old)),) for q, old in WHOLE.items()},
        **at(*WEIGHTS, edits=((GRADIENT, wrapped(GRADIENT)),)),
        **at(*BIASES, edits=((SUM, wrapped(SUM)),)),
    }


WHOLE = {"dz2": MEAN, "da1": "dz2 @ W2.T", "dz1": "da1 * (a1 > 0)"}


def clipped(value: str) -> str:
    return f"np.clip({value}, -{RATE}, {RATE})"


def scaled_down(value: str) -> str:
    return f"({value}) * min(1, {RATE} / np.linalg.norm({value}))"


def rounded(value: str) -> str:
    return f"np.round(({value}) / {RATE}) * {RATE}"


ABOUT_DIGITS: tuple[Mistake, ...] = (
    Mistake(
        "value-clipped",
        "what is beyond a limit is clipped",
        "np.clip(d, -c, c), which belongs to the update, if anywhere",
        "shown by large values",
        around(clipped),
        number=largest,
    ),
    Mistake(
        "norm-clipped",
        "scaled down where its norm is beyond a limit",
        "d *= c / np.linalg.norm(d), which belongs to the update, if anywhere",
        "shown by large values",
        around(scaled_down),
        number=norm,
    ),
    Mistake(
        "rounded",
        "rounded, where all digits are needed",
        "np.round(d, 3)",
        "every batch shows it",
        {
            "P": ((NORMALISE, rounded(NORMALISE)),),
            "loss": ((LOSS, rounded(LOSS)),),
            **around(rounded),
        },
        number=last_decimal,
    ),
)
